import os
from pathlib import Path

import pytest

from agentless.errors import InfrastructureError
from agentless.repo import RepoSnapshot
from tests.conftest import git, make_repo


def export(repo: Path, target: Path, commit: str = "HEAD") -> Path:
    target.mkdir()
    with RepoSnapshot.open(repo, commit) as snapshot:
        snapshot.export(target)
    return target


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_every_file_is_written_with_its_bytes_and_no_git_folder(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.py": "x\n", "d/e/f.py": "y", "crlf": b"1\r\n2\r\n", "bin": bytes(range(256)), "empty": "",
        "\u00fcml\u00e4ut/\u4f60 \u597d.py": "z", "big": b"x" * 3_000_000,
    }  # fmt: skip
    out = export(make_repo(tmp_path / "repo", files), tmp_path / "out")
    expected = {path: data if isinstance(data, bytes) else data.encode() for path, data in files.items()}
    assert contents(out) == expected
    assert not (out / ".git").exists()


def test_attributes_change_nothing(tmp_path: Path) -> None:
    attributes = (
        "* text eol=crlf\n*.py ident export-subst\nsecret.txt export-ignore\n*.u working-tree-encoding=UTF-16\n"
    )
    files = {".gitattributes": attributes, "a.py": "# $Id$ $Format:%H$\n", "secret.txt": "s\n", "t.u": "hi\n"}
    repo = make_repo(tmp_path / "repo", {})
    for name, text in files.items():
        sha = git(repo, "hash-object", "-w", "--no-filters", str(write(tmp_path / "blob", text))).strip()
        git(repo, "update-index", "--add", "--cacheinfo", f"100644,{sha},{name}")
    git(repo, "commit", "-q", "-m", "attributes")
    assert contents(export(repo, tmp_path / "out")) == {name: text.encode() for name, text in files.items()}


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_modes_follow_the_tree_and_the_umask(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"run.sh": "#!/bin/sh\n", "a.py": ""})
    git(repo, "update-index", "--chmod=+x", "run.sh")
    git(repo, "commit", "-q", "-m", "mode")
    before = os.umask(0o022)
    try:
        out = export(repo, tmp_path / "out")
    finally:
        os.umask(before)
    assert (out / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (out / "a.py").stat().st_mode & 0o777 == 0o644


def test_links_are_written_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("untouched")
    repo = make_repo(tmp_path / "repo", {"real/a.py": "a\n"})
    for name, target in [
        ("inside", "real/a.py"), ("dir", "real"), ("up", "../outside.txt"), ("abs", str(outside)),
        ("loop", "loop"),
        ("dangling", "nowhere/at all"), ("real/\u00fcber", "../\u00e4"),
    ]:  # fmt: skip
        (repo / name).symlink_to(target)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "links")
    out = export(repo, tmp_path / "out")
    assert str((out / "inside").readlink()) == "real/a.py"
    assert str((out / "up").readlink()) == "../outside.txt"
    assert str((out / "abs").readlink()) == str(outside)
    assert str((out / "loop").readlink()) == "loop"
    assert str((out / "dangling").readlink()) == "nowhere/at all"
    assert str((out / "real" / "\u00fcber").readlink()) == "../\u00e4"
    assert outside.read_text() == "untouched"


def test_a_submodule_is_an_empty_folder(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": ""})
    head = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{head},deep/sub")
    git(repo, "commit", "-q", "-m", "sub")
    assert list((export(repo, tmp_path / "out") / "deep" / "sub").iterdir()) == []


def test_a_dirty_work_tree_is_exported_as_it_lies(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "a\n", "b.py": "b\n"})
    (repo / "a.py").write_text("changed\n")
    (repo / "b.py").unlink()
    (repo / "c.py").write_text("new\n")
    assert contents(export(repo, tmp_path / "out", "")) == {"a.py": b"changed\n", "c.py": b"new\n"}


@pytest.mark.parametrize("case", ["missing", "not empty", "a file"])
def test_the_target_is_an_empty_folder(tmp_path: Path, case: str) -> None:
    target = tmp_path / "target"
    if case == "not empty":
        target.mkdir()
        (target / "x").write_text("mine")
    elif case == "a file":
        target.write_text("mine")
    repo = make_repo(tmp_path / "repo", {"x": "theirs"})
    with RepoSnapshot.open(repo, "HEAD") as snapshot, pytest.raises(InfrastructureError):
        snapshot.export(target)
    if case == "not empty":
        assert (target / "x").read_text() == "mine"


def test_an_exported_tree_is_the_tree(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "a\n", "d/b.bin": b"\x00\xff", "d/c": ""})
    (repo / "link").symlink_to("d/b.bin")
    (repo / "a.py").chmod(0o755)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "more")
    out = export(repo, tmp_path / "out")
    git(out, "init", "-q")
    git(out, "add", "-A")
    assert git(out, "write-tree") == git(repo, "rev-parse", "HEAD^{tree}")
