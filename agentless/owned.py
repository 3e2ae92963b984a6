"""Private temporary folders that name their owner, the process that made them.

A process that is killed cannot remove its folder; the next one that makes a folder of the same kind does. Only a
folder with the kind's name, of our own user and with a dead owner in it is ever removed, and no link is followed.
"""

import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from agentless.owners import owner, owner_is_dead

OWNER = "owner"
TRIES, WAIT_S = 5, 0.1


def new_folder(place: Path, prefix: str) -> Path:
    """A folder of ours, after those of dead owners are gone.

    Raises:
        OSError: no folder can be made.
    """
    sweep(place, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    try:
        (folder / OWNER).write_text(owner(), encoding="utf-8")
    except BaseException:
        remove(folder)
        raise
    return folder


def sweep(place: Path, prefix: str) -> None:
    """Remove the folders whose owners are known to be dead."""
    for folder in place.glob(f"{prefix}*"):
        if owner_is_dead(owner_of(folder, prefix)):
            remove(folder)


def owner_of(folder: Path, prefix: str) -> str:
    """Who made the folder, "" for one that is not ours: another name, another user, a link, no owner in it."""
    if not folder.name.startswith(prefix):
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
