"""A dirty work tree as a git tree, without a trace in the user's repository.

The index is copied, new objects go to a temporary store that borrows from the user's, so that the user's
objects, index, HEAD, stash and files stay as they are, byte for byte.

What counts: tracked files as they lie on disk, untracked files that git does not ignore, deletions, mode
changes. Files are taken as bytes, without any filter or line end conversion (with Git LFS: the content where it
was changed, the pointer elsewhere). Submodules stay at the commit that the index has; repositories inside the
work tree that are no submodules are left out, and so are pipes, sockets and devices.
"""

import os
import shutil
import stat
import tempfile
import weakref
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.owned import new_folder
from agentless.repo.lender import LENDER
from agentless.repo.location import Location
from agentless.repo.plumbing import Git, first_line
from agentless.repo.tree import EXECUTABLE, SUBMODULE, SYMLINK

REGULAR = "100644"
PREFIX = "agentless-worktree-"


class WorktreeStore:
    """The temporary index and object store of one recorded work tree; removed on `close`, or with the object.

    What a killed process left is removed when the next store is made.
    """

    def __init__(self, location: Location) -> None:
        self.folder = new_folder(Path(tempfile.gettempdir()), PREFIX)
        self.remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "objects").mkdir()
        index = location.git_dir / "index"
        if index.exists():
            shutil.copyfile(index, self.folder / "index")
        own = {
            "GIT_INDEX_FILE": str(self.folder / "index"),
            "GIT_OBJECT_DIRECTORY": str(self.folder / "objects"),
        }
        self.writer = location.git.with_more(own, emptied_filters(location.git))
        """Does not see the user's objects: git renews the time of an object that it would write a second time."""
        self.git = self.writer.with_more({"GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted(str(location.objects))})
        self.tree_id = ""

    def close(self) -> None:
        """Remove the temporary files and end who reads them; a second call does nothing."""
        LENDER.end(self.git)
        self.remove()


@dataclass(frozen=True, slots=True)
class Staged:
    """One line of the user's index."""

    mode: str
    sha: str
    stage: str


def record_worktree(location: Location, without: Collection[Path] = ()) -> WorktreeStore:
    """Write the work tree as it is into a temporary store.

    Args:
        without: untracked files and folders that are no part of the project, e.g. the issue's own file.

    Raises:
        RepositoryError: a file cannot be read, or changed while it was read.
    """
    store = WorktreeStore(location)
    try:
        staged = read_index(store.git)
        changed = changed_paths(store.git) | {path for path, line in staged.items() if line.stage != "0"}
        changed -= {path for path in changed - set(staged) if lies_in(location, path, without)}
        update_index(store, location, staged, sorted(changed))
        store.tree_id = store.writer.run("write-tree", "--missing-ok").decode().strip()
    except BaseException:
        store.close()
        raise
    return store


def lies_in(location: Location, path: str, places: Collection[Path]) -> bool:
    """Whether a path of the work tree is one of the places or lies below one."""
    full = (location.worktree or location.path) / path
    return any(full.is_relative_to(place) for place in places)


def read_index(git: Git) -> dict[str, Staged]:
    """Path -> its line; of an unmerged path the last stage."""
    listing = git.run("ls-files", "--stage", "-z").decode("utf-8", "surrogateescape")
    staged = {}
    for line in listing.split("\0")[:-1]:
        head, _, path = line.partition("\t")
        staged[path] = Staged(*head.split())
    return staged


def changed_paths(git: Git) -> set[str]:
    """Paths whose state on disk differs from the index, deleted and untracked ones included."""
    asked = ("ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard", "--deduplicate")
    return set(git.run(*asked).decode("utf-8", "surrogateescape").split("\0")[:-1])


def update_index(
    store: WorktreeStore, location: Location, staged: dict[str, Staged], paths: Iterable[str]
) -> None:
    """Bring the temporary index to the state on disk: what is gone first, then what is there."""
    git, top = store.git, location.worktree or location.path
    gone, links, files = [], [], []
    for path in paths:
        mode = mode_on_disk(top, path)
        if path.endswith("/") or (mode is not None and stat.S_ISDIR(mode) and is_submodule(staged, path)):
            continue
        if mode is not None and stat.S_ISREG(mode):
            files.append((path, file_mode(git, staged, path, mode)))
        elif mode is not None and stat.S_ISLNK(mode):
            links.append(path)
        else:
            gone.append(path)
    shas = hash_files(store.writer, top, [path for path, _ in files])
    lines = [f"0 {'0' * id_digits(git)}\t{path}" for path in gone]
    lines += [f"{SYMLINK} {hash_link(store.writer, top / path)}\t{path}" for path in links]
    lines += [f"{mode} {sha}\t{path}" for (path, mode), sha in zip(files, shas, strict=True)]
    given = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
    # written even without a change: a sparse index has to be a full one before its tree is written
    git.run("update-index", "--force-write-index", "-z", "--add", "--replace", "--index-info", stdin=given)


def id_digits(git: Git) -> int:
    """Hexadecimal digits of an object id here: 40, or 64 in a SHA-256 repository."""
    return 64 if git.run("rev-parse", "--show-object-format").strip() == b"sha256" else 40


def is_submodule(staged: dict[str, Staged], path: str) -> bool:
    """Whether the index has a submodule there."""
    return path in staged and staged[path].mode == SUBMODULE


def mode_on_disk(top: Path, path: str) -> int | None:
    """`st_mode` of the path itself, None when it is gone or lies behind a symbolic link."""
    folder = top
    for part in path.split("/")[:-1]:
        folder = folder / part
        if folder.is_symlink():
            return None
    try:
        return (top / path).lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RepositoryError(
            f"{path} cannot be read ({error.strerror}); make it readable or ignore it"
        ) from error


def file_mode(git: Git, staged: dict[str, Staged], path: str, mode: int) -> str:
    """Git's mode of a regular file; where the file system has no execute bits, that of the index."""
    known = staged.get(path)
    if known is not None and known.mode in (REGULAR, EXECUTABLE) and not trusts_modes(git):
        return known.mode
    return EXECUTABLE if mode & stat.S_IXUSR else REGULAR


def trusts_modes(git: Git) -> bool:
    """`core.fileMode`, true unless it says otherwise."""
    return git.attempt("config", "--type=bool", "core.fileMode").stdout.strip() != b"false"


def hash_files(git: Git, top: Path, paths: list[str]) -> list[str]:
    """Blob ids of regular files, written to the temporary store as they are.

    Raises:
        RepositoryError: one cannot be read, or vanished meanwhile.
    """
    if not paths:
        return []
    given = "".join(f"{quoted(str(top / path))}\n" for path in paths).encode("utf-8", "surrogateescape")
    done = git.attempt("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=given)
    if done.returncode != 0:
        said = first_line(done.stderr)
        raise RepositoryError(f"a file of the work tree cannot be read ({said}); make it readable or ignore it")
    return done.stdout.decode().split()


def hash_link(git: Git, path: Path) -> str:
    """Blob id of a symbolic link: its target."""
    target = os.fsencode(path.readlink())
    return git.run("hash-object", "-w", "--no-filters", "--stdin", stdin=target).decode().strip()


def quoted(path: str) -> str:
    """The path in git's C style, always quoted."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(character, character) for character in path) + '"'


def emptied_filters(git: Git) -> dict[str, str]:
    """Settings that take every configured filter driver out of service."""
    listing = git.attempt("config", "-z", "--name-only", "--get-regexp", r"^filter\.").stdout
    keys = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return {key: "false" if key.endswith(".required") else "" for key in keys}
