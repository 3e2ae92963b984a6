"""One running `git cat-file` that answers for any number of objects of one store.

With `--batch-command --buffer` git reads requests until it is told to answer, so that any number may be written
before an answer is read, and what it unpacked for one answer helps with the next: a version of a file is mostly
a difference from another one.
"""

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git

KEPT = "core.deltaBaseCacheLimit=48m"
"""What git keeps unpacked. Twice as much saves nothing; half of it costs the next commit 50% more of git."""
COMMAND = ("-c", KEPT, "cat-file", "--batch-command", "--buffer")
OLD_COMMAND = ("-c", KEPT, "cat-file", "--batch")
"""Before git 2.36: contents alone."""
USAGE_ERROR = 129
"""Exit code of a git that does not know an option."""
ASKED_AT_ONCE = 60
"""Requests to an old git before an answer is read: 60 ids of 65 bytes fit the smallest pipe (4 KiB)."""
BUFFER_BYTES = 1 << 16
ENDING_S = 2.0
"""How long a process may take to end that has closed its pipes."""

Info = tuple[str, int]
"""Kind of an object (`blob`, `tree`, `commit`, `tag`) and its bytes."""
Content = tuple[str, bytes]
"""Kind of an object and its content."""


class CatFileError(RepositoryError):
    """The process ended, or its answers are not those to the questions.

    Args:
        message: what was asked of it, and what to do.
        code: exit code, None where it had to be killed.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class CatFile:
    """A process and its pipes; used by one thread at a time, ended after any error.

    Args:
        git: the store.
        old: git before 2.36.

    Raises:
        RepositoryError: git does not start.
    """

    def __init__(self, git: Git, *, old: bool = False) -> None:
        self.git = git
        self.old = old
        self.process = git.start(OLD_COMMAND if old else COMMAND, BUFFER_BYTES)
        if self.process.stdin is None or self.process.stdout is None:
            raise RepositoryError("git was started without pipes")
        self.asked, self.answered = self.process.stdin, self.process.stdout
        self.place = git.variables.get("GIT_OBJECT_DIRECTORY") or git.variables.get("GIT_DIR") or str(git.folder)
        self.descriptor = -1
        """The store's folder, held open: a store made later at this place has another inode."""
        with suppress(OSError):
            self.descriptor = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def infos(self, ids: Sequence[str]) -> list[Info | None]:
        """Kind and size of each object by its full id, None where there is none; not for an old git.

        Raises:
            CatFileError: see there.
        """
        self.send("".join(f"info {each}\n" for each in ids) + "flush\n")
        return [self.head(each) for each in ids]

    def contents(self, ids: Sequence[str]) -> list[Content | None]:
        """Kind and content of each object by its full id, None where there is none; all of them in memory.

        Raises:
            CatFileError: see there.
        """
        if not self.old:
            self.send("".join(f"contents {each}\n" for each in ids) + "flush\n")
            return [self.content(each) for each in ids]
        found = []
        for start in range(0, len(ids), ASKED_AT_ONCE):
            asked = ids[start : start + ASKED_AT_ONCE]
            self.send("".join(f"{each}\n" for each in asked))
            found += [self.content(each) for each in asked]
        return found

    def send(self, requests: str) -> None:
        """Write past the buffer: nothing stays in it that a forked process could write a second time."""
        data = memoryview(requests.encode("ascii"))
        try:
            while data:
                data = data[os.write(self.asked.fileno(), data) :]
        except OSError as error:
            raise self.ended(str(error.strerror)) from error

    def head(self, sha: str) -> Info | None:
        """The first line of an answer: `<id> <kind> <size>`, or that the object is missing."""
        words = self.answered.readline().split()
        if not words:
            raise self.ended("no answer")
        if words[0] != sha.encode("ascii"):
            raise CatFileError(f"git in {self.git.folder} answered {words[0]!r} when asked for object {sha}")
        return (words[1].decode("ascii", "replace"), int(words[2])) if len(words) == 3 else None

    def content(self, sha: str) -> Content | None:
        """One answer: its first line, the bytes, a newline."""
        head = self.head(sha)
        if head is None:
            return None
        kind, size = head
        data = self.answered.read(size + 1)
        if len(data) != size + 1:
            raise self.ended(f"object {sha} came in part")
        return kind, data[:-1]

    def ended(self, what: str) -> "CatFileError":
        """The error of a process that answers no more."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_S)
        code = self.process.returncode
        return CatFileError(f"git cat-file ended early in {self.git.folder} ({what}); run `git fsck` there", code)

    def is_usable(self) -> bool:
        """Whether it runs, and its store is still the one at its place."""
        if self.descriptor < 0 or self.process.poll() is not None:
            return False
        try:
            own, there = os.fstat(self.descriptor), os.stat(self.place)  # noqa: PTH116 - Path.stat takes twice as long
        except OSError:
            return False
        return (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)

    def end(self) -> None:
        """End the process, whatever state its pipes are in; a second call does nothing."""
        self.process.kill()
        self.process.wait()
        self.let_go()

    def disown(self) -> None:
        """In a fork: the process is not a child of this one, which neither ends it nor waits for it."""
        self.process.returncode = 0

    def let_go(self) -> None:
        """Close the pipes and the folder."""
        self.asked.close()
        self.answered.close()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
