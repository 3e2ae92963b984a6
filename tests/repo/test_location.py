import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.lender import Lender
from agentless.repo.location import locate, not_opened, resolve_commit
from agentless.repo.plumbing import Git
from tests.conftest import git, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.py": "x = 1\n", "pkg/b.py": "y = 2\n"})


def refusal(path: Path, commit: str = "") -> str:
    with pytest.raises(RepositoryError) as caught:
        resolve_commit(locate(path), commit)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "plain").mkdir()
    assert "does not exist" in refusal(tmp_path / "gone")
    assert "is a file" in refusal(tmp_path / "file")
    assert "is not a git repository; run `git init" in refusal(tmp_path / "plain")


def test_a_folder_inside_a_repository_is_refused_and_the_top_named(repo: Path) -> None:
    message = refusal(repo / "pkg")
    assert f"inside the repository {repo}" in message
    assert f"give {repo}" in message


def test_a_folder_inside_the_git_folder_is_refused(repo: Path) -> None:
    assert "give that folder" in refusal(repo / ".git" / "refs")


def test_the_git_folder_and_a_bare_store_open(repo: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(bare))
    for path in (repo / ".git", bare):
        location = locate(path)
        assert location.worktree is None
        assert resolve_commit(location, "main") == resolve_commit(locate(repo), "")


def test_a_bare_store_without_a_configuration_opens(repo: Path, tmp_path: Path) -> None:
    bare = tmp_path / "store"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(bare))
    (bare / "config").unlink()
    assert resolve_commit(locate(bare), "main") == resolve_commit(locate(repo), "HEAD")


def test_a_linked_worktree_and_a_submodule_open(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", "-b", "side", str(linked))
    assert locate(linked).worktree == linked
    assert locate(linked).objects == repo / ".git" / "objects"
    outer = make_repo(tmp_path / "outer", {"o.txt": "o"})
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo), "inner")
    inner = locate(outer / "inner")
    assert inner.worktree == outer / "inner"
    assert resolve_commit(inner, "") == resolve_commit(locate(repo), "")


def test_a_symbolic_link_to_a_repository_opens(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo)
    assert locate(tmp_path / "link").worktree == repo


def test_a_work_tree_that_the_configuration_puts_elsewhere_is_refused(repo: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    git(repo, "config", "core.worktree", str(elsewhere))
    with pytest.raises(RepositoryError):
        locate(repo)


def test_every_kind_of_name_resolves(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "tag", "-a", "v1", "-m", "one")
    git(repo, "commit", "-q", "--allow-empty", "-m", "second")
    location = locate(repo)
    for name in (first, first[:8], "v1", "v1^{}", "HEAD~1", "main^", "refs/tags/v1"):
        assert resolve_commit(location, name)[0] == first
    assert resolve_commit(location, "")[0] == git(repo, "rev-parse", "HEAD").strip()
    assert resolve_commit(location, "")[1] == git(repo, "rev-parse", "HEAD^{tree}").strip()


def test_a_close_name_is_offered(repo: Path) -> None:
    git(repo, "branch", "feature/parser")
    assert "did you mean feature/parser?" in refusal(repo, "feature/parsr")


def test_an_unknown_commit_names_fetch(repo: Path) -> None:
    message = refusal(repo, "deadbeef" * 5)
    assert "no commit deadbeef" in message
    assert "git -C" in message
    assert "fetch origin" in message


@pytest.mark.parametrize("name", ["HEAD:a.py", "HEAD^{tree}"])
def test_an_object_that_is_no_commit_is_named(repo: Path, name: str) -> None:
    assert "not a commit" in refusal(repo, name)


@pytest.mark.parametrize("name", ["-x", "--help", "a b", "", "..", "HEAD..HEAD", "\u00e9", "@{-1}", "^HEAD"])
def test_hostile_names_are_refused_or_head(repo: Path, name: str) -> None:
    if name:
        assert "no commit" in refusal(repo, name)
    else:
        resolve_commit(locate(repo), name)


@pytest.mark.parametrize("name", ["a\nb", "HEAD\n", "\x00", "a\tb"])
def test_control_characters_are_refused(repo: Path, name: str) -> None:
    assert "control characters" in refusal(repo, name)


def test_an_ambiguous_prefix_is_named(repo: Path) -> None:
    identity = "committer A <a@example.org> 0 +0000\ndata 1\n"
    stream = "".join(f"commit refs/heads/many\n{identity}{number % 10}\n" for number in range(2000))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo, input=stream.encode(), check=True)
    prefixes = Counter(sha[:4] for sha in git(repo, "rev-list", "many").split())
    shared, count = prefixes.most_common(1)[0]
    assert count > 1
    assert f"{shared} means more than one object" in refusal(repo, shared)


def test_a_repository_without_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("")
    assert "has no commits yet; run `git add ." in refusal(tmp_path)
    assert "has no commits yet" in refusal(tmp_path, "main")


def test_a_head_that_names_no_branch(repo: Path) -> None:
    git(repo, "symbolic-ref", "HEAD", "refs/heads/gone")
    assert "HEAD of" in refusal(repo)
    assert "--commit main" in refusal(repo)


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        (
            "detected dubious ownership in repository at '/srv/repo'",
            "git config --global --add safe.directory /srv/repo",
        ),
        ("not a git repository (or any parent up to mount point /)", "git init"),
        ("cannot use bare repository '/srv/repo' (safe.bareRepository is 'explicit')", "safe.bareRepository"),
    ],
)
def test_what_git_refuses_to_open_names_the_fix(said: str, fix: str) -> None:
    assert fix in not_opened("repo", Path("/srv/repo"), said)


def test_a_shallow_clone_names_the_fix(repo: Path, tmp_path: Path) -> None:
    old = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "commit", "-q", "--allow-empty", "-m", "second")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", str(shallow))
    assert "fetch --unshallow" in refusal(shallow, old)


class Refusing(Git):
    """Starts nothing that runs to its end."""

    def attempt(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        raise AssertionError(arguments)


def test_a_full_id_needs_no_process_of_its_own(repo: Path) -> None:
    location, lender = locate(repo), Lender()
    first, tree = (git(repo, "rev-parse", name).strip() for name in ("HEAD", "HEAD^{tree}"))
    refusing = replace(location, git=Refusing(repo, location.git.variables))
    assert resolve_commit(refusing, first, lender) == (first, tree)
    git(repo, "commit", "-q", "--allow-empty", "-m", "made after the process was started")
    second = git(repo, "rev-parse", "HEAD").strip()
    assert resolve_commit(refusing, second, lender) == (second, tree)
    assert len(lender.running) == 1
    with pytest.raises(AssertionError):
        resolve_commit(refusing, "main", lender)
    lender.close()


@pytest.mark.parametrize("kind", ["tag", "tree", "blob", "no tree"])
def test_a_full_id_of_something_else_is_told_as_any_name(repo: Path, kind: str) -> None:
    git(repo, "tag", "-a", "v1", "-m", "one")
    ids = {"tag": "v1", "tree": "HEAD^{tree}", "blob": "HEAD:a.py", "no tree": "HEAD"}
    sha = git(repo, "rev-parse", ids[kind]).strip()
    if kind == "tag":
        assert resolve_commit(locate(repo), sha) == resolve_commit(locate(repo), "HEAD")
        return
    if kind == "no tree":
        tree = git(repo, "rev-parse", "HEAD^{tree}").strip()
        (repo / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    said = "objects of .* are missing" if kind == "no tree" else "not a commit"
    with pytest.raises(RepositoryError, match=said):
        resolve_commit(locate(repo), sha)


def test_upper_case_ids_are_names_like_others(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD").strip()
    assert resolve_commit(locate(repo), first.upper())[0] == first
