"""The temporary folder of a model server: its log, its sockets, and whatever else it leaves lying about.

The folder names its owner, the process that made it. It is removed at the end, by the guard when the owner was
killed, and by the next start when the guard was killed as well. Only a folder of our own name and user, with an
owner in it, is ever removed, and no link is followed.
"""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentless.owners import owner, owner_is_dead

PREFIX = "agentless-server-"
OWNER = "owner"
LOG = "server.log"
LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path (sockaddr_un holds 108 with its end)."""
SHORT = Path("/tmp")  # noqa: S108 - the folder made in it is private
RANDOM = 8
"""Characters that `mkdtemp` adds."""
TRIES, WAIT_S = 5, 0.1


@contextmanager
def server_folder(room: int = 0) -> Iterator[Path]:
    """A private folder for one server, gone with the block; those of dead owners are removed first.

    Args:
        room: bytes of a socket's path below the folder, its slash included. Where the temporary folder's own
            path is too long for that, the folder is made in /tmp.

    Raises:
        OSError: no folder can be made.
    """
    place = place_for(room)
    sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    try:
        (folder / OWNER).write_text(owner(), encoding="utf-8")
        yield folder
    finally:
        remove(folder)


def place_for(room: int) -> Path:
    """Where the folder is made."""
    place = Path(tempfile.gettempdir())
    length = len(os.fsencode(place)) + 1 + len(PREFIX) + RANDOM + room
    return SHORT if room and length > LONGEST_SOCKET and os.access(SHORT, os.W_OK) else place


def sweep(place: Path) -> None:
    """Remove the folders whose owners are known to be dead."""
    for folder in place.glob(f"{PREFIX}*"):
        if owner_is_dead(owner_of(folder)):
            remove(folder)


def owner_of(folder: Path) -> str:
    """Who made the folder, "" for one that is not ours: another name, another user, a link, no owner in it."""
    if not folder.name.startswith(PREFIX):
        return ""
    try:
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
            return ""
        # O_NONBLOCK: a pipe of this name is not waited for
        descriptor = os.open(folder / OWNER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            return file.read(1000) if stat.S_ISREG(os.fstat(descriptor).st_mode) else ""
    except OSError:
        return ""


def remove(folder: Path) -> None:
    """Delete a folder of ours as far as possible; a process that is just ending may still write into it."""
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(WAIT_S)
