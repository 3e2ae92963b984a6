import subprocess
from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.apply import apply_to_worktree, worktree_of
from agentless.repo.commits import missing_commits

PATCH = "--- a/pkg/a.py\n+++ b/pkg/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo with blank"
    (folder / "pkg").mkdir(parents=True)
    (folder / "pkg" / "a.py").write_text("one\ntwo\n")
    (folder / "b.txt").write_text("b\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def test_a_patch_changes_files_and_nothing_else(repo: Path) -> None:
    before = (repo / ".git" / "index").read_bytes()
    assert apply_to_worktree(repo / "pkg", PATCH) == ""
    assert (repo / "pkg" / "a.py").read_text() == "one\nzwei\n"
    assert (repo / ".git" / "index").read_bytes() == before
    assert git(repo, "status", "--porcelain") == " M pkg/a.py\n"


def test_a_conflict_changes_nothing_at_all(repo: Path) -> None:
    two_files = PATCH + "--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-other\n+B\n"
    assert "b.txt" in apply_to_worktree(repo, two_files)
    assert (repo / "pkg" / "a.py").read_text() == "one\ntwo\n"
    assert git(repo, "status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["../outside.txt", ".git/hooks/post-checkout"])
def test_a_patch_never_leaves_the_work_tree(repo: Path, path: str) -> None:
    hostile = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
    assert apply_to_worktree(repo, hostile) != ""
    assert not (repo.parent / "outside.txt").exists()
    assert not (repo / ".git" / "hooks" / "post-checkout").exists()


def test_where_there_is_no_work_tree(tmp_path: Path, repo: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(repo), str(bare))
    assert worktree_of(repo / "pkg") == repo
    assert worktree_of(bare) is None
    with pytest.raises(RepositoryError, match="bare"):
        apply_to_worktree(bare, PATCH)
    with pytest.raises(RepositoryError, match="not a git repository"):
        worktree_of(tmp_path)


def test_missing_commits_are_named(repo: Path, tmp_path: Path) -> None:
    head = git(repo, "rev-parse", "HEAD").strip()
    tree = git(repo, "rev-parse", "HEAD^{tree}").strip()
    assert missing_commits(repo, [head, "HEAD", head[:10]]) == []
    assert missing_commits(repo, ["0" * 40, head, tree, "no-such"]) == ["0" * 40, tree, "no-such"]
    with pytest.raises(RepositoryError, match="not a git repository"):
        missing_commits(tmp_path, [head])


def test_no_filter_of_a_hostile_repository_runs(repo: Path) -> None:
    trap = repo.parent / "sprung"
    (repo / ".gitattributes").write_text("*.py filter=evil\n")
    for side in ("clean", "smudge"):
        git(repo, "config", f"filter.evil.{side}", f"touch '{trap}'; cat")
    assert apply_to_worktree(repo, PATCH) == ""
    assert not trap.exists()
    assert (repo / "pkg" / "a.py").read_text() == "one\nzwei\n"


def test_what_git_notices_too_late_is_put_back(repo: Path) -> None:
    late = (
        "diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n"
        "diff --git a/n/b.py b/n/b.py\nnew file mode 100644\n--- /dev/null\n+++ b/n/b.py\n@@ -0,0 +1 @@\n+x\n"
    )
    assert apply_to_worktree(repo, late + PATCH) != ""
    assert git(repo, "status", "--porcelain") == ""
    assert (repo / "pkg" / "a.py").read_text() == "one\ntwo\n"


def test_commits_of_odd_rows_and_folders_inside_a_repository(repo: Path) -> None:
    head = git(repo, "rev-parse", "HEAD").strip()
    assert missing_commits(repo, [f"{head}\n", "", "a b", head]) == [f"{head}\n", "", "a b"]
    with pytest.raises(RepositoryError, match="inside the repository"):
        missing_commits(repo / "pkg", [head])
