"""Words by number: facts hold numbers, so that 17,000 versions of 3,000 files name each word once.

The one of a blob cache lies beside the facts in the same file (`wordlist`); an index without a cache has its own.
"""

import secrets
from bisect import bisect_left
from collections.abc import Iterable


class Vocabulary:
    """Words and their numbers, from 0 in order of arrival; a number never changes its word."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch or secrets.randbelow(2**32 - 1) + 1
        """Tells it from every other one, 1 to 2^32 - 1."""
        self.words: list[str] = []
        """Number -> word. Only ever appended to."""
        self.numbers: dict[str, int] = {}
        self.ends: list[int] = []
        """How many words there were after each time that some were learned."""
        self.seals: list[int] = []
        """What was said of them then: tells these words, and all before them, from any others."""

    @property
    def seal(self) -> int:
        """The last one."""
        return self.seals[-1] if self.seals else self.epoch

    def learn(self, words: Iterable[str], seal: int = 0) -> None:
        """Number those words that have none; not from several threads at once.

        Args:
            words: any.
            seal: 32 bits; 0 is the last one again, for words that nobody else numbers.
        """
        seal = seal or self.seal
        for word in words:
            if word not in self.numbers:
                self.words.append(word)
                self.numbers[word] = len(self.words) - 1
        self.ends.append(len(self.words))
        self.seals.append(seal)

    def learned(self, words: Iterable[str]) -> "Vocabulary":
        """Itself, with these words."""
        self.learn(words)
        return self

    def seal_of(self, count: int) -> int | None:
        """The seal that the first `count` words are under; None where it has not so many."""
        place = bisect_left(self.ends, count)
        return self.epoch if count == 0 else self.seals[place] if place < len(self.seals) else None

    def covers(self, seal: int, count: int) -> bool:
        """Whether facts that use the first `count` words, under that seal, can be read."""
        return seal == self.seal_of(count)
