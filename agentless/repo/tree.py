"""One git tree as a list of entries, read with a single `ls-tree`."""

from dataclasses import dataclass

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git, first_line

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


def list_tree(git: Git, tree_id: str) -> dict[str, Entry]:
    """Every entry of the tree by path, sorted by path.

    Raises:
        RepositoryError: the tree cannot be read, an object is missing (partial clone), or a path is unsafe.
    """
    done = git.attempt("ls-tree", "-r", "-l", "-z", "--full-tree", tree_id)
    if done.returncode != 0:
        raise RepositoryError(
            f"the tree {tree_id} in {git.folder} cannot be listed: objects are missing (partial clone? run "
            f"`git fetch --refetch --no-filter` there) or damaged (run `git fsck`): {first_line(done.stderr)}"
        )
    listing = done.stdout
    entries = []
    missing = 0
    for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, kind, sha, size = head.split()
        missing += size == "BAD"
        entries.append(Entry(path, sha, mode, int(size) if size.isdecimal() else 0))
        if kind == "tree":
            raise RepositoryError(f"the tree {tree_id} holds a folder that git cannot list: {path!r}")
    if missing:
        raise RepositoryError(
            f"{missing} of {len(entries)} files are not in the object store of {git.folder} (partial clone?); "
            "run `git fetch --refetch --no-filter` there"
        )
    entries.sort(key=entry_path)
    found = {entry.path: entry for entry in entries}
    refuse_unsafe(found)
    return found


def entry_path(entry: Entry) -> str:
    """Sort key."""
    return entry.path


def refuse_unsafe(entries: dict[str, Entry]) -> None:
    """Hand-made trees may hold what git never writes.

    Raises:
        RepositoryError: a component `.`, `..`, `.git` or an empty one.
    """
    folders = set()
    for path in entries:
        folder, _, name = path.rpartition("/")
        folders.add(folder)
        if is_unsafe(name) or path.startswith("/"):
            raise RepositoryError(f"the tree holds the unsafe path {path!r}; it was not made by git")
    for folder in folders - {""}:
        if any(is_unsafe(part) for part in folder.split("/")):
            raise RepositoryError(f"the tree holds the unsafe path {folder!r}; it was not made by git")


def is_unsafe(name: str) -> bool:
    """Whether writing a component of this name could leave the folder or change a repository."""
    return name in ("", ".", "..") or (len(name) == 4 and name.lower() == ".git")
