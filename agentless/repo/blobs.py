"""Blobs out of the object store, through the `git cat-file` processes of `lender`."""

import threading
from collections.abc import Iterable, Iterator

from agentless.errors import RepositoryError
from agentless.repo.lender import LENDER, Lender
from agentless.repo.plumbing import Git
from agentless.repo.tree import Entry

ASKED_AT_ONCE = 500
BYTES_AT_ONCE = 16_000_000
"""Blobs held in memory together; a larger one is held alone."""


class BlobReader:
    """Reads blobs by id; safe to use from several threads."""

    def __init__(self, git: Git, lender: Lender = LENDER) -> None:
        self.git = git
        self.lender = lender
        self.lock = threading.Lock()
        self.closed = False

    def read(self, sha: str) -> bytes:
        """One blob by its full id.

        Raises:
            RepositoryError: it is not in the object store, or the reader is closed.
        """
        return self.answers([sha])[0]

    def read_many(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """Their blobs in order, at most `BYTES_AT_ONCE` of them (or one) in memory.

        Raises:
            RepositoryError: one is not in the object store, or the reader is closed.
        """
        for shas in batches(entries):
            blobs = self.answers(shas)
            blobs.reverse()
            while blobs:
                yield blobs.pop()  # nothing here keeps what the caller has let go

    def answers(self, shas: list[str]) -> list[bytes]:
        """The blobs; whoever closes the reader waits for them."""
        with self.lock:
            if self.closed:
                raise RepositoryError("the snapshot is closed and can be read no more; open it again")
            contents = self.lender.contents(self.git, shas)
        for sha, content in zip(shas, contents, strict=True):
            if content is None or content[0] != "blob":
                raise RepositoryError(
                    f"object {sha} cannot be read from {self.git.folder}; run `git fsck` there, or fetch it again"
                )
        return [content[1] for content in contents if content is not None]

    def close(self) -> None:
        """Refuse further reads; a second call does nothing. Other readers of the store go on."""
        with self.lock:
            self.closed = True


def batches(entries: Iterable[Entry]) -> Iterator[list[str]]:
    """Ids to ask for together, few and small enough for memory."""
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
