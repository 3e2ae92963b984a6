"""The vocabulary of a blob cache, in the same SQLite file: pages of words, only ever appended to.

A page holds the words that one write brought, under the number of its first word, with a checksum. Numbers are
given inside a write transaction, after all pages of others were read, so that no number is given twice. A
damaged page ends the vocabulary: another one begins under its own epoch, and facts of the old one are misses.
"""

import sqlite3
import zlib
from collections.abc import Iterable

from agentless.repo.vocabulary import Vocabulary

SCHEMA = """
CREATE TABLE IF NOT EXISTS words (first INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, packed BLOB NOT NULL,
                                  sum INTEGER NOT NULL);
"""
PAGES = "SELECT first, epoch, packed, sum FROM words WHERE first >= ? ORDER BY first"
EPOCH = "SELECT epoch FROM words WHERE first = 0"
APPEND = "INSERT INTO words (first, epoch, packed, sum) VALUES (?, ?, ?, ?)"
DROP = "DELETE FROM words"


def refreshed(database: sqlite3.Connection, known: Vocabulary) -> Vocabulary:
    """The vocabulary in the file: the known one with what others have appended, or another one.

    Raises:
        sqlite3.DatabaseError: the file cannot be read.
    """
    found = database.execute(EPOCH).fetchone()
    if found is None:
        if database.execute("SELECT 1 FROM words LIMIT 1").fetchone():
            drop(database)  # pages without the first one
        return known if not known.words else Vocabulary()
    vocabulary = known if known.epoch == found[0] else Vocabulary(found[0])
    for first, epoch, packed, checksum in database.execute(PAGES, (len(vocabulary.words),)).fetchall():
        if epoch != vocabulary.epoch or first != len(vocabulary.words) or zlib.crc32(packed) != checksum:
            drop(database)
            return Vocabulary()
        vocabulary.learn(zlib.decompress(packed).decode("utf-8").split("\n"))
    return vocabulary


def drop(database: sqlite3.Connection) -> None:
    """Forget all pages, as part of the transaction that the caller may be in."""
    inside = database.in_transaction
    database.execute(DROP)
    if not inside:
        database.commit()


def extended(database: sqlite3.Connection, known: Vocabulary, words: Iterable[str]) -> Vocabulary:
    """The vocabulary in the file with all of these words; new ones are on disk before they have a number here.

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
        if new:
            packed = zlib.compress("\n".join(new).encode("utf-8", "replace"), 6)
            page = (len(vocabulary.words), vocabulary.epoch, packed, zlib.crc32(packed))
            database.execute(APPEND, page)
    vocabulary.learn(new)
    return vocabulary
