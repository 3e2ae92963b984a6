"""Blobs out of the object store through one persistent `git cat-file --batch`."""

import subprocess
import threading
from collections.abc import Iterable, Iterator
from typing import IO

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git
from agentless.repo.tree import Entry

ASKED_AT_ONCE = 60
"""Requests written before an answer is read: 60 ids of 65 bytes fit the smallest pipe (4 KiB), so nobody waits."""
BYTES_AT_ONCE = 16_000_000
"""Blobs held in memory together; a larger one is held alone."""


class BlobReader:
    """Reads blobs by id; safe to use from several threads. Started by the first read."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.closed = False

    def read(self, sha: str) -> bytes:
        """One blob by its full id.

        Raises:
            RepositoryError: it is not in the object store, or the reader is closed.
        """
        with self.lock:
            return self.answers([sha])[0]

    def read_many(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """Their blobs in order, at most `BYTES_AT_ONCE` of them (or one) in memory.

        Raises:
            RepositoryError: one is not in the object store, or the reader is closed.
        """
        for shas in batches(entries):
            with self.lock:
                blobs = self.answers(shas)
            blobs.reverse()
            while blobs:
                yield blobs.pop()  # nothing here keeps what the caller has let go

    def answers(self, shas: list[str]) -> list[bytes]:
        """Ask for all, then read all; the caller holds the lock."""
        asked, answered = self.pipes()
        try:
            asked.write("".join(f"{sha}\n" for sha in shas).encode("ascii"))
            asked.flush()
            return [self.answer(answered, sha) for sha in shas]
        except OSError as error:
            self.stop()
            raise RepositoryError(f"git cat-file ended early in {self.git.folder}: {error}") from error
        except BaseException:  # Ctrl-C as well: the next read would get the answers that nobody took
            self.stop()
            raise

    def answer(self, answered: IO[bytes], sha: str) -> bytes:
        """One answer: `<id> blob <size>`, the bytes, a newline."""
        head = answered.readline().split()
        if len(head) != 3 or head[1] != b"blob":
            raise RepositoryError(
                f"object {sha} cannot be read from {self.git.folder}; run `git fsck` there, or fetch it again"
            )
        if head[0] != sha.encode("ascii"):
            raise RepositoryError(f"git in {self.git.folder} answered {head[0]!r} when asked for object {sha}")
        size = int(head[2])
        data = answered.read(size + 1)
        if len(data) != size + 1:
            raise RepositoryError(f"object {sha} of {self.git.folder} ended early; run `git fsck` there")
        return data[:-1]

    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """The process's two pipes; starts it when it is not running."""
        if self.closed:
            raise RepositoryError("the snapshot is closed and can be read no more; open it again")
        if self.process is None:
            self.process = self.git.start(["cat-file", "--batch"])
        asked, answered = self.process.stdin, self.process.stdout
        if asked is None or answered is None:
            raise RepositoryError("git was started without pipes")
        return asked, answered

    def close(self) -> None:
        """End the process and refuse further reads; a second call does nothing."""
        with self.lock:
            self.closed = True
            self.stop()

    def stop(self) -> None:
        """End the process, whatever state its pipes are in; the next read starts another. The lock is held."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.communicate()


def batches(entries: Iterable[Entry]) -> Iterator[list[str]]:
    """Ids to ask for together: few enough for the pipe, and small enough for memory."""
    shas: list[str] = []
    size = 0
    for entry in entries:
        if shas and (len(shas) == ASKED_AT_ONCE or size + entry.size > BYTES_AT_ONCE):
            yield shas
            shas, size = [], 0
        shas.append(entry.sha)
        size += entry.size
    if shas:
        yield shas
