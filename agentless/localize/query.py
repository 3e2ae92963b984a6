"""An issue as a weighted bag of words."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentless.localize.mentions import ISSUE_CHARS, Mentions, is_code_like, read_mentions
from agentless.localize.tokens import WORD, pieces, stem
from agentless.localize.weights import Emphasis, load_weights

MAX_TERMS = 1500
"""Terms kept, heaviest first: a pasted log must not decide how long a query takes."""


@dataclass(frozen=True, slots=True)
class Query:
    """What retrieval looks for."""

    mentions: Mentions
    terms: tuple[str, ...]
    """Lower-case words, unstemmed, in order of first use."""
    weights: NDArray[np.float64]
    """Of each term, by the emphasis."""
    stems: tuple[str, ...]
    """Stem of each term; several terms may share one."""
    title_stems: frozenset[str] = frozenset()
    """Those of the title."""


@dataclass(slots=True)
class Use:
    """How an issue uses a term."""

    count: int = 0
    """Occurrences, those inside identifiers included."""
    inside: int = 0
    code: bool = False

    def weight(self, emphasis: Emphasis) -> float:
        """Without the title's factor."""
        counted = self.count - (1.0 - emphasis.inside) * self.inside
        weight = (emphasis.saturation + 1.0) * counted / (emphasis.saturation + self.count)
        return weight * (emphasis.code if self.code else 1.0)


def read_query(issue: str, emphasis: Emphasis | None = None) -> Query:
    """Read an issue; the emphasis is that of files when none is given."""
    emphasis = emphasis or load_weights().emphasis["files"]
    mentions = read_mentions(issue)
    title = read_uses(mentions.title)
    weights = {
        term: use.weight(emphasis) * title_factor(title.get(term), emphasis)
        for term, use in read_uses(without_comments(issue[:ISSUE_CHARS])).items()
    }
    kept = set(sorted(weights, key=lambda term: -weights[term])[:MAX_TERMS])
    terms = tuple(term for term in weights if term in kept)
    values = np.array([weights[term] for term in terms], dtype=np.float64)
    return Query(mentions, terms, values, tuple(map(stem, terms)), frozenset(map(stem, title)))


def read_uses(text: str) -> dict[str, Use]:
    """Each word of a text and each part of one, in order of first use."""
    uses: dict[str, Use] = {}
    for word in WORD.findall(text):
        like_code = is_code_like(word)
        for place, piece in enumerate(pieces(word)):
            use = uses.setdefault(piece, Use())
            use.count += 1
            use.inside += place > 0
            use.code |= like_code
    return uses


def title_factor(use: Use | None, emphasis: Emphasis) -> float:
    """What a term's use in the title is worth, None for none."""
    if use is None:
        return 1.0
    return emphasis.title if use.count > use.inside else emphasis.title_part


def without_comments(text: str) -> str:
    """The text without `<!-- ... -->`: what a template asks of those who write an issue, and nobody sees."""
    first, *rest = text.split("<!--")
    return first + "".join(part.partition("-->")[2] if "-->" in part else "<!--" + part for part in rest)


def by_stem(query: Query) -> Mapping[str, float]:
    """Stem -> weight, added up over its terms."""
    weights: dict[str, float] = {}
    for name, weight in zip(query.stems, query.weights.tolist(), strict=True):
        weights[name] = weights.get(name, 0.0) + weight
    return weights
