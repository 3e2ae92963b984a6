"""The vocabulary of a blob cache, in the same SQLite file: pages of words, only ever appended to.

A page holds the words that one write brought, under the number of its first word, with a seal: a checksum of the
page and of the seal before it, the first one of a random epoch. Numbers are given inside a write transaction,
after all pages of others were read, so that no number is given twice. Facts name the seal of the words that they
use; where pages were lost, and their numbers given again, they are misses. A damaged page ends the vocabulary,
and so does the bound: another one begins under its own epoch.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from agentless.repo.vocabulary import Vocabulary

MOST_WORDS = 2_000_000
"""About 250 MB in every process that uses them; the twelve repositories of SWE-bench have a third of that."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS words (first INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, packed BLOB NOT NULL,
                                  sum INTEGER NOT NULL);
"""
PAGES = "SELECT first, epoch, packed, sum FROM words WHERE first >= ? ORDER BY first"
EPOCH = "SELECT epoch FROM words WHERE first = 0"
LAST = "SELECT sum FROM words WHERE first < ? ORDER BY first DESC LIMIT 1"
APPEND = "INSERT INTO words (first, epoch, packed, sum) VALUES (?, ?, ?, ?)"
DROP = "DELETE FROM words"


def refreshed(database: sqlite3.Connection, known: Vocabulary) -> Vocabulary:
    """The vocabulary in the file: the known one with what others have appended, or another one.

    Raises:
        sqlite3.DatabaseError: the file cannot be read.
    """
    with one_moment(database):
        found = database.execute(EPOCH).fetchone()
        if found is None:
            if database.execute("SELECT 1 FROM words LIMIT 1").fetchone():
                database.execute(DROP)  # pages without the first one
            return known if not known.words else Vocabulary()
        epoch = found[0]
        if not isinstance(epoch, int) or not 0 < epoch < 1 << 32:
            database.execute(DROP)
            return Vocabulary()
        last = database.execute(LAST, (len(known.words),)).fetchone()
        vocabulary = known if known.epoch == epoch and last == (known.seal,) else Vocabulary(epoch)
        for first, epoch, packed, seal in database.execute(PAGES, (len(vocabulary.words),)).fetchall():
            in_place = epoch == vocabulary.epoch and first == len(vocabulary.words) and isinstance(packed, bytes)
            if not in_place or seal != sealed(packed, vocabulary):
                database.execute(DROP)
                return Vocabulary()
            vocabulary.learn(zlib.decompress(packed).decode("utf-8").split("\n"), seal)
        return vocabulary


@contextmanager
def one_moment(database: sqlite3.Connection) -> Iterator[None]:
    """A transaction, or the caller's: pages of another vocabulary are not taken for damage of the last one."""
    if database.in_transaction:
        yield
        return
    with database:
        database.execute("BEGIN")
        yield


def sealed(packed: bytes, before: Vocabulary) -> int:
    """CRC-32 of a page and, through the seal before it, of all pages before it; 1 for 0."""
    return zlib.crc32(packed, before.seal) or 1


def extended(
    database: sqlite3.Connection, known: Vocabulary, words: Iterable[str], most: int = MOST_WORDS
) -> Vocabulary:
    """The vocabulary in the file with all of these words; new ones are on disk before they have a number here.

    Args:
        database: the cache's.
        known: what this process has of it.
        words: all are in what is returned.
        most: words of a vocabulary that is full; another one takes its place.

    Raises:
        sqlite3.DatabaseError: the file cannot be written.
    """
    wanted = set(words)
    if known.words and wanted <= known.numbers.keys():
        return known
    with database:
        database.execute("BEGIN IMMEDIATE")
        vocabulary = refreshed(database, known)
        new = sorted(word for word in wanted if word not in vocabulary.numbers)
        if vocabulary.words and len(vocabulary.words) + len(new) > most:
            database.execute(DROP)
            vocabulary, new = Vocabulary(), sorted(wanted)
        if new:
            packed = zlib.compress("\n".join(new).encode("utf-8", "replace"), 6)
            seal = sealed(packed, vocabulary)
            database.execute(APPEND, (len(vocabulary.words), vocabulary.epoch, packed, seal))
    if new:
        vocabulary.learn(new, seal)
    return vocabulary


def forget(database: sqlite3.Connection) -> None:
    """Drop all words; facts that use them are misses from now on."""
    with database:
        database.execute(DROP)
