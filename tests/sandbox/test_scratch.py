import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.errors import SandboxError
from agentless.sandbox import scratch
from agentless.sandbox.scratch import delete, discard, has_room, new_folder, places, sweep
from agentless.sandbox.tree import TreeStore


def test_the_given_folder_is_made_and_is_the_only_place(tmp_path: Path) -> None:
    assert places(tmp_path / "a" / "b") == [tmp_path / "a" / "b"]
    assert (tmp_path / "a" / "b").is_dir()


def test_memory_comes_first_where_there_is_plenty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "FREE_IN_MEMORY_MB", 1)
    monkeypatch.setattr(scratch, "AVAILABLE_MB", 1)
    assert places(None)[0] == tmp_path
    assert len(places(None)) == 2


@pytest.mark.parametrize("limit", ["FREE_IN_MEMORY_MB", "AVAILABLE_MB"])
def test_scarce_memory_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str) -> None:
    monkeypatch.setattr(scratch, limit, 1 << 40)
    assert not has_room(tmp_path)
    assert not has_room(tmp_path / "missing")


def test_a_temporary_folder_of_the_users_choice_is_obeyed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(scratch, "MEMORY", tmp_path / "shm")
    assert scratch.MEMORY not in places(None)


def test_a_folder_in_use_is_not_swept_and_a_left_one_is(tmp_path: Path) -> None:
    used, lock = new_folder(tmp_path)
    code = "import os, pathlib, sys\nfrom agentless.sandbox.scratch import new_folder\n"
    code += "new_folder(pathlib.Path(sys.argv[1]))\nos._exit(9)\n"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [used]
    discard(used, lock)
    assert list(tmp_path.iterdir()) == []


def nest(folder: Path, depth: int) -> None:
    """Folders in folders, deeper than Python can recurse or a path can name."""
    code = "import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(int(sys.argv[2])):\n    os.mkdir('d' * 20)\n"
    code += "    os.chdir('d' * 20)\n"
    subprocess.run([sys.executable, "-c", code, str(folder), str(depth)], check=True)


def test_folders_nested_without_end_do_not_stop_later_runs(tmp_path: Path) -> None:
    left, lock = new_folder(tmp_path)
    nest(left, 3000)
    os.close(lock)
    again, lock = new_folder(tmp_path)
    assert list(tmp_path.iterdir()) == [again]
    nest(again, 3000)
    discard(again, lock)
    assert list(tmp_path.iterdir()) == []


def test_locked_folders_are_deleted_and_links_are_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o500)
    (tmp_path / "left" / "locked" / "inner").mkdir(parents=True)
    (tmp_path / "left" / "link").symlink_to(precious)
    (tmp_path / "left" / "locked").chmod(0)
    (tmp_path / "alias").symlink_to(precious)
    delete(tmp_path / "left")
    delete(tmp_path / "alias")
    delete(tmp_path / "missing")
    assert not (tmp_path / "left").exists()
    assert precious.stat().st_mode & 0o777 == 0o500


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "agentless-tree-notes").mkdir()
    (tmp_path / "agentless-tree-link").mkdir()
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "agentless-tree-link" / "lock").symlink_to(tmp_path / "precious")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "agentless-tree-link",
        "agentless-tree-notes",
        "precious",
    ]


def test_a_folder_is_private(tmp_path: Path) -> None:
    folder, lock = new_folder(tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not os.get_inheritable(lock)
    discard(folder, lock)


def test_the_export_goes_elsewhere_when_memory_is_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    monkeypatch.setattr("agentless.sandbox.tree.places", lambda _: [small, large])

    def export(folder: Path) -> None:
        if folder.is_relative_to(small):
            raise OSError(28, "No space left on device")
        (folder / "a").write_text("x")

    folder, lock = TreeStore(export).export_once()
    assert folder.parent == large
    assert list(small.iterdir()) == []
    discard(folder, lock)


def test_nowhere_to_write_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="set TMPDIR"):
        TreeStore(lambda _: None, tmp_path / "file").export_once()
