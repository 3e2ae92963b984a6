"""What the commits of a repository say about its files: messages, author dates, changed paths.

Commits have numbers and so have paths and words; everything is an array over these numbers, so that a question
about 60,000 commits takes milliseconds. Only `Past`, the ancestors of one commit, answers questions: what came
later, or lies on another branch, is known here and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]

KEY_DIGITS = 16
"""Of an id in a history: one in 10^8 repositories of 500,000 commits has two of one key. Ids do not compress."""
FEWEST_COMMITS = 50
"""Ancestors below this number say nothing: a shallow clone, a young project."""


def key_of(commit_id: str) -> str:
    """What a history keeps of a commit's id."""
    return commit_id[:KEY_DIGITS]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Lists of numbers end to end: row i is `values[starts[i]:starts[i + 1]]`."""

    starts: Numbers
    values: Numbers

    def lengths(self) -> Numbers:
        """Length of every row."""
        return np.diff(self.starts)

    def take(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """(place in `rows`, value) of every value in these rows, row by row."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        ends = np.cumsum(lengths)
        places = np.repeat(np.arange(len(rows), dtype=np.int32), lengths)
        inside = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        return places, self.values[np.repeat(self.starts[rows], lengths) + inside]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Commits of a repository, on any branch; immutable. `grown` of `history_growth` makes a larger one."""

    numbers: Mapping[str, int]
    """`key_of` a commit's id -> its number."""
    tips: tuple[str, ...]
    """Ids, in full, of the commits that are nobody's parent; git need not read behind them."""
    parents: Rows
    """Commit -> numbers of its parents; a parent that is not known is left out."""
    dates: NDArray[np.int64]
    """Commit -> author date, seconds since 1970."""
    paths: tuple[str, ...]
    files: Rows
    """Commit -> numbers of the paths it changed; none where it changed too many."""
    words: Mapping[str, int]
    """Stem -> number."""
    messages: Rows
    """Stem -> numbers of the commits whose message holds it, rising."""
    counts: Numbers
    """How often it does, parallel to `messages.values`."""

    def message_lengths(self) -> Numbers:
        """Commit -> words of its message; 0 for a merge."""
        summed = np.bincount(self.messages.values, weights=self.counts, minlength=len(self.dates))
        return summed.astype(np.int32)

    def past(self, commit_id: str, fewest: int = FEWEST_COMMITS) -> "Past | None":
        """The commit and its ancestors; None when it is not known, or when these are too few."""
        commit = self.numbers.get(key_of(commit_id))
        if commit is None:
            return None
        ancestors = reachable(commit, self.parents)
        return Past(self, commit, ancestors) if np.count_nonzero(ancestors) >= fewest else None


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """A commit and its ancestors; everything below is about these alone."""

    history: History
    commit: int
    ancestors: NDArray[np.bool_]
    """By commit number."""

    @property
    def date(self) -> int:
        """Author date of the commit itself, seconds since 1970."""
        return int(self.history.dates[self.commit])

    def changes(self) -> tuple[Numbers, Numbers]:
        """(commit, path) of every change of a file, as numbers."""
        commits = np.flatnonzero(self.ancestors).astype(np.int32)
        places, paths = self.history.files.take(commits)
        return commits[places], paths

    def mentions(self, stem: str) -> tuple[Numbers, Numbers]:
        """(commit, count) for every message that holds the stem."""
        word = self.history.words.get(stem)
        if word is None:
            return NO_NUMBERS, NO_NUMBERS
        first, last = self.history.messages.starts[word : word + 2].tolist()
        commits = self.history.messages.values[first:last]
        kept = self.ancestors[commits]
        return commits[kept], self.history.counts[first:last][kept]


NO_NUMBERS: Numbers = np.zeros(0, dtype=np.int32)


def reachable(commit: int, parents: Rows) -> NDArray[np.bool_]:
    """Which commits are the given one or an ancestor of it, through all parents."""
    starts, values = parents.starts.tolist(), parents.values.tolist()
    seen = bytearray(len(starts) - 1)
    seen[commit] = 1
    open_ends = [commit]
    while open_ends:
        each = open_ends.pop()
        for parent in values[starts[each] : starts[each + 1]]:
            if not seen[parent]:
                seen[parent] = 1
                open_ends.append(parent)
    return np.frombuffer(seen, dtype=np.bool_)
