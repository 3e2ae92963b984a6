"""Runs one command and ends it, with everything it started, when the parent process is gone.

`python -P -m agentless.llm.guard PARENT_PID FOLDER COMMAND...`: a model server must not outlive the run that
started it, whether that run ends well, is interrupted, or is killed with SIGKILL. Linux tells a child that its
parent has died (PR_SET_PDEATHSIG, prctl(2)); elsewhere the parent's id is polled. The guard leads its own process
group, and the group is ended as a whole: SIGTERM, a few seconds of grace, SIGKILL. FOLDER ("" for none) is the
server's temporary folder (`scratch`); it goes too when the parent is not there to remove it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from agentless.llm.scratch import PREFIX
from agentless.owned import owner_of, remove

PR_SET_PDEATHSIG = 1
POLL_S = 0.1
GRACE_S = 3.0
"""Seconds between SIGTERM and SIGKILL."""
KILLED_S = 2.0
"""How long processes may take to be gone after SIGKILL."""


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent dies; does nothing where there is no prctl."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, number.value, 0, 0, 0)


def end_group(child: subprocess.Popen[bytes], parent: int, folder: str) -> None:
    """SIGTERM to the whole group, grace, then SIGKILL to what is left of it, this process included."""
    os.killpg(0, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_S)
    if os.getppid() != parent:
        kill_others()  # first: they write into the folder
        remove_folder(folder)
    os.killpg(0, signal.SIGKILL)


def end_orphans() -> None:
    """What a server that died has left behind in the group, engines with a GPU's memory among them, ends too.

    This process ignores SIGTERM by now.
    """
    os.killpg(0, signal.SIGTERM)
    wait_for_others(GRACE_S)
    kill_others()


def kill_others() -> None:
    """SIGKILL to every other process of the group; returns when they are gone."""
    for pid in others():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for_others(KILLED_S)


def wait_for_others(seconds: float) -> None:
    """Return when no other process of the group lives, or after so many seconds."""
    until = time.monotonic() + seconds
    while others() and time.monotonic() < until:
        time.sleep(POLL_S)


def others() -> list[int]:
    """Living processes of this group, without this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            state, _, group = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:3]
            if int(group) == os.getpgrp() and state not in "ZX":
                found.append(int(entry.name))
    return found


def remove_folder(folder: str) -> None:
    """Remove the folder of a parent that is gone, when it is one of ours."""
    if owner_of(Path(folder), PREFIX):
        remove(Path(folder))


def main(argv: list[str]) -> int:
    """Guard the command `argv[2:]` for the parent `argv[0]` with the folder `argv[1]`; returns its exit code."""
    parent, folder, command = int(argv[0]), argv[1], argv[2:]
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: asked.append(received))
    die_with_parent(signal.SIGTERM)
    # preexec_fn is safe here: this process has one thread
    child = subprocess.Popen(command, preexec_fn=lambda: die_with_parent(signal.SIGKILL))
    while child.poll() is None:
        if asked or os.getppid() != parent:
            end_group(child, parent, folder)
        time.sleep(POLL_S)
    end_orphans()
    if os.getppid() != parent:
        remove_folder(folder)
    return child.returncode


if __name__ == "__main__":
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
    sys.exit(main(sys.argv[1:]))
