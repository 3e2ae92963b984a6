"""Entries of a git tree, and a tree as `ls-tree` lists it; `listing` does it folder by folder."""

from collections.abc import Iterable
from dataclasses import dataclass

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git, first_line
from agentless.repo.sizes import MEMO

SYMLINK = "120000"
SUBMODULE = "160000"
EXECUTABLE = "100755"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, symbolic link or submodule of a tree."""

    path: str
    """From the root, `/` between components; bytes that are not UTF-8 are escaped as `os.fsdecode` does."""
    sha: str
    mode: str
    """`100644`, `100755`, `120000` (symbolic link) or `160000` (submodule)."""
    size: int
    """Bytes; 0 for a submodule."""


def whole_listing(git: Git, tree_id: str) -> dict[str, Entry]:
    """Every entry of the tree by path, sorted by path, from a single `ls-tree`.

    Raises:
        RepositoryError: the tree cannot be read, an object is missing (partial clone), or a path is unsafe.
    """
    done = git.attempt("ls-tree", "-r", "-z", "--full-tree", tree_id)
    if done.returncode != 0:
        raise RepositoryError(
            f"the tree {tree_id} in {git.folder} cannot be listed: objects are missing (partial clone? run "
            f"`git fetch --refetch --no-filter` there) or damaged (run `git fsck`): {first_line(done.stderr)}"
        )
    listed = []
    for line in done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, kind, sha = head.split(" ")
        listed.append((path, sha, mode))
        if kind == "tree":
            raise RepositoryError(f"the tree {tree_id} holds a folder that git cannot list: {path!r}")
    listed.sort()
    return entries_of(git, listed)


def entries_of(git: Git, listed: list[tuple[str, str, str]]) -> dict[str, Entry]:
    """The entries of (path, id, mode) with their sizes."""
    blobs = {sha for _, sha, mode in listed if mode != SUBMODULE}
    sizes = MEMO.sizes(git, blobs)
    if len(sizes) < len(blobs):
        missing = sum(mode != SUBMODULE and sha not in sizes for _, sha, mode in listed)
        raise RepositoryError(
            f"{missing} of {len(listed)} files are not in the object store of {git.folder} (partial clone?); "
            "run `git fetch --refetch --no-filter` there"
        )
    refuse_unsafe(path for path, _, _ in listed)
    return {path: Entry(path, sha, mode, sizes.get(sha, 0)) for path, sha, mode in listed}


def refuse_unsafe(paths: Iterable[str]) -> None:
    """Hand-made trees may hold what git never writes.

    Raises:
        RepositoryError: a component `.`, `..`, `.git` or an empty one.
    """
    for path in paths:
        odd = "/." in path or "//" in path or path[:1] in ("", ".", "/") or path[-1] == "/"
        if odd and any(is_unsafe(part) for part in path.split("/")):
            raise RepositoryError(f"the tree holds the unsafe path {path!r}; it was not made by git")


def is_unsafe(name: str) -> bool:
    """Whether writing a component of this name could leave the folder or change a repository."""
    return name in ("", ".", "..") or (len(name) == 4 and name.lower() == ".git")
