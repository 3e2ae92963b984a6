"""Votes of the rollouts and the ranking of retrieval, fused into one list of files.

Reciprocal rank fusion: score = sum over the lists of 1 / (k + rank), rank counted from 1. Nemotron-Cascade uses
k = 0 (arXiv 2512.13607, 7.1): the first places of both lists weigh most. Cormack et al. (SIGIR 2009) used k = 60.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from agentless.records import RankedFile, Rollout


def rank_votes(rollouts: Sequence[Rollout], retrieved: Mapping[str, int]) -> list[tuple[str, int]]:
    """(path, votes) by number of rollouts that name it; ties by mean place in the replies, then by retrieval.

    Args:
        rollouts: replies of the model, only those with outcome `ok` vote.
        retrieved: path -> rank of retrieval, from 1.
    """
    votes: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for rollout in rollouts:
        for place, path in enumerate(dict.fromkeys(rollout.paths if rollout.outcome == "ok" else ())):
            votes[path] += 1
            places[path] += place
    last = len(retrieved) + 1

    def order(path: str) -> tuple[int, float, int, str]:
        return -votes[path], places[path] / votes[path], retrieved.get(path, last), path

    return [(path, votes[path]) for path in sorted(votes, key=order)]


def reciprocal_rank(rankings: Sequence[Sequence[str]], k: float) -> dict[str, float]:
    """Path -> sum of 1 / (k + rank), rank from 1; the first mention of a path in a list counts.

    Raises:
        ValueError: k is negative (rank 1 with k = -1 would divide by zero).
    """
    if k < 0:
        raise ValueError(f"k of reciprocal rank fusion must not be negative, got {k}")
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, path in enumerate(dict.fromkeys(ranking), start=1):
            scores[path] = scores.get(path, 0.0) + 1.0 / (k + rank)
    return scores


def fuse(
    rollouts: Sequence[Rollout], ranked: Sequence[RankedFile], *, k: float, limit: int
) -> tuple[RankedFile, ...]:
    """The best `limit` files of both lists; without a single vote, retrieval's own first files, scores unchanged.

    Ties go to the file with more votes, then to retrieval's order.
    """
    retrieved = {file.path: rank for rank, file in enumerate(ranked, start=1)}
    voted = rank_votes(rollouts, retrieved)
    if not voted:
        return tuple(ranked[:limit])
    votes = dict(voted)
    known = {file.path: file for file in ranked}
    scores = reciprocal_rank([[path for path, _ in voted], [file.path for file in ranked]], k)
    last = len(ranked) + 1
    order = sorted(scores, key=lambda path: (-scores[path], -votes.get(path, 0), retrieved.get(path, last), path))
    return tuple(
        RankedFile(
            path=path,
            score=scores[path],
            votes=votes.get(path, 0),
            reasons=reasons(votes.get(path, 0), len(rollouts), known.get(path)),
        )
        for path in order[:limit]
    )


def reasons(votes: int, rollouts: int, file: RankedFile | None) -> tuple[str, ...]:
    """What speaks for a file: the votes first, then what retrieval saw in it."""
    own = (f"named in {votes} of {rollouts} rollouts",) if votes else ()
    return own + (file.reasons if file else ())
