import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.errors import SandboxError
from agentless.sandbox.tree import TreeStore, UnsafePathError, command, remove, write_inside


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/x",
        "../x",
        "a/../x",
        ".git/x",
        "a/.git",
        "a\0b",
        "file/x",
        "loop/x",
        "folder",
        "pipe",
        "dangling",
        ".",
    ],
)
def test_unsafe_paths_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsafePathError):
        write_inside(tmp_path, path, "new")
    assert (tmp_path / "file").read_text() == "old"
    assert not (tmp_path / "made").exists()


def test_folders_are_made_and_files_replaced(tmp_path: Path) -> None:
    write_inside(tmp_path, "a/b/c.py", "one")
    write_inside(tmp_path, "a/b/c.py", "é")
    assert (tmp_path / "a/b/c.py").read_bytes() == "é".encode()


def test_a_name_too_long_is_refused_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError, match="too long"):
        write_inside(tmp_path, "x" * 300, "")


@given(path=st.text(alphabet="ab./\\ \0", max_size=12))
def test_whatever_the_path_nothing_is_written_outside(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    outer = tmp_path_factory.mktemp("outer")
    root = outer / "x" / "y" / "root"
    root.mkdir(parents=True)
    try:
        write_inside(root, path, "text")
    except UnsafePathError:
        assert list(root.iterdir()) == [] or "/" in path
    outside = [found for found in outer.rglob("*") if found.is_file() and not found.is_relative_to(root)]
    assert outside == []


def names(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(path.name for path in folder.iterdir())


def export_file(folder: Path) -> None:
    """A snapshot of one file."""
    (folder / "a").write_text("base")


async def test_a_copy_is_the_jobs_own(tmp_path: Path) -> None:
    store = TreeStore(export_file, tmp_path)
    one, two = await asyncio.gather(store.new_job(), store.new_job())
    (one / "tree" / "a").write_text("mine")
    assert (two / "tree" / "a").read_text() == "base"
    assert ((await store.base()) / "a").read_text() == "base"
    assert (one / "tree" / "a").stat().st_ino != (two / "tree" / "a").stat().st_ino
    await store.close()
    assert names(tmp_path) == []


async def test_a_store_that_is_forgotten_cleans_up(tmp_path: Path) -> None:
    store = TreeStore(lambda _: None, tmp_path)
    await store.new_job()
    del store
    assert names(tmp_path) == []


async def test_a_failed_copy_leaves_no_job(tmp_path: Path) -> None:
    store = TreeStore(lambda _: None, tmp_path)
    base = await store.base()
    base.rmdir()
    with pytest.raises(SandboxError, match="cp: "):
        await store.new_job()
    assert names(base.parent) == ["lock"]
    await store.close()


async def test_locked_folders_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("keep")
    folder = tmp_path / "job"
    (folder / "locked" / "inner").mkdir(parents=True)
    (folder / "link").symlink_to(precious)
    (folder / "locked").chmod(0)
    await remove(folder)
    assert not folder.exists()
    assert (precious / "file").read_text() == "keep"


async def test_a_failed_tool_says_why() -> None:
    with pytest.raises(SandboxError, match=r"^ls: "):
        await command("ls", "/no/such/folder")


def test_written_files_are_readable_whatever_our_umask(tmp_path: Path, private_umask: None) -> None:
    (tmp_path / "run.sh").write_text("old")
    (tmp_path / "run.sh").chmod(0o700)
    (tmp_path / "own").mkdir()
    for path in ("run.sh", "own/a/b.py"):
        write_inside(tmp_path, path, "new")
    modes = {str(p.relative_to(tmp_path)): p.stat().st_mode & 0o777 for p in tmp_path.rglob("*")}
    assert modes == {"run.sh": 0o744, "own": 0o700, "own/a": 0o755, "own/a/b.py": 0o644}


async def test_a_closed_store_exports_nothing(tmp_path: Path) -> None:
    store = TreeStore(export_file, tmp_path)
    exporting = asyncio.create_task(store.base())
    await asyncio.sleep(0)
    await store.close()
    await exporting
    with pytest.raises(SandboxError, match="closed"):
        await store.new_job()
    await store.close()
    assert names(tmp_path) == []
