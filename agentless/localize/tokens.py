"""Stems of words; the words themselves are the repository index's (`repo.words`)."""

from functools import lru_cache
from typing import Any

from agentless.repo.words import WORD, pieces

__all__ = ["WORD", "pieces", "stem", "stems"]

CACHED_WORDS = 1 << 17
"""Vocabulary of a large repository is about 100,000 identifiers; instances of one repository share it."""


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
