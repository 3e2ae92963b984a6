import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentless.llm.guard import die_with_parent, remove_folder
from agentless.owned import OWNER
from agentless.owners import owner

GUARD = [sys.executable, "-P", "-m", "agentless.llm.guard"]
IGNORES_SIGTERM = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid())
time.sleep(600)
"""


def guarded(code: str, parent: int | None = None, folder: Path | str = "") -> subprocess.Popen[str]:
    """A guard of a Python program, in a group of its own."""
    return subprocess.Popen(
        [*GUARD, str(os.getpid() if parent is None else parent), str(folder), sys.executable, "-u", "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("code", [0, 3, 200])
def test_the_exit_code_is_that_of_the_command(code: int) -> None:
    with guarded(f"raise SystemExit({code})") as guard:
        assert guard.wait(20) == code


def test_a_command_killed_by_a_signal_is_not_a_success() -> None:
    with guarded("import os; os.kill(os.getpid(), 9)") as guard:
        assert guard.wait(20) != 0


def test_what_the_command_leaves_behind_is_ended() -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    with guarded(code) as guard:
        assert guard.stdout is not None
        left = int(guard.stdout.readline())
        assert guard.wait(20) == 0
    assert ended(left)


def test_a_parent_that_is_gone_already_is_seen() -> None:
    """It may die between the start of the guard and its call of prctl."""
    with guarded("import time; time.sleep(600)", parent=1) as guard:
        assert guard.wait(20) != 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "agentless-server-x"
    made.mkdir()
    (made / "server.log").write_text("loading")
    (made / OWNER).write_text(owner())
    return made


@pytest.mark.parametrize("code", ["import time; time.sleep(600)", "pass"])
def test_the_folder_of_a_parent_that_is_gone_is_removed(folder: Path, code: str) -> None:
    with guarded(code, parent=1, folder=folder) as guard:
        guard.wait(20)
    assert not folder.exists()


def test_the_folder_of_a_living_parent_stays(folder: Path) -> None:
    with guarded("pass", folder=folder) as guard:
        assert guard.wait(20) == 0
    with guarded("import time; print(1, flush=True); time.sleep(600)", folder=folder) as guard:
        assert guard.stdout is not None
        guard.stdout.readline()
        guard.terminate()
        guard.wait(20)
    assert (folder / "server.log").read_text() == "loading"


def test_only_our_own_folder_is_removed(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "mine"
    other.mkdir()
    (other / "server.log").write_text("keep")
    link = tmp_path / "agentless-server-link"
    link.symlink_to(other)
    for path in (str(other), str(link), "", str(tmp_path / "agentless-server-gone")):
        remove_folder(path)
    assert (other / "server.log").exists()
    (folder / OWNER).unlink()
    remove_folder(str(folder))
    assert (folder / "server.log").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_command_even_when_it_ignores_them(number: signal.Signals) -> None:
    with guarded(IGNORES_SIGTERM) as guard:
        assert guard.stdout is not None
        command = int(guard.stdout.readline())
        began = time.monotonic()
        guard.send_signal(number)
        guard.wait(20)
        assert time.monotonic() - began > 1.0  # it was given time first
    assert ended(command)


def ended(pid: int) -> bool:
    """Whether a process is gone or a zombie, soon."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_die_with_parent_may_be_called_anywhere() -> None:
    code = "import signal; from agentless.llm.guard import die_with_parent; die_with_parent(signal.SIGKILL)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert callable(die_with_parent)
