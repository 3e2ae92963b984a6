"""A model server for the tests of the process handling: `python tiny_server.py PORT MODE PIDFILE`.

Modes: `well`; `dies` ends at once with a message; `loading` never gets ready; `stubborn` ignores SIGTERM; `family`
has a child of its own; `writes` has one that fills our temporary folder and ignores SIGTERM;
`crashes` ends itself some time after it was ready.
"""

import http.server
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

CHILDREN = {
    "family": "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(600)",
    "writes": """
import glob, itertools, os, signal, tempfile
signal.signal(15, signal.SIG_IGN)
(folder,) = glob.glob(tempfile.gettempdir() + "/agentless-server-*")
for number in itertools.count():
    os.mkdir(f"{folder}/{number}")
""",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers health checks."""

    mode = ""

    def do_GET(self) -> None:
        self.send_response(503 if self.mode == "loading" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def main() -> None:
    """Write down the process ids, then serve."""
    port, mode, pids = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    family = [os.getpid(), os.getppid()]
    if mode in CHILDREN:
        family.append(subprocess.Popen([sys.executable, "-c", CHILDREN[mode]]).pid)
    pids.with_suffix(".new").write_text(" ".join(map(str, family)))
    pids.with_suffix(".new").rename(pids)
    if mode == "dies":
        print("loading weights\nfatal: no such model: tiny", flush=True)
        sys.exit(3)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode == "crashes":
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
    Handler.mode = mode
    print("ready", flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
