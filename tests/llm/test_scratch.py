"""The temporary folder of a server: gone at the end, swept after a kill."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agentless.llm.scratch import LONGEST_SOCKET, PREFIX, place_for, server_folder
from agentless.owned import OWNER, owner_of, sweep
from agentless.owners import owner


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def dead() -> str:
    """The name of a process that has ended."""
    code = "from agentless.owners import owner; print(owner())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def made(place: Path, name: str, owner_text: str | None) -> Path:
    """A folder as a killed process leaves it."""
    folder = place / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "socket").touch()
    if owner_text is not None:
        (folder / OWNER).write_text(owner_text)
    return folder


def test_it_is_private_names_us_and_goes_with_all_that_is_in_it(place: Path) -> None:
    with server_folder() as folder:
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
        assert owner_of(folder, PREFIX) == owner()
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
    assert list(place.iterdir()) == []


def test_it_goes_when_the_block_fails(place: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"), server_folder():
        raise RuntimeError("mine")
    assert list(place.iterdir()) == []


def test_a_start_removes_what_the_dead_left_and_nothing_of_the_living(place: Path, dead: str) -> None:
    left, living = made(place, f"{PREFIX}dead", dead), made(place, f"{PREFIX}living", owner())
    with server_folder() as folder:
        assert not left.exists()
        assert (living / "deep" / "socket").exists()
        sweep(place, PREFIX)
        assert folder.exists()


def test_a_killed_process_is_swept(place: Path) -> None:
    code = (
        "import os; from agentless.llm.scratch import server_folder\n"
        "with server_folder() as folder: print(folder, flush=True); os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "TMPDIR": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == -9
    assert Path(done.stdout.strip()).is_dir()
    sweep(place, PREFIX)
    assert list(place.iterdir()) == []


def test_a_socket_fits_below_it_also_where_the_temporary_folder_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()
    for place in (long, Path("/var/tmp")):
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        with server_folder(room=37) as folder:
            assert len(os.fsencode(folder)) + 37 <= LONGEST_SOCKET
            assert (folder.parent == place) == (place != long)
        assert place_for(0) == place
