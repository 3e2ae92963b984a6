"""Blobs out of the object store through one persistent `git cat-file --batch`."""

import subprocess
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git

ASKED_AT_ONCE = 60
"""Requests written before an answer is read: 60 ids of 65 bytes fit the smallest pipe (4 KiB), so nobody waits."""


class BlobReader:
    """Reads blobs by id; safe to use from several threads. Started by the first read."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def read(self, sha: str) -> bytes:
        """One blob.

        Raises:
            RepositoryError: it is not in the object store.
        """
        with self.lock:
            return next(self.answers([sha]))

    def read_many(self, shas: Iterable[str]) -> Iterator[bytes]:
        """Blobs in the order asked for, a few at a time in memory.

        Raises:
            RepositoryError: one is not in the object store.
        """
        waiting = iter(shas)
        while chunk := list(islice(waiting, ASKED_AT_ONCE)):
            with self.lock:
                blobs = list(self.answers(chunk))
            yield from blobs

    def answers(self, shas: list[str]) -> Iterator[bytes]:
        """Ask for all, then read all; the caller holds the lock and takes every answer."""
        asked, answered = self.pipes()
        try:
            asked.write("".join(f"{sha}\n" for sha in shas).encode("ascii"))
            asked.flush()
            for sha in shas:
                yield self.answer(answered, sha)
        except OSError as error:
            self.stop()
            raise RepositoryError(f"git cat-file ended early in {self.git.folder}: {error}") from error
        except RepositoryError:
            self.stop()
            raise

    def answer(self, answered: IO[bytes], sha: str) -> bytes:
        """One answer: `<id> blob <size>`, the bytes, a newline."""
        head = answered.readline().split()
        if len(head) != 3 or head[1] != b"blob":
            raise RepositoryError(
                f"object {sha} cannot be read from {self.git.folder}; run `git fsck` there, or fetch it again"
            )
        size = int(head[2])
        data = answered.read(size + 1)
        if len(data) != size + 1:
            raise RepositoryError(f"object {sha} of {self.git.folder} ended early; run `git fsck` there")
        return data[:-1]

    def pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """The process's two pipes; starts it when it is not running."""
        if self.process is None:
            self.process = self.git.start(["cat-file", "--batch"])
        asked, answered = self.process.stdin, self.process.stdout
        if asked is None or answered is None:
            raise RepositoryError("git was started without pipes")
        return asked, answered

    def close(self) -> None:
        """End the process; the next read starts another."""
        with self.lock:
            self.stop()

    def stop(self) -> None:
        """End the process, whatever state its pipes are in; the caller holds the lock."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.communicate()
