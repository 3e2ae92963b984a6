"""The temporary folder of a model server: its log, its sockets, and whatever else it leaves lying about.

It is removed at the end, by the guard when the owner was killed, and by the next start when the guard was killed
as well (`owned`).
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentless.owned import new_folder, remove

PREFIX = "agentless-server-"
LOG = "server.log"
LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path (sockaddr_un holds 108 with its end)."""
SHORT = Path("/tmp")  # noqa: S108 - the folder made in it is private
RANDOM = 8
"""Characters that `mkdtemp` adds."""


@contextmanager
def server_folder(room: int = 0) -> Iterator[Path]:
    """A private folder for one server, gone with the block; those of dead owners are removed first.

    Args:
        room: bytes of a socket's path below the folder, its slash included. Where the temporary folder's own
            path is too long for that, the folder is made in /tmp.

    Raises:
        OSError: no folder can be made.
    """
    folder = new_folder(place_for(room), PREFIX)
    try:
        yield folder
    finally:
        remove(folder)


def place_for(room: int) -> Path:
    """Where the folder is made."""
    place = Path(tempfile.gettempdir())
    length = len(os.fsencode(place)) + 1 + len(PREFIX) + RANDOM + room
    return SHORT if room and length > LONGEST_SOCKET and os.access(SHORT, os.W_OK) else place
