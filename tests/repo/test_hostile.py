"""Repositories that try to run something, to write somewhere, or to look like what they are not."""

import subprocess
from pathlib import Path

import pytest

from agentless.errors import AgentlessError, InfrastructureError, RepositoryError
from agentless.repo import RepoSnapshot
from tests.conftest import GIT_IDENTITY, git, make_repo


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a mark when it runs; the mark is `sprung` beside it."""
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    program.chmod(0o755)
    return program


def use(repo: Path, tmp_path: Path) -> None:
    """Everything that a snapshot offers, on the commit and on the work tree."""
    for number, commit in enumerate(("HEAD", "")):
        with RepoSnapshot.open(repo, commit) as snapshot:
            snapshot.texts(snapshot.paths())
            folder = tmp_path / f"out{number}"
            folder.mkdir()
            snapshot.export(folder)


def test_the_trap_works(trap: Path, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {".gitattributes": "*.py filter=evil\n", "a.py": "a\n"})
    git(repo, "config", "filter.evil.clean", str(trap))
    (repo / "a.py").write_text("b\n")
    git(repo, "add", "a.py")
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"filter.evil.clean": "TRAP", "filter.evil.smudge": "TRAP"},
        {"filter.evil.process": "TRAP", "filter.evil.required": "true"},
        {"core.fsmonitor": "TRAP"},
        {"diff.evil.command": "TRAP", "diff.external": "TRAP", "diff.evil.textconv": "TRAP"},
        {"core.pager": "TRAP", "pager.ls-files": "TRAP", "core.editor": "TRAP", "core.sshCommand": "TRAP"},
        {"alias.ls-tree": "!TRAP", "alias.ls-files": "!TRAP"},
        {"core.alternateRefsCommand": "TRAP", "gpg.program": "TRAP", "credential.helper": "TRAP"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_no_configured_program_runs(settings: dict[str, str], trap: Path, tmp_path: Path) -> None:
    attributes = "*.py filter=evil diff=evil merge=evil\n"
    repo = make_repo(tmp_path / "repo", {".gitattributes": attributes, "a.py": "aa\n", "b.py": "bb\n"})
    for key, value in settings.items():
        git(repo, "config", key, value.replace("TRAP", str(trap)))
    (repo / "a.py").write_text("AA\n")  # the same size: git has to look inside
    (repo / "c.py").write_text("new\n")
    (tmp_path / "sprung").unlink(missing_ok=True)
    use(repo, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_no_hook_runs(trap: Path, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "a\n"})
    for name in (
        "post-index-change",
        "fsmonitor-watchman",
        "post-checkout",
        "pre-commit",
        "reference-transaction",
    ):
        hook = repo / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(trap.read_text())
        hook.chmod(0o755)
    (repo / "a.py").write_text("b\n")
    use(repo, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_partial_clone_starts_no_transport(trap: Path, tmp_path: Path) -> None:
    origin = make_repo(tmp_path / "origin", {"a.py": "old\n"})
    (origin / "a.py").write_text("new and longer\n")
    git(origin, "commit", "-q", "-a", "-m", "second")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{origin}", "partial")
    repo = tmp_path / "partial"
    git(repo, "config", "remote.origin.uploadpack", str(trap))
    git(repo, "config", "protocol.file.allow", "always")
    with pytest.raises(RepositoryError, match="partial clone") as caught:
        RepoSnapshot.open(repo, "HEAD~1")
    assert "git fetch --refetch" in str(caught.value)
    assert not (tmp_path / "sprung").exists()
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.text("a.py") == "new and longer\n"


def test_replaced_objects_are_not_believed(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "true\n", "b.py": "false\n"})
    git(repo, "replace", git(repo, "rev-parse", "HEAD:a.py").strip(), git(repo, "rev-parse", "HEAD:b.py").strip())
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.text("a.py") == "true\n"


def raw_tree(repo: Path, *entries: tuple[str, str, str]) -> str:
    """A commit of a tree object written byte by byte; entries are (mode, name, sha)."""
    body = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in entries)
    done = subprocess.run(
        ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
        cwd=repo,
        input=body,
        capture_output=True,
        check=True,
    )
    return commit(repo, done.stdout.decode().strip())


def commit(repo: Path, tree: str) -> str:
    return git(repo, "commit-tree", tree, "-m", "hostile").strip()


def blob(repo: Path, data: bytes) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=repo, input=data, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in GIT_IDENTITY.items():
        monkeypatch.setenv(name, value)
    return make_repo(tmp_path / "repo", {"a.py": "a\n"})


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT", ".Git", ""])
def test_a_tree_with_an_unsafe_name_is_refused(repo: Path, name: str) -> None:
    sha = blob(repo, b"x")
    with pytest.raises(RepositoryError):
        RepoSnapshot.open(repo, raw_tree(repo, ("100644", name, sha)))
    inner = subprocess.run(
        ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"],
        cwd=repo,
        input=b"100644 x\0" + bytes.fromhex(sha),
        capture_output=True,
        check=True,
    )
    with pytest.raises(RepositoryError):
        RepoSnapshot.open(repo, raw_tree(repo, ("40000", name, inner.stdout.decode().strip())))


def test_a_name_with_a_slash_is_refused_or_stays_inside(repo: Path, tmp_path: Path) -> None:
    sha = blob(repo, b"x")
    with pytest.raises(RepositoryError):
        RepoSnapshot.open(repo, raw_tree(repo, ("100644", "../../escaped", sha)))
    with pytest.raises(RepositoryError):
        RepoSnapshot.open(repo, raw_tree(repo, ("100644", "/etc/escaped", sha)))


def test_a_link_and_a_folder_of_one_name_write_nothing_outside(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = blob(repo, str(outside).encode())
    folder = git(repo, "rev-parse", "HEAD^{tree}").strip()
    hostile = raw_tree(repo, ("120000", "pkg", target), ("40000", "pkg", folder))
    out = tmp_path / "out"
    out.mkdir()
    with RepoSnapshot.open(repo, hostile) as snapshot, pytest.raises(RepositoryError, match="same place"):
        snapshot.export(out)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("target", [b"", b"a\x00b"])
def test_a_link_without_a_usable_target(repo: Path, tmp_path: Path, target: bytes) -> None:
    hostile = raw_tree(repo, ("120000", "link", blob(repo, target)))
    out = tmp_path / "out"
    out.mkdir()
    with RepoSnapshot.open(repo, hostile) as snapshot, pytest.raises(RepositoryError, match="no usable target"):
        snapshot.export(out)


def test_names_that_are_too_long_are_an_error_of_ours(repo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    hostile = raw_tree(repo, ("100644", "n" * 300, blob(repo, b"x")))
    with RepoSnapshot.open(repo, hostile) as snapshot, pytest.raises(InfrastructureError):
        snapshot.export(out)


def test_a_blob_where_a_tree_should_be(repo: Path) -> None:
    hostile = raw_tree(repo, ("40000", "folder", blob(repo, b"x")))
    with pytest.raises(AgentlessError):
        RepoSnapshot.open(repo, hostile)
