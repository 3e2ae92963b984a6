"""A history out of logged commits, and a larger one out of a smaller one and newer commits."""

from array import array
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

import numpy as np

from agentless.repo.gitlog import LoggedCommit
from agentless.repo.history import History, Numbers, Rows, key_of
from agentless.repo.words import count_stems

MOST_FILES = 300
"""A commit that changes more files than this (a move, a formatter) says nothing about any of them."""
MOST_COUNT = 255

EMPTY = History({}, (), Rows(np.zeros(1, np.int32), np.zeros(0, np.int32)), np.zeros(0, np.int64), (),
                Rows(np.zeros(1, np.int32), np.zeros(0, np.int32)), {},
                Rows(np.zeros(1, np.int32), np.zeros(0, np.int32)), np.zeros(0, np.int32))  # fmt: skip


class Growth:
    """The arrays of a history while commits are added."""

    def __init__(self, old: History) -> None:
        self.old = old
        self.numbers = dict(old.numbers)
        self.path_numbers = {path: number for number, path in enumerate(old.paths)}
        self.word_numbers = dict(old.words)
        self.ids: list[str] = []
        self.parents: list[tuple[str, ...]] = []
        self.dates = array("q")
        self.file_counts = array("i")
        self.files = array("i")
        self.postings = array("i")
        """Stem, commit, count, and again."""

    def add(self, commit: LoggedCommit, *, cut: bool) -> None:
        """Add a commit that is not known yet; `cut`: the clone ends here, so that its files are no change."""
        number = len(self.numbers)
        self.numbers[key_of(commit.commit_id)] = number
        self.ids.append(commit.commit_id)
        self.parents.append(commit.parents)
        self.dates.append(commit.date)
        paths = () if cut or len(commit.paths) > MOST_FILES else commit.paths
        self.file_counts.append(len(paths))
        self.files.extend(self.path_numbers.setdefault(path, len(self.path_numbers)) for path in paths)
        if paths:  # a merge's message repeats those of its commits, or names a branch
            for word, count in count_stems(commit.message).items():
                place = self.word_numbers.setdefault(word, len(self.word_numbers))
                self.postings.extend((place, number, min(count, MOST_COUNT)))

    def history(self) -> History:
        """All of it."""
        old = self.old
        keys = [[key_of(name) for name in names] for names in self.parents]
        known = [[self.numbers[key] for key in each if key in self.numbers] for each in keys]
        parents = set(chain.from_iterable(self.parents))
        messages, counts = self.merged_postings()
        return History(
            numbers=self.numbers,
            tips=tuple(each for each in (*old.tips, *self.ids) if each not in parents),
            parents=longer(old.parents, [len(each) for each in known], [n for each in known for n in each]),
            dates=np.concatenate([old.dates, np.array(self.dates, np.int64)]),
            paths=tuple(self.path_numbers),
            files=longer(old.files, self.file_counts, self.files),
            words=self.word_numbers,
            messages=messages,
            counts=counts,
        )

    def merged_postings(self) -> tuple[Rows, Numbers]:
        """Old and new postings by stem; within a stem by commit, since new commits have larger numbers."""
        old = self.old.messages
        added = np.array(self.postings, np.int32).reshape(-1, 3)
        words = np.concatenate(
            [np.repeat(np.arange(len(self.old.words), dtype=np.int32), old.lengths()), added[:, 0]]
        )
        order = np.argsort(words, kind="stable")
        lengths = np.bincount(words, minlength=len(self.word_numbers))
        commits = np.concatenate([old.values, added[:, 1]])[order]
        return Rows(starts_of(lengths), commits), np.concatenate([self.old.counts, added[:, 2]])[order]


def grown(old: History, commits: Iterable[LoggedCommit], cuts: Collection[str] = ()) -> History:
    """The history with more commits; those it has are left out.

    Args:
        old: `EMPTY` to begin with.
        commits: in any order.
        cuts: ids of commits where a shallow clone ends.
    """
    growth = Growth(old)
    for commit in commits:
        if key_of(commit.commit_id) not in growth.numbers:
            growth.add(commit, cut=commit.commit_id in cuts)
    return growth.history() if len(growth.numbers) > len(old.numbers) else old


def longer(rows: Rows, lengths: Sequence[int], values: Sequence[int]) -> Rows:
    """The rows with more of them."""
    starts = starts_of(np.array(lengths, dtype=np.int64)) + rows.starts[-1]
    return Rows(
        np.concatenate([rows.starts, starts[1:]]), np.concatenate([rows.values, np.array(values, np.int32)])
    )


def starts_of(lengths: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Numbers:
    """Where each row begins, and the end."""
    starts = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=starts[1:])
    return starts
