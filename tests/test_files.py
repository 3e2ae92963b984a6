import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agentless.errors import StoreError
from agentless.files import TEMPORARY, make_folder, sweep, write_whole
from tests.store.faults import DISK, Killed, full


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_replaces_and_leaves_no_other_file(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_whole(target, b"one")
    write_whole(target, b"two")
    assert target.read_bytes() == b"two"
    assert names(tmp_path) == ["a.json"]


def test_makes_missing_folders(tmp_path: Path) -> None:
    write_whole(tmp_path / "x" / "y" / "a", b"1")
    assert (tmp_path / "x" / "y" / "a").read_bytes() == b"1"
    make_folder(tmp_path / "x" / "y")


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"1")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"}
    assert len(modes) == 1


def operations(folder: Path) -> int:
    with DISK.failing(folder, -1, None):
        write_whole(folder / "new" / "a", b"new")
    return DISK.seen


def test_a_full_disk_at_any_step_leaves_the_old_content_or_the_new(tmp_path: Path) -> None:
    steps = operations(tmp_path / "count")
    assert steps >= 4
    for at in range(1, steps + 1):
        folder = tmp_path / f"full{at}"
        write_whole(folder / "a", b"old")
        with pytest.raises(StoreError) as caught, DISK.failing(folder, at, full()):
            write_whole(folder / "a", b"new")
            write_whole(folder / "more" / "b", b"new")
        assert "No space left on device" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert (folder / "a").read_bytes() in (b"old", b"new")
        assert not list(folder.rglob(f"{TEMPORARY}*"))


def test_an_interrupt_leaves_the_old_content(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    with pytest.raises(Killed), DISK.failing(tmp_path, 2, Killed()):
        write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_write_that_ends_early_leaves_the_old_content(tmp_path: Path) -> None:
    """A real limit on the file's size: the write itself fails half way, as on a full disk."""
    code = (
        "import resource, sys; from pathlib import Path; from agentless.files import write_whole\n"
        "from agentless.errors import StoreError\n"
        "path = Path(sys.argv[1]); write_whole(path, b'old')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_whole(path, b'x' * 100_000)\n"
        "except StoreError as error: print(error)\n"
    )
    target = tmp_path / "a"
    done = subprocess.run([sys.executable, "-c", code, target], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"could not write {target}: File too large")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_missing_right_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="free some space or name another folder"):
        write_whole(tmp_path / "file" / "a", b"1")


def test_many_writers_of_one_file_leave_one_whole_content(tmp_path: Path) -> None:
    contents = [bytes([65 + number]) * 50_000 for number in range(8)]
    threads = [threading.Thread(target=write_whole, args=(tmp_path / "a", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_bytes() in contents
    assert names(tmp_path) == ["a"]


def test_sweep_takes_only_what_killed_writers_left(tmp_path: Path) -> None:
    for name in (f"{TEMPORARY}1", "keep", f"instances/a/{TEMPORARY}2", "instances/a/1-localization.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    sweep([tmp_path, *tmp_path.glob("instances/*"), tmp_path / "none"])
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["instances/a/1-localization.json", "keep"]
