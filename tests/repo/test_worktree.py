import os
import subprocess
from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo import RepoSnapshot
from agentless.repo.plumbing import Git
from agentless.repo.worktree import hash_files, quoted
from tests.conftest import git, make_repo
from tests.repo.conftest import FILES, everything, texts


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", FILES)


def make_dirty(repo: Path) -> None:
    """One of each: staged, changed, changed after staging, deleted, untracked, ignored, stashed."""
    (repo / "b.py").write_text("stashed = 1\n")
    git(repo, "stash", "-q")
    (repo / "a.py").write_text("changed = 1\n")
    (repo / "pkg" / "c.py").unlink()
    (repo / "pkg" / "d.py").write_text("staged = 1\n")
    git(repo, "add", "pkg/d.py")
    (repo / "pkg" / "d.py").write_text("after staging = 1\n")
    (repo / "new").mkdir()
    (repo / "new" / "e.py").write_text("untracked = 1\n")
    (repo / "x.log").write_text("ignored\n")
    (repo / "build").mkdir()
    (repo / "build" / "f.py").write_text("ignored\n")


def test_a_clean_work_tree_is_its_commit(repo: Path) -> None:
    with RepoSnapshot.open(repo) as dirty, RepoSnapshot.open(repo, "HEAD") as clean:
        assert (dirty.tree_id, dirty.commit_id) == (clean.tree_id, clean.commit_id)
        assert dict(dirty.entries) == dict(clean.entries)


def test_a_dirty_work_tree_is_seen_as_it_lies(repo: Path) -> None:
    make_dirty(repo)
    assert texts(repo) == {
        ".gitignore": FILES[".gitignore"],
        "a.py": "changed = 1\n",
        "b.py": "y = 2\n",
        "new/e.py": "untracked = 1\n",
        "pkg/d.py": "after staging = 1\n",
    }


def test_the_repository_and_the_files_stay_byte_for_byte(repo: Path) -> None:
    make_dirty(repo)
    before = everything(repo)
    with RepoSnapshot.open(repo) as snapshot:
        snapshot.texts(snapshot.paths())
        assert everything(repo) == before
    assert everything(repo) == before
    assert git(repo, "stash", "list").count("\n") == 1
    assert ".git/objects" not in git(repo, "status", "--porcelain")


def test_no_object_reaches_the_users_store(repo: Path) -> None:
    (repo / "a.py").write_text("only on disk\n")
    with RepoSnapshot.open(repo) as snapshot:
        sha = snapshot.entries["a.py"].sha
        found = subprocess.run(["git", "cat-file", "-e", sha], cwd=repo, check=False, capture_output=True)
        assert found.returncode != 0
        assert snapshot.read("a.py") == b"only on disk\n"


def test_the_temporary_store_goes_with_the_snapshot(repo: Path) -> None:
    snapshot = RepoSnapshot.open(repo)
    assert snapshot.store is not None
    folder = snapshot.store.folder
    assert folder.exists()
    snapshot.close()
    assert not folder.exists()
    forgotten = RepoSnapshot.open(repo)
    assert forgotten.store is not None
    folder = forgotten.store.folder
    del forgotten
    assert not folder.exists()


def test_a_snapshot_keeps_what_the_user_changes_later(repo: Path) -> None:
    (repo / "a.py").write_text("first\n")
    with RepoSnapshot.open(repo) as snapshot:
        (repo / "a.py").write_text("second\n")
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "more")
        assert snapshot.text("a.py") == "first\n"


def test_equal_content_has_an_equal_tree(repo: Path) -> None:
    (repo / "a.py").write_text("same\n")
    with RepoSnapshot.open(repo) as dirty:
        tree = dirty.tree_id
    git(repo, "commit", "-q", "-a", "-m", "same")
    assert git(repo, "rev-parse", "HEAD^{tree}").strip() == tree


def test_modes_links_and_kinds_that_change(repo: Path) -> None:
    (repo / "a.py").chmod(0o755)
    (repo / "b.py").unlink()
    (repo / "b.py").symlink_to("a.py")
    (repo / "link").symlink_to("../outside")
    (repo / "pkg" / "c.py").unlink()
    (repo / "pkg" / "c.py").mkdir()
    (repo / "pkg" / "c.py" / "inner.py").write_text("1\n")
    with RepoSnapshot.open(repo) as snapshot:
        modes = {path: entry.mode for path, entry in snapshot.entries.items()}
        assert modes["a.py"] == "100755"
        assert modes["b.py"] == "120000"
        assert modes["link"] == "120000"
        assert snapshot.read("link") == b"../outside"
        assert "pkg/c.py" not in modes
        assert modes["pkg/c.py/inner.py"] == "100644"


def test_a_folder_that_became_a_link_hides_what_was_in_it(repo: Path, tmp_path: Path) -> None:
    (repo / "pkg").rename(tmp_path / "moved")
    (repo / "pkg").symlink_to(tmp_path / "moved")
    with RepoSnapshot.open(repo) as snapshot:
        assert snapshot.entries["pkg"].mode == "120000"
        assert not [path for path in snapshot.entries if path.startswith("pkg/")]


def test_pipes_are_left_out_and_nothing_waits_for_them(repo: Path) -> None:
    os.mkfifo(repo / "pipe")
    (repo / "a.py").unlink()
    os.mkfifo(repo / "a.py")
    with RepoSnapshot.open(repo) as snapshot:
        assert "pipe" not in snapshot.entries
        assert "a.py" not in snapshot.entries


def test_odd_names_are_recorded(repo: Path) -> None:
    names = [
        'quo"te.py',
        "back\\slash.py",
        "new\nline.py",
        "tab\t.py",
        "\u00fcml\u00e4ut \u4f60.py",
        " lead",
        "-dash",
        "#h",
    ]
    for name in names:
        (repo / name).write_text(name)
    (repo / os.fsdecode(b"\xff\xfe.py")).write_text("bytes")
    with RepoSnapshot.open(repo) as snapshot:
        for name in names:
            assert snapshot.read(name) == name.encode()
        assert snapshot.read(os.fsdecode(b"\xff\xfe.py")) == b"bytes"


def test_bytes_are_those_on_disk_whatever_the_attributes_say(repo: Path) -> None:
    (repo / ".gitattributes").write_text("*.py text eol=lf\n*.u16 working-tree-encoding=UTF-16\n")
    (repo / "a.py").write_bytes(b"crlf = 1\r\n")
    (repo / "w.u16").write_bytes("hi".encode("utf-16"))
    with RepoSnapshot.open(repo) as snapshot:
        assert snapshot.read("a.py") == b"crlf = 1\r\n"
        assert snapshot.read("w.u16") == "hi".encode("utf-16")


def test_a_merge_in_conflict_shows_what_lies_on_disk(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "side")
    (repo / "a.py").write_text("side\n")
    git(repo, "commit", "-q", "-a", "-m", "side")
    git(repo, "checkout", "-q", "main")
    (repo / "a.py").write_text("main\n")
    git(repo, "commit", "-q", "-a", "-m", "main")
    subprocess.run(["git", "merge", "side"], cwd=repo, check=False, capture_output=True)
    before = everything(repo)
    assert "<<<<<<<" in texts(repo)["a.py"]
    assert everything(repo) == before


def test_an_intent_to_add_is_added(repo: Path) -> None:
    (repo / "n.py").write_text("n\n")
    git(repo, "add", "-N", "n.py")
    assert texts(repo)["n.py"] == "n\n"


def test_submodules_stay_and_other_repositories_are_left_out(repo: Path, tmp_path: Path) -> None:
    inner = make_repo(tmp_path / "inner", {"i.py": "i\n"})
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    git(repo, "commit", "-q", "-m", "sub")
    recorded = git(repo, "rev-parse", "HEAD:sub").strip()
    (repo / "sub" / "i.py").write_text("dirty\n")
    git(repo / "sub", "commit", "-q", "-a", "-m", "moved on")
    make_repo(repo / "nested", {"n.py": "n\n"})
    with RepoSnapshot.open(repo) as snapshot:
        assert (snapshot.entries["sub"].mode, snapshot.entries["sub"].sha) == ("160000", recorded)
        assert not [path for path in snapshot.entries if path.startswith(("nested", "sub/"))]


def test_a_file_that_cannot_be_read_is_named(repo: Path) -> None:
    with pytest.raises(RepositoryError, match=r"cannot be read \(could not open .*gone.py.* ignore it"):
        hash_files(Git(repo), repo, ["a.py", "gone.py"])


def test_a_store_with_a_colon_in_its_path(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / 'co:lon "quoted"', {"a.py": "a\n", "b.py": "b\n"})
    (repo / "a.py").write_text("new\n")
    assert texts(repo) == {"a.py": "new\n", "b.py": "b\n"}


@pytest.mark.parametrize(
    ("path", "expected"), [("a", '"a"'), ('a"b', '"a\\"b"'), ("a\\b", '"a\\\\b"'), ("a\nb\tc\r", '"a\\nb\\tc\\r"')]
)
def test_quoted(path: str, expected: str) -> None:
    assert quoted(path) == expected
