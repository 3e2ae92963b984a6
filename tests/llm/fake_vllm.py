#!/usr/bin/env python3
"""A program that takes vLLM's command line and serves what it says, without a model.

`/v1/models` reports `--max-model-len`, or $FAKE_MAX_MODEL_LEN, to whoever sends the key $FAKE_KEY, where one is
set. Like the original it leaves a socket in
$VLLM_RPC_BASE_PATH and a file in $TMPDIR. It crashes $FAKE_CRASH_S seconds after its first
start, marked by the file $FAKE_CRASHED.
"""

import json
import os
import socket
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from uuid import uuid4


class Handler(BaseHTTPRequestHandler):
    """Answers health checks, the list of models, and completions."""

    model = ""
    context = 0

    def do_GET(self) -> None:
        key = os.environ.get("FAKE_KEY")
        if key and self.path != "/health" and self.headers.get("Authorization") != f"Bearer {key}":
            self.give({}, 401)
            return
        listed = {"data": [{"id": self.model, "owned_by": "vllm", "max_model_len": self.context}]}
        self.give(listed if self.path == "/v1/models" else {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        choice = {"index": 0, "text": "<think>\nhm\n</think>\nanswer", "finish_reason": "stop"}
        self.give({"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 3}})

    def give(self, payload: object, status: int = 200) -> None:
        """A JSON answer."""
        data = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def leave_files() -> None:
    """What vLLM never removes: a ZeroMQ socket, and the meeting place of its processes."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{os.environ['VLLM_RPC_BASE_PATH']}/{uuid4()}")
    (Path(tempfile.gettempdir()) / f"vllm_dist_{uuid4().hex}").touch()


def main(arguments: list[str]) -> None:
    """Serve."""
    options = dict(pairwise(arguments))
    Handler.model = options["--served-model-name"]
    Handler.context = int(os.environ.get("FAKE_MAX_MODEL_LEN") or options["--max-model-len"])
    print("INFO fake engine, arguments:", *arguments, flush=True)
    leave_files()
    crashed = Path(os.environ.get("FAKE_CRASHED", "/nonexistent/mark"))
    if crashed.parent.is_dir() and not crashed.exists():
        crashed.touch()
        threading.Timer(float(os.environ["FAKE_CRASH_S"]), os._exit, (9,)).start()
    ThreadingHTTPServer((options["--host"], int(options["--port"])), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
