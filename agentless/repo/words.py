"""Words for retrieval: identifiers whole and split, lower case, and their stems."""

import re
from collections import Counter
from functools import lru_cache
from typing import Any

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[^\W_]+")
PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")
CACHED_WORDS = 1 << 17
"""The vocabulary of a large repository is about 100,000 identifiers."""
LONGEST_WORD = 64
"""Longer runs are data (hashes, base64), not words."""


def split_identifier(word: str) -> tuple[str, ...]:
    """Lower-case parts of an identifier, the whole one first: `HTTPServer2` is httpserver2, http, server, 2.

    A word of one part gives itself alone; outer underscores are no part of a word.
    """
    whole = word.strip("_").lower()
    if not whole or len(whole) > LONGEST_WORD:
        return ()
    parts = [part.lower() for part in PIECE.findall(word)]
    return (whole,) if len(parts) < 2 else (whole, *parts)


@lru_cache(maxsize=CACHED_WORDS)
def pieces(word: str) -> tuple[str, ...]:
    """The same, remembered."""
    return split_identifier(word)


def count_words(text: str) -> dict[str, int]:
    """Occurrences of every word of the text and of its parts."""
    counts: dict[str, int] = {}
    for word, count in Counter(WORD.findall(text)).items():
        for piece in pieces(word):
            counts[piece] = counts.get(piece, 0) + count
    return counts


@lru_cache(maxsize=CACHED_WORDS)
def stem(word: str) -> str:
    """Snowball English stem of a lower-case word."""
    stemmed: str = stemmer().stemWord(word)
    return stemmed


@lru_cache(maxsize=CACHED_WORDS)
def stems(word: str) -> tuple[str, ...]:
    """Stems of an identifier and of its parts, each once: `setupStates` -> setupst, setup, state."""
    return tuple(dict.fromkeys(stem(piece) for piece in pieces(word)))


@lru_cache(maxsize=1)
def stemmer() -> Any:
    """One PyStemmer object; it has no type information. Its own cache is off: `stem` has one."""
    from Stemmer import Stemmer

    return Stemmer("english", 0)


def count_stems(text: str) -> dict[str, int]:
    """Occurrences of every stem of the text's words and of their parts."""
    counts: dict[str, int] = {}
    for word, count in Counter(WORD.findall(text)).items():
        for piece in stems(word):
            counts[piece] = counts.get(piece, 0) + count
    return counts
