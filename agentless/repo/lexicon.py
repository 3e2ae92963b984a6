"""Texts -> numbers of words: how often each word of a vocabulary occurs in each of many texts.

Texts are cut into identifiers by the bytes' own methods, and identifiers are known by number from then on: what
they are made of is looked up once each, and counting is sorting. Several times faster than one dict per text.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentless.repo.vocabulary import Vocabulary
from agentless.repo.words import WORD, split_identifier

Numbers = NDArray[np.int64]
Stream = bytes
"""Numbers of identifiers one after another, four bytes each."""

BLANKS = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(256)
)
"""Every byte that is no part of an identifier becomes a blank; those of other alphabets are looked at later."""
MOST_IDENTIFIERS = 160_000
"""More than a large repository has, with its documentation; about 25 MB."""
TEXT_SHIFT = 27
"""A key is a text's number in 16 bits, that of an identifier or word in 26, and a bit for documentation."""
WORD_MASK = (1 << TEXT_SHIFT) - 1
COUNT_BITS = 20
"""A text of 1 MB has one word half a million times at most; larger ones are not read (`rules.MAX_BYTES`)."""
MOST_TEXTS = 1 << 15
"""Counted at once."""


class Counted(NamedTuple):
    """Words of one text as parallel columns, by rising number."""

    words: Numbers
    counts: Numbers
    """Occurrences in the whole text, at least 1."""
    docs: Numbers
    """Those in its documentation."""


class Identifiers(dict[bytes, int]):
    """Identifier -> number, in order of arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.new: list[bytes] = []
        """Those whose words nobody has looked up."""

    def __missing__(self, identifier: bytes) -> int:
        number = self[identifier] = len(self)
        self.new.append(identifier)
        return number


class Lexicon:
    """Identifiers seen so far, and the words of a vocabulary that each stands for."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.identifiers = Identifiers()
        self.words: Numbers = np.zeros(0, dtype=np.int64)
        """Words of all identifiers, one after another."""
        self.ends: Numbers = np.zeros(1, dtype=np.int64)
        """Where the words of the first 0, 1, 2, ... identifiers end."""

    @property
    def full(self) -> bool:
        """Whether it is time for another one."""
        return len(self.identifiers) > MOST_IDENTIFIERS

    def stream(self, text: bytes) -> Stream:
        """A text's identifiers, in their order."""
        return array("i", list(map(self.identifiers.__getitem__, text.translate(BLANKS).split()))).tobytes()

    def count(self, texts: Sequence[Sequence[Stream]], docs: Sequence[Sequence[Stream]]) -> list[Counted]:
        """Count the words of at most `MOST_TEXTS` texts, each given as any number of streams that were looked up.

        Args:
            texts: all of each text.
            docs: its documentation, which is part of it, parallel to the texts.
        """
        keys, counts = self.spelled(
            *np.unique(np.concatenate([keyed(texts, 0), keyed(docs, 1)]), return_counts=True)
        )
        whole = (keys & 1) == 0
        in_docs = np.zeros(int(whole.sum()), dtype=np.int64)
        # a word of the documentation stands right behind the same word of the text
        in_docs[np.cumsum(whole)[~whole] - 1] = counts[~whole]
        keys, counts = keys[whole], counts[whole]
        cuts = np.searchsorted(keys, np.arange(len(texts) + 1) << TEXT_SHIFT).tolist()
        words = (keys & WORD_MASK) >> 1
        return [
            Counted(words[first:last], counts[first:last], in_docs[first:last]) for first, last in pairwise(cuts)
        ]

    def spelled(self, keys: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
        """Keys of words and their counts, sorted, out of those of identifiers.

        Keys and counts are sorted as one number, several times as fast as finding the order and then applying it.
        """
        identifiers = (keys & WORD_MASK) >> 1
        starts = self.ends[identifiers]
        sizes = self.ends[identifiers + 1] - starts
        offsets = np.cumsum(sizes) - sizes
        words = self.words[np.arange(int(sizes.sum())) + np.repeat(starts - offsets, sizes)]
        both = np.repeat((keys & ~np.int64(WORD_MASK - 1)) << COUNT_BITS | counts, sizes) | words << COUNT_BITS + 1
        both.sort()
        found = both >> COUNT_BITS
        first = np.flatnonzero(np.diff(found, prepend=-1))
        if not len(first):
            return found, found
        sums: Numbers = np.add.reduceat(both & ((1 << COUNT_BITS) - 1), first)
        return found[first], sums

    def look_up(self, learn: Callable[[Iterable[str]], Vocabulary | None]) -> Vocabulary | None:
        """Find the words of identifiers that are new.

        Args:
            learn: called with words that the vocabulary has not, if any.

        Returns:
            What `learn` gave; where that is not this vocabulary nothing was found.
        """
        spelled = [spell(identifier) for identifier in self.identifiers.new]
        lacking = {word for words in spelled for word in words if word not in self.vocabulary.numbers}
        learned = learn(lacking)
        if learned is self.vocabulary and spelled:
            number = self.vocabulary.numbers
            numbers = np.array([number[word] for words in spelled for word in words], dtype=np.int64)
            ends = self.ends[-1] + np.cumsum([len(words) for words in spelled], dtype=np.int64)
            self.words, self.ends = np.concatenate([self.words, numbers]), np.concatenate([self.ends, ends])
            self.identifiers.new = []
        return learned


def keyed(texts: Sequence[Sequence[Stream]], flag: int) -> Numbers:
    """One key for each identifier of each text."""
    streams = [b"".join(parts) for parts in texts]
    identifiers = np.frombuffer(b"".join(streams), np.int32).astype(np.int64)
    owners = np.repeat(np.arange(len(streams)), [len(stream) // 4 for stream in streams])
    keys: Numbers = owners << TEXT_SHIFT | identifiers << 1 | flag
    return keys


def spell(identifier: bytes) -> tuple[str, ...]:
    """An identifier's words; one of several alphabets, or one that begins with a digit, may be several."""
    text = identifier.decode("utf-8", "replace")
    if text.isascii() and not text[0].isdigit():
        return split_identifier(text)
    return tuple(piece for word in WORD.findall(text) for piece in split_identifier(word))
