"""Facts of blobs on disk, shared by all runs and processes of a user: one SQLite file.

SQLite in WAL mode lets many processes read while one writes; packed files of our own would need locks and
compaction for the same. Each row carries a checksum, so that a damaged one is a miss and never a wrong answer.
Nothing here is worth an error: a cache that cannot be opened, read or written does without.
"""

import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agentless.folders import cache_folder
from agentless.repo import rows, wordlist
from agentless.repo.reader import Reader, Source
from agentless.repo.recent import Recent
from agentless.repo.vocabulary import Vocabulary

FILE_NAME = "blobs.sqlite3"
MAX_BYTES = 1 << 30
"""Default bound of the file, bytes."""
WAIT_S = 10.0
"""How long a writer waits for another one."""
OPEN_TRIES = 20
OPEN_PAUSE_S = 0.05
DAY_S = 86400
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

SETTINGS = """
PRAGMA page_size = 1024;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 16777216;
PRAGMA wal_autocheckpoint = 8000;
"""
SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs (key BLOB PRIMARY KEY, used INTEGER NOT NULL, reason TEXT NOT NULL,
                                  facts BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS blobs_used ON blobs (used);
"""
ANY = "SELECT 1 FROM blobs LIMIT 1"
DAYS = "SELECT used, count(*) FROM blobs GROUP BY used"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CachedBlob:
    """One remembered blob."""

    reason: str
    """Why its content may not be edited, "" when it may."""
    facts: bytes = b""
    """Packed facts, empty when nobody asked for them yet."""

    def checksum(self, key: bytes) -> int:
        """CRC-32 of both and of the key: a damaged index of the file leads to rows of other keys."""
        return zlib.crc32(self.facts, zlib.crc32(self.reason.encode("utf-8", "replace"), zlib.crc32(key)))


EDITABLE = CachedBlob("")
"""Of files that nobody asked the facts of: most of them are not sources."""


class BlobCache:
    """One user's cache. Safe for threads and for any number of processes, each with an object of its own."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.file = folder / FILE_NAME
        self.max_bytes = max_bytes
        self.lock = threading.Lock()
        self.database, self.inode = connect(self.file)
        self.vocabulary = Vocabulary()
        """Words of the facts in the file, as far as this process has seen them; another one after damage."""
        self.texts = Reader(self.vocabulary)
        """What this process has read, by the words of the vocabulary."""
        self.recent: Recent[bytes, CachedBlob] = Recent()
        """Sound rows that were loaded on the day below."""
        self.day = 0

    @classmethod
    def open(cls, folder: Path | None = None, max_bytes: int = MAX_BYTES) -> "BlobCache":
        """Open or make the cache; one that cannot be used remembers nothing.

        Args:
            folder: None is `$XDG_CACHE_HOME/agentless`, or ~/.cache/agentless.
            max_bytes: size of the file above which the least recently used quarter of the rows goes.
        """
        return cls(folder if folder is not None else cache_folder(), max_bytes)

    def load(self, keys: Sequence[bytes]) -> dict[bytes, CachedBlob]:
        """What is known of these keys; damaged rows are dropped and missing."""
        today = int(time.time()) // DAY_S
        with self.lock:
            if self.day != today:  # rows are to note the new day
                self.recent.clear()
            self.day = today
            found = self.recent.get_many(keys)
        if len(found) < len(keys):
            read = self.read([key for key in keys if key not in found], today)
            with self.lock:
                self.recent.put_many({key: (blob, len(blob.facts)) for key, blob in read.items()})
            found.update(read)
        if found:
            self.attempt(self.refresh, None)
        return found

    def read(self, keys: Sequence[bytes], today: int) -> dict[bytes, CachedBlob]:
        """See `load`: the same from disk."""
        found: dict[bytes, CachedBlob] = {}
        asked = frozenset(keys)
        damaged: list[tuple[bytes]] = []
        stale: list[tuple[int, bytes]] = []
        nothing: list[tuple[Any, ...]] = []
        for key, used, reason, facts, checksum in self.attempt(
            lambda database: rows.load(database, keys), nothing
        ):
            sound = key in asked and isinstance(reason, str) and isinstance(facts, bytes)
            blob = EDITABLE if sound and not reason and not facts else CachedBlob(reason, facts) if sound else None
            if blob is None or blob.checksum(key) != checksum:
                damaged.append((key,))
                continue
            found[key] = blob
            if used != today:
                stale.append((today, key))
        if damaged or stale:
            self.attempt(lambda database: rows.touch(database, damaged, stale), None)
        return found

    def refresh(self, database: sqlite3.Connection) -> None:
        """Learn the words that others have added; the lock is held."""
        self.vocabulary = wordlist.refreshed(database, self.vocabulary)

    def read_texts(self, sources: Sequence[Source]) -> tuple[list[bytes], Vocabulary] | None:
        """Packed facts of texts and the vocabulary that they are of; None where it cannot learn their words."""
        return self.texts.read(sources, self.learn) if self.database is not None else None

    def learn(self, words: Iterable[str]) -> Vocabulary | None:
        """The vocabulary with all of these words, kept on disk; None where disk or lock forbids it."""
        return self.attempt(lambda database: self.extend(database, words), None)

    def extend(self, database: sqlite3.Connection, words: Iterable[str]) -> Vocabulary | None:
        """See `learn`; the lock is held."""
        self.vocabulary = wordlist.extended(database, self.vocabulary, words)
        return self.vocabulary

    def save(self, blobs: Mapping[bytes, CachedBlob]) -> None:
        """Remember all of these or, where disk or lock forbids it, none. Facts are never replaced by none."""
        today = int(time.time()) // DAY_S
        lines = [(key, today, blob.reason, blob.facts, blob.checksum(key)) for key, blob in blobs.items()]
        with self.lock:
            self.recent.drop(blobs)
        self.attempt(lambda database: rows.write(database, lines), None)
        self.attempt(lambda database: rows.evict(database, self.max_bytes), None)

    def size_bytes(self) -> int:
        """Bytes in use, 0 for a cache that cannot be used."""
        return self.attempt(rows.used_bytes, 0)

    def days(self) -> dict[int, int]:
        """Day of last use, in days since 1970 -> blobs; empty for a cache that cannot be used."""
        nothing: list[tuple[int, int]] = []
        return dict(self.attempt(lambda database: database.execute(DAYS).fetchall(), nothing))

    def prune(self, before_day: int, max_bytes: int | None = None) -> bool:
        """Forget what was last used before a day (days since 1970), then the least recently used above a size.

        Returns:
            False where disk or lock forbids it.
        """
        with self.lock:
            self.recent.clear()
        return self.attempt(lambda database: self.forget(database, before_day, max_bytes), False)

    def forget(self, database: sqlite3.Connection, before_day: int, max_bytes: int | None) -> bool:
        """See `prune`; the lock is held. The words go when nothing is left that uses them."""
        rows.forget(database, before_day, max_bytes)
        if not database.execute(ANY).fetchall():
            wordlist.forget(database)
            rows.give_back(database)
            self.vocabulary = Vocabulary()
        return True

    def close(self) -> None:
        """Close the file; later calls remember nothing."""
        with self.lock:
            database, self.database = self.database, None
            self.recent.clear()
            if database is not None:
                database.close()

    def __enter__(self) -> "BlobCache":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def attempt(self, work: Callable[[sqlite3.Connection], Result], otherwise: Result) -> Result:
        """The work's result, `otherwise` when the database refuses; a damaged file is replaced by an empty one."""
        with self.lock:
            if self.database is None:
                return otherwise
            try:
                return work(self.database)
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", 0) in DAMAGED:
                    self.replace()
                return otherwise
            except BaseException:  # interrupted, maybe between two words
                self.vocabulary = Vocabulary()
                raise

    def replace(self) -> None:
        """Put the damaged file away and start an empty one; the caller holds the lock."""
        if self.database is not None:
            self.database.close()
        discard(self.file, self.inode)
        self.database, self.inode = connect(self.file)
        self.vocabulary = Vocabulary()
        self.recent.clear()


def connect(file: Path) -> tuple[sqlite3.Connection | None, int]:
    """(the opened file, its inode); (None, 0) when that is impossible. A damaged file is replaced once."""
    for _ in range(OPEN_TRIES):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return opened(file), file.stat().st_ino
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) in DAMAGED:
                discard(file, file.stat().st_ino)
            else:
                time.sleep(OPEN_PAUSE_S)  # another process is making the file at this moment
        except OSError:
            break
    return None, 0


def opened(file: Path) -> sqlite3.Connection:
    """A connection to a file with the table in it.

    Raises:
        sqlite3.DatabaseError: damaged, locked, or not writable.
    """
    database = sqlite3.connect(file, WAIT_S, isolation_level="IMMEDIATE", check_same_thread=False)
    database.text_factory = legible
    try:
        database.executescript(SETTINGS)
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'blobs_used'").fetchall():
            database.executescript(SCHEMA)
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchall():
            database.executescript(wordlist.SCHEMA)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def legible(text: bytes) -> str:
    """A text of a row as it is; a damaged one fails its checksum instead of the whole question."""
    return text.decode("utf-8", "replace")


def discard(file: Path, inode: int) -> None:
    """Remove a damaged file, unless another process has replaced it already."""
    try:
        if file.stat().st_ino == inode:
            away = file.with_name(f"{file.name}.damaged-{os.getpid()}-{time.time_ns()}")
            file.rename(away)
            for suffix in ("-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            away.unlink()
    except FileNotFoundError:
        return
