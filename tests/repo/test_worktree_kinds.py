"""Work trees of every kind that git knows: linked, sparse, with any index and any object format."""

from pathlib import Path

import pytest

from agentless.repo import RepoSnapshot
from tests.conftest import git, make_repo
from tests.repo.conftest import FILES, everything, texts


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", FILES)


def test_a_linked_worktree_has_its_own_files(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", "-b", "side", str(linked))
    (linked / "a.py").write_text("linked\n")
    before = everything(repo)
    assert texts(linked)["a.py"] == "linked\n"
    assert texts(repo)["a.py"] == "x = 1\n"
    assert everything(repo) == before


@pytest.mark.parametrize("setting", ["core.splitIndex=true", "core.untrackedCache=true", "index.version=4"])
def test_every_kind_of_index_is_read_and_left_alone(repo: Path, setting: str) -> None:
    key, value = setting.split("=")
    git(repo, "config", key, value)
    git(repo, "update-index", "--force-write-index")
    (repo / "a.py").write_text("changed\n")
    before = everything(repo)
    assert texts(repo)["a.py"] == "changed\n"
    assert everything(repo) == before


def test_a_sparse_checkout_keeps_what_is_not_on_disk(repo: Path) -> None:
    git(repo, "sparse-checkout", "set", "--no-cone", "/a.py")
    assert not (repo / "pkg").exists()
    assert texts(repo)["pkg/c.py"] == "z = 3\n"


def test_a_sparse_index_too(repo: Path) -> None:
    git(repo, "sparse-checkout", "set", "--cone", "--sparse-index", "new")
    before = everything(repo)
    assert texts(repo) == FILES
    (repo / "a.py").write_text("changed\n")
    assert texts(repo) == {**FILES, "a.py": "changed\n"}
    (repo / "a.py").write_text(FILES["a.py"])
    assert {path: data for path, (_, _, data) in everything(repo).items()} == {
        path: data for path, (_, _, data) in before.items()
    }


def test_without_execute_bits_the_index_decides(repo: Path) -> None:
    git(repo, "update-index", "--chmod=+x", "b.py")
    git(repo, "config", "core.fileMode", "false")
    (repo / "b.py").write_text("changed\n")
    (repo / "a.py").write_text("changed\n")
    (repo / "a.py").chmod(0o755)
    with RepoSnapshot.open(repo) as snapshot:
        assert snapshot.entries["b.py"].mode == "100755"
        assert snapshot.entries["a.py"].mode == "100644"


def test_a_repository_with_sha256_ids(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "wide")
    repo = tmp_path / "wide"
    (repo / "a.py").write_text("a\n")
    (repo / "b.py").write_text("b\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "start")
    (repo / "a.py").unlink()
    (repo / "b.py").write_text("new\n")
    assert texts(repo) == {"b.py": "new\n"}
