"""Where a repository is on disk, and which commit of it is meant."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git, first_line


@dataclass(frozen=True, slots=True)
class Location:
    """An opened repository: `git` runs with its folders pinned, so that nothing is searched for again."""

    path: Path
    git: Git
    git_dir: Path
    objects: Path
    """The object store; a linked work tree shares that of its main repository."""
    worktree: Path | None
    """Top of the work tree, None for a bare repository."""


def locate(path: str | Path) -> Location:
    """Open the repository at a path: its top folder, its .git folder, or a bare store.

    A folder inside a repository is refused: an unpacked source next to another project must not be taken for it.

    Raises:
        RepositoryError: no such folder, not a repository, a folder inside one, or one of another owner.
    """
    folder = Path(path).expanduser()
    if not folder.exists():
        raise RepositoryError(f"{path} does not exist; give the folder of a git repository")
    if not folder.is_dir():
        raise RepositoryError(f"{path} is a file; give the folder of a git repository")
    folder = folder.resolve()
    git = Git(folder)
    found = git.attempt("rev-parse", "--absolute-git-dir", "--git-path", "objects", "--is-inside-work-tree")
    if found.returncode != 0:
        raise RepositoryError(not_opened(path, folder, first_line(found.stderr)))
    lines = [Path(line.decode("utf-8", "surrogateescape")) for line in found.stdout.split(b"\n")]
    git_dir, objects, inside = lines[0], folder / lines[1], str(lines[2]) == "true"
    pinned = {"GIT_DIR": str(git_dir)}
    if not inside:
        if folder != git_dir:
            raise RepositoryError(f"{path} lies inside the git folder {git_dir}; give that folder")
        return Location(folder, Git(folder, pinned), git_dir, objects.resolve(), None)
    top = Path(git.run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n"))
    if top != folder:
        raise RepositoryError(f"{path} is inside the repository {top}; give {top}, or run `git init` in {path}")
    pinned["GIT_WORK_TREE"] = str(top)
    return Location(folder, Git(folder, pinned), git_dir, objects.resolve(), top)


def not_opened(path: str | Path, folder: Path, said: str) -> str:
    """Why git did not take the folder, and what to do."""
    if "dubious ownership" in said:
        return f"{path} belongs to another user; run `git config --global --add safe.directory {folder}`"
    if "not a git repository" in said:
        return f"{path} is not a git repository; run `git init && git add . && git commit -m start` there"
    return f"{path} cannot be opened by git: {said}"


def resolve_commit(location: Location, commit: str) -> tuple[str, str]:
    """(commit id, tree id) of a commit-ish; "" means HEAD.

    Raises:
        RepositoryError: no commit yet, no such commit, ambiguous, not a commit, or its objects are missing.
    """
    name = commit or "HEAD"
    if any(ord(character) < 32 for character in name):
        raise RepositoryError(f"{name!r} is no commit: it holds control characters")
    asked = f"{name}^{{commit}}\n{name}^{{tree}}\n".encode("utf-8", "surrogateescape")
    answer = location.git.attempt("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
    lines = answer.stdout.decode("utf-8", "replace").splitlines()
    words = [line.rsplit(" ", 1) for line in lines]
    if len(words) == 2 and words[0][-1] == "commit" and words[1][-1] == "tree":
        return words[0][0], words[1][0]
    raise RepositoryError(no_commit(location, commit, first_line(answer.stderr)))


def no_commit(location: Location, commit: str, said: str) -> str:
    """Why a commit-ish names nothing here, and what to do."""
    git, path = location.git, location.path
    if git.attempt("rev-parse", "--verify", "--quiet", "HEAD").returncode != 0 and not git.run("for-each-ref"):
        return f"{path} has no commits yet; run `git add . && git commit -m start` there"
    refs = git.run("for-each-ref", "--format=%(refname:short)").decode("utf-8", "replace").splitlines()
    if not commit:
        return f"HEAD of {path} names no commit; name one, e.g. --commit {refs[0]}"
    if said.endswith("is ambiguous"):
        return f"{commit} means more than one object in {path}; give more digits"
    asked = f"{commit}\n".encode("utf-8", "surrogateescape")
    kind = (
        git.attempt("cat-file", "--batch-check=%(objecttype)", stdin=asked)
        .stdout.decode("utf-8", "replace")
        .strip()
    )
    if kind in ("tree", "blob", "tag"):
        return f"{commit} is a {kind}, not a commit; give a commit, branch or tag"
    if kind == "commit":
        return f"objects of {commit} are missing in {path}; run `git fetch --refetch` there"
    close = difflib.get_close_matches(commit, refs, n=1, cutoff=0.6)
    fix = (
        f"did you mean {close[0]}?" if close else f"run `git -C {path} fetch origin {commit}` or give another one"
    )
    if (location.objects.parent / "shallow").exists():
        fix = f"the clone is shallow: run `git -C {path} fetch --unshallow`"
    return f"no commit {commit} in {path}; {fix}"
