"""A disk that fails at the k-th operation: Python's own audit events of open, rename, mkdir and remove.

Nothing in the package is replaced. An audit hook cannot be taken back, so there is one, and it does nothing while
no fault is armed.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EVENTS = frozenset({"open", "os.rename", "os.mkdir", "os.remove"})


class Killed(BaseException):
    """Stands for the death of the process: no `except Exception` stops it."""


class Disk:
    """Counts operations below a folder and fails at one of them."""

    def __init__(self) -> None:
        self.folder = ""
        self.left = -1
        self.fault: BaseException | None = None
        self.seen = 0
        self.installed = False

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.folder or event not in EVENTS or not str(arguments[0]).startswith(self.folder):
            return
        self.seen += 1
        self.left -= 1
        if self.left == 0 and self.fault is not None:
            raise self.fault

    @contextmanager
    def failing(self, folder: Path, at: int, fault: BaseException | None) -> Iterator[None]:
        """Raise `fault` at operation number `at` below the folder, counted from 1."""
        if not self.installed:
            sys.addaudithook(self.hook)
            self.installed = True
        self.folder, self.left, self.fault, self.seen = str(folder), at, fault, 0
        try:
            yield
        finally:
            self.folder = ""


DISK = Disk()


def quick_folder() -> str | None:
    """Where fsync costs nothing, None for the usual place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def full() -> OSError:
    """What a full disk says."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
