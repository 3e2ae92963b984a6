"""An issue as a weighted bag of words."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentless.localize.mentions import ISSUE_CHARS, Mentions, is_code_like, read_mentions
from agentless.localize.tokens import WORD, pieces, stem

TITLE_FACTOR = 5.0
CODE_FACTOR = 1.5
MAX_TERMS = 1500
"""Terms kept, heaviest first: a pasted log must not decide how long a query takes."""


@dataclass(frozen=True, slots=True)
class Query:
    """What retrieval looks for."""

    mentions: Mentions
    terms: tuple[str, ...]
    """Lower-case words, unstemmed, in order of first use."""
    weights: NDArray[np.float64]
    """Weight of each term: 3q / (q + 2), q = its occurrences, x5 in the title, x1.5 where it looks like code."""
    stems: tuple[str, ...]
    """Stem of each term; several terms may share one."""


def read_query(issue: str) -> Query:
    """Read an issue; the saturation 3q / (q + 2) keeps a repeated word from drowning the others."""
    mentions = read_mentions(issue)
    counts: dict[str, float] = {}
    count_words(mentions.title, TITLE_FACTOR, counts)
    body = issue[:ISSUE_CHARS].replace(mentions.title, "", 1)
    count_words(body, 1.0, counts)
    heaviest = sorted(counts, key=lambda term: -counts[term])[:MAX_TERMS]
    kept = set(heaviest)
    terms = tuple(term for term in counts if term in kept)
    raw = np.array([counts[term] for term in terms], dtype=np.float64)
    return Query(mentions, terms, 3.0 * raw / (raw + 2.0), tuple(map(stem, terms)))


def count_words(text: str, factor: float, counts: dict[str, float]) -> None:
    """Add the text's words, whole and split, to the counts."""
    for word in WORD.findall(text):
        weight = factor * (CODE_FACTOR if is_code_like(word) else 1.0)
        for piece in pieces(word):
            counts[piece] = counts.get(piece, 0.0) + weight


def by_stem(query: Query) -> Mapping[str, float]:
    """Stem -> weight, over the stem's heaviest term."""
    weights: dict[str, float] = {}
    for name, weight in zip(query.stems, query.weights.tolist(), strict=True):
        weights[name] = max(weight, weights.get(name, 0.0))
    return weights
