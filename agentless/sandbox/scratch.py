"""Where trees are written: memory where there is plenty, else the temporary folder; leftovers are swept.

Copying Django's 6,757 files takes 0.2 s in memory and 1 to 4 s on a slow disk, for every candidate.
"""

import contextlib
import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agentless.sandbox.limits import MIB
from agentless.sandbox.watch import available_memory

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder is made private in it
PREFIX = "agentless-tree-"
LOCK = "lock"
FREE_IN_MEMORY_MB = 2048
"""Free space a memory file system must have to be used."""
AVAILABLE_MB = 4096
"""Memory the machine must have available for trees to be kept in it."""


def places(scratch: Path | None) -> list[Path]:
    """Where to try to write, in order: the given folder alone; or memory, then the temporary folder."""
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        return [scratch]
    disk = Path(tempfile.gettempdir())
    return [MEMORY, disk] if "TMPDIR" not in os.environ and has_room(MEMORY) else [disk]


def has_room(folder: Path) -> bool:
    """Whether a memory file system can hold trees: writable, programs may start from it, plenty of space."""
    try:
        facts = os.statvfs(folder)
    except OSError:
        return False
    usable = os.access(folder, os.W_OK) and not facts.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    free = facts.f_bavail * facts.f_frsize // MIB
    return usable and free >= FREE_IN_MEMORY_MB and available_memory() // MIB >= AVAILABLE_MB


def new_folder(place: Path) -> tuple[Path, int]:
    """A private folder and the descriptor of its lock, which says as long as it is open that somebody works here.

    Raises:
        OSError: the folder cannot be written.
    """
    sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    lock = os.open(folder / "new", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # it gets its name when it is locked, so that nobody ever sees it free
    (folder / "new").rename(folder / LOCK)
    return folder, lock


def sweep(place: Path) -> None:
    """Delete folders of runs that were killed: those whose lock nobody holds."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), unlocked(folder / LOCK):
            delete(folder)


@contextlib.contextmanager
def unlocked(path: Path) -> Iterator[None]:
    """Holds a lock that nobody else holds.

    Raises:
        OSError: somebody does, or there is none.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def discard(folder: Path, lock: int) -> None:
    """Delete a folder and let its lock go; what cannot be deleted is left to the next sweep."""
    delete(folder)
    os.close(lock)


def delete(folder: Path) -> None:
    """Delete a folder as far as possible, any depth: `shutil.rmtree` ends at 1,100 nested folders."""
    remove = ("rm", "-rf", "--one-file-system")
    with contextlib.suppress(OSError):
        for line in (remove, ("chmod", "-R", "u+rwX"), remove):
            if folder.is_dir() and not folder.is_symlink():
                subprocess.run([*line, "--", str(folder)], capture_output=True, check=False)
