"""Words by number: facts hold numbers, so that 17,000 versions of 3,000 files name each word once.

The one of a blob cache lies beside the facts in the same file (`wordlist`); an index without a cache has its own.
"""

import secrets
from collections.abc import Iterable


class Vocabulary:
    """Words and their numbers, from 0 in order of arrival; a number never changes its word."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch or secrets.randbelow(2**32 - 1) + 1
        """Tells it from every other one, 1 to 2^32 - 1."""
        self.words: list[str] = []
        """Number -> word. Only ever appended to."""
        self.numbers: dict[str, int] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Number those words that have none; not from several threads at once."""
        for word in words:
            if word not in self.numbers:
                self.words.append(word)
                self.numbers[word] = len(self.words) - 1

    def learned(self, words: Iterable[str]) -> "Vocabulary":
        """Itself, with these words."""
        self.learn(words)
        return self

    def covers(self, epoch: int, count: int) -> bool:
        """Whether facts of this epoch that use the first `count` words can be read."""
        return epoch == self.epoch and count <= len(self.words)
