"""A tree written into a folder, bytes exactly as in the object store.

Neither `git archive` (it applies export-ignore and export-subst) nor `git checkout-index` (it converts line ends
and runs smudge filters) gives those bytes.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from agentless.errors import InfrastructureError, RepositoryError
from agentless.repo.blobs import BlobReader
from agentless.repo.tree import EXECUTABLE, SUBMODULE, SYMLINK, Entry


def write_tree(entries: Iterable[Entry], reader: BlobReader, folder: Path) -> None:
    """Write every entry below an existing empty folder.

    Files come first and are only ever created, links come last: a tree that holds a link and a folder of one name
    (nothing git makes) cannot lead a file out of the folder.

    Raises:
        RepositoryError: an object is missing, or two entries want one place.
        InfrastructureError: the folder is missing, not empty, or could not be written.
    """
    kept = list(entries)
    if not folder.is_dir() or any(folder.iterdir()):
        raise InfrastructureError(f"{folder} is not an empty folder; export into one")
    try:
        make_folders(kept, folder)
        write_files([entry for entry in kept if entry.mode not in (SYMLINK, SUBMODULE)], reader, folder)
        write_links([entry for entry in kept if entry.mode == SYMLINK], reader, folder)
    except (FileExistsError, NotADirectoryError) as error:
        raise RepositoryError(f"two entries of the tree want the same place: {error.filename!r}") from error
    except OSError as error:
        raise InfrastructureError(f"{folder} could not be written: {error}") from error


def make_folders(entries: Iterable[Entry], folder: Path) -> None:
    """Every folder of the tree, parents first; a submodule is an empty folder."""
    needed = set()
    for entry in entries:
        parent = entry.path if entry.mode == SUBMODULE else entry.path.rpartition("/")[0]
        while parent and parent not in needed:
            needed.add(parent)
            parent = parent.rpartition("/")[0]
    for path in sorted(needed):
        (folder / path).mkdir()


def write_files(entries: list[Entry], reader: BlobReader, folder: Path) -> None:
    """Create regular files; permissions are git's two (644, 755), less the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for entry, data in zip(entries, reader.read_many(entries), strict=True):
        mode = 0o777 if entry.mode == EXECUTABLE else 0o666
        descriptor = os.open(f"{folder}/{entry.path}", flags, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)


def write_links(entries: list[Entry], reader: BlobReader, folder: Path) -> None:
    """Create symbolic links with their targets as stored, wherever those lead.

    Raises:
        RepositoryError: a target that no file system takes.
    """
    for entry, target in zip(entries, reader.read_many(entries), strict=True):
        if not target or b"\x00" in target:
            raise RepositoryError(f"the symbolic link {entry.path!r} of the tree has no usable target")
        (folder / entry.path).symlink_to(os.fsdecode(target))
