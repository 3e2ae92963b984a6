"""Features of history: what the messages of commits say about the files they changed, how often and how lately.

Everything is about ancestors of the commit under repair (`repo.history.Past`), and no figure depends on the order
in which a history came to know them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentless.localize.bm25 import (
    Table,
    Vector,
    inverse_frequency,
    normalised,
    saturated_sum,
    unit,
)
from agentless.localize.corpus import Corpus
from agentless.repo import Past
from agentless.repo.history import Numbers, Rows

YEAR_S = 365.25 * 86400
FOCUSED_FILES = 30
"""A commit that changes more files than this is a move or a release: its message describes none of them."""
NEIGHBOURS = 100
"""Commits most like the issue that vote for their files."""
COMMIT_K1 = 4.0
COMMIT_B = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Which ancestor changed which files of the corpus."""

    past: Past
    commits: Numbers
    """Numbers of the ancestors that changed one at least."""
    files: Rows
    """Place in `commits` -> places in the corpus."""
    column: NDArray[np.int64]
    """Commit number -> place in `commits`, -1 for all others."""
    documents: int
    """Files of the corpus."""

    @classmethod
    def of(cls, corpus: Corpus, past: Past) -> "Changes":
        """Changes of the corpus's files, by commits that change few; paths that are gone are left out."""
        known = {path: place for place, path in enumerate(corpus.paths)}
        by_number = np.array([known.get(path, -1) for path in past.history.paths], dtype=np.int32)
        commits, paths = past.changes()
        places = by_number[paths]
        sizes = np.bincount(commits[places >= 0], minlength=len(past.ancestors))
        kept = (places >= 0) & (sizes[commits] <= FOCUSED_FILES)
        sizes[sizes > FOCUSED_FILES] = 0
        found = np.flatnonzero(sizes).astype(np.int32)
        column = np.full(len(past.ancestors), -1, dtype=np.int64)
        column[found] = np.arange(len(found))
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[found])]).astype(np.int32)
        return cls(past, found, Rows(starts, places[kept]), column, len(corpus.paths))

    def spread(self, commits: Numbers, values: Vector) -> Vector:
        """Each commit's value given to each of its files, added up by file; `commits` are places."""
        owners, places = self.files.take(commits)
        summed: Vector = np.bincount(places, values[owners], self.documents).astype(np.float64)
        return summed

    def ages(self) -> Vector:
        """Years between each commit and the one under repair, by author date; 0 for later dates (rebased)."""
        seconds = self.past.date - self.past.history.dates[self.commits]
        return np.maximum(seconds, 0) / YEAR_S


def message_table(changes: Changes, stems: Sequence[str]) -> Table:
    """Occurrences of each stem in the message of each commit."""
    found = [changes.past.mentions(stem) for stem in stems]
    rows = np.repeat(np.arange(len(stems), dtype=np.int64), [len(commits) for commits, _ in found])
    columns = changes.column[np.concatenate([NONE, *(commits for commits, _ in found)])]
    counts = np.concatenate([NONE, *(counts for _, counts in found)]).astype(np.float64)
    kept = columns >= 0
    return Table.of(rows[kept], columns[kept], counts[kept], (len(stems), len(changes.commits)))


def message_field(changes: Changes, messages: Table) -> tuple[Table, Vector]:
    """Each file as a document: the messages of the commits that changed it; and the length of each."""
    owners, places = changes.files.take(messages.columns.astype(np.int32))
    shape = (messages.shape[0], changes.documents)
    table = Table.of(messages.rows[owners], places.astype(np.int64), messages.values[owners], shape)
    return table, changes.spread(np.arange(len(changes.commits), dtype=np.int32), message_lengths(changes))


def message_lengths(changes: Changes) -> Vector:
    """Words of each commit's message."""
    return changes.past.history.message_lengths()[changes.commits].astype(np.float64)


def alike_commits(changes: Changes, messages: Table, term_weights: Vector, years: float, power: float) -> Vector:
    """Files of the ancestors whose message is most like the issue.

    Each votes for its files with (BM25 / best)^power * exp(-age / years) / sqrt(files). The 100 heaviest votes
    count.
    """
    frequencies = normalised(messages, message_lengths(changes), COMMIT_B)
    scores = unit(saturated_sum(frequencies, term_weights * inverse_frequency(messages), COMMIT_K1))
    votes = np.round(scores**power * np.exp(-changes.ages() / years), 12)
    if not votes.any():
        return np.zeros(changes.documents, dtype=np.float64)
    counted = min(NEIGHBOURS, len(votes))
    # all that are as heavy as the last one, so that the order of commits decides nothing
    nearest = np.flatnonzero((votes >= np.partition(votes, -counted)[-counted]) & (votes > 0)).astype(np.int32)
    return unit(changes.spread(nearest, votes[nearest] / np.sqrt(changes.files.lengths()[nearest])))


def change_features(changes: Changes) -> dict[str, Vector]:
    """`recency` = 1 / (1 + years since the last change), `log_commits` = log(1 + commits) / the largest."""
    places = changes.files.values
    age = np.full(changes.documents, np.inf, dtype=np.float64)
    np.minimum.at(age, places, np.repeat(changes.ages(), changes.files.lengths()))
    commits = np.bincount(places, minlength=changes.documents)
    return {"recency": 1.0 / (1.0 + age), "log_commits": unit(np.log1p(commits.astype(np.float64)))}


NONE = np.zeros(0, dtype=np.int32)
