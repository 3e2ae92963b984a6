"""Where a repository is on disk, and which commit of it is meant."""

import difflib
import os
import re
import stat
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.catfile import CatFileError
from agentless.repo.lender import LENDER, Lender
from agentless.repo.plumbing import Git, first_line

FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MOST_LOCATIONS = 64
IDENTITY = 4
"""Of a folder: device, inode, mode and owner; its size and times change with any file in it."""

Marks = tuple[tuple[int, ...], ...]


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


class LocationMemo:
    """Folders that git has opened, good as long as nothing has changed by which it decided. Safe for threads."""

    def __init__(self) -> None:
        self.known: OrderedDict[object, tuple[Marks, Location]] = OrderedDict()
        self.guard = threading.Lock()

    def get(self, git: Git) -> Location | None:
        """What git said of its folder in the same environment, None where it must be asked."""
        found = self.known.get(git.key)
        return found[1] if found is not None and found[0] == marks(found[1]) else None

    def put(self, git: Git, location: Location) -> None:
        """Remember an answer."""
        with self.guard:
            self.known[git.key] = marks(location), location
            self.known.move_to_end(git.key)
            if len(self.known) > MOST_LOCATIONS:
                self.known.popitem(last=False)


KNOWN = LocationMemo()
"""Shared by all snapshots of a process."""


def marks(location: Location) -> Marks:
    """Of what git decides by: identity and owner of the folders, and everything about the files."""
    git_dir, shared = location.git_dir, location.objects.parent
    folders = (location.path, git_dir, shared, location.objects, shared / "refs")
    files = (location.path / ".git", git_dir / "HEAD", git_dir / "commondir", git_dir / "config.worktree")
    return (
        *(mark(folder)[:IDENTITY] for folder in folders),
        *(mark(file) for file in (*files, git_dir / "config", shared / "config")),
    )


def mark(path: Path) -> tuple[int, ...]:
    """What the file system says of a path, its identity first; () where there is nothing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - Path.stat takes twice as long
    except OSError:
        return ()
    times = (found.st_mtime_ns, found.st_ctime_ns) if stat.S_ISREG(found.st_mode) else ()
    return found.st_dev, found.st_ino, found.st_mode, found.st_uid, found.st_size, *times


def locate(path: str | Path, memo: LocationMemo = KNOWN) -> Location:
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
    location = memo.get(git)
    if location is None:
        location = asked_location(path, git)
        memo.put(git, location)
    return location


def asked_location(path: str | Path, git: Git) -> Location:
    """What git says about the folder; see `locate`."""
    folder = git.folder
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


def resolve_commit(location: Location, commit: str, lender: Lender = LENDER) -> tuple[str, str]:
    """(commit id, tree id) of a commit-ish; "" means HEAD.

    A full id costs no process of its own. Other names are asked anew each time: they may mean another one by now.

    Raises:
        RepositoryError: no commit yet, no such commit, ambiguous, not a commit, or its objects are missing.
    """
    name = commit or "HEAD"
    if any(ord(character) < 32 for character in name):
        raise RepositoryError(f"{name!r} is no commit: it holds control characters")
    if FULL_ID.fullmatch(name) and (tree := tree_of(location.git, name, lender)):
        return name, tree
    asked = f"{name}^{{commit}}\n{name}^{{tree}}\n".encode("utf-8", "surrogateescape")
    answer = location.git.attempt("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
    lines = answer.stdout.decode("utf-8", "replace").splitlines()
    words = [line.rsplit(" ", 1) for line in lines]
    if len(words) == 2 and words[0][-1] == "commit" and words[1][-1] == "tree":
        return words[0][0], words[1][0]
    raise RepositoryError(no_commit(location, commit, first_line(answer.stderr)))


def tree_of(git: Git, commit_id: str, lender: Lender) -> str:
    """Tree of a commit by its full id; "" where one of the two is not there or something else."""
    try:
        found = lender.contents(git, [commit_id])[0]
        if found is None or found[0] != "commit":
            return ""
        tree = found[1].partition(b"\n")[0].removeprefix(b"tree ").decode("ascii", "replace")
        held = lender.contents(git, [tree])[0] if FULL_ID.fullmatch(tree) else None
    except CatFileError:
        return ""
    return tree if held is not None and held[0] == "tree" else ""


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
