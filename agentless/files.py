"""Files that are there whole or not at all, also after a kill or a power cut.

A unique temporary file in the same folder is written, synced and renamed over the target; then the folder is
synced. Readers see the old content or the new one. A kill leaves at most a `.tmp-` file, swept at the next start.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from agentless.errors import StoreError

TEMPORARY = ".tmp-"


def write_whole(path: Path, data: bytes) -> None:
    """Replace the file, or create it, with these bytes.

    Raises:
        StoreError: the disk is full, read-only or broken; the old content is untouched.
    """
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        make_folder(path.parent)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def make_folder(folder: Path) -> None:
    """Create the folder and its missing parents, so that they survive a power cut.

    Raises:
        OSError: it cannot be created.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in the folder durable.

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folders: Iterable[Path]) -> None:
    """Remove what killed writers left in these folders; for who is alone in them."""
    for folder in folders:
        for left in folder.glob(f"{TEMPORARY}*"):
            left.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> StoreError:
    """The error of a failed write as one line that names the fix."""
    return StoreError(f"could not write {path}: {error.strerror or error}; free some space or name another folder")
