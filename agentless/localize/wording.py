"""Features of elements: which words and phrases of the issue they hold."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from agentless.localize.bm25 import Vector, count_matrix, inverse_frequency, normalised, saturated_sum, unit
from agentless.localize.element import Element, column
from agentless.localize.query import Query, by_stem
from agentless.localize.tokens import WORD, stems

COMMENTS = re.compile(r"""("{3}|\'{3}).*?\1|(?:^|\s)(?:#|//)[^\n]*""", re.DOTALL)
"""Docstrings and line comments; a marker inside a string is taken for one, which costs a few words at most."""


def word_features(elements: Sequence[Element], words: Sequence[Sequence[str]], query: Query) -> dict[str, Vector]:
    """BM25 over all words, over those outside of comments and docstrings, of the title alone, of the name."""
    terms = by_stem(query)
    names = tuple(terms)
    heavy = np.array(list(terms.values()), dtype=np.float64)
    title = {part for word in WORD.findall(query.mentions.title) for part in stems(word)}
    in_title = np.array([float(name in title) for name in names], dtype=np.float64)
    bodies = [stem_counts(text) for text in words]
    codes = [stem_counts(WORD.findall(COMMENTS.sub(" ", element.text))) for element in elements]
    titles = [stem_counts(element.symbol.name.split(".")) for element in elements]
    return {
        "text": bm25(names, bodies, heavy, 2.0, 0.5),
        "code_text": bm25(names, codes, heavy, 2.0, 0.5),
        "title_text": bm25(names, bodies, in_title, 1.0, 0.3),
        "name": bm25(names, titles, heavy, 2.0, 0.5),
    }


def stem_counts(words: Iterable[str]) -> Counter[str]:
    """Stems of the words and of their parts."""
    return Counter(part for word in words for part in stems(word))


def phrases(words: Sequence[Sequence[str]], issue: Sequence[str]) -> Vector:
    """Runs of three words shared with the issue, each by how few elements have it: quoted code, messages."""
    wanted = triples(issue)
    shared = [triples(text) & wanted for text in words]
    holding = Counter(triple for found in shared for triple in found)
    rarity = {n: math.log1p((len(words) - n + 0.5) / (n + 0.5)) for n in set(holding.values())}
    return unit(column(sum(rarity[holding[triple]] for triple in sorted(found)) for found in shared))


def triples(words: Sequence[str]) -> set[tuple[str, str, str]]:
    """Every three words in a row, lower case."""
    lower = [word.lower() for word in words]
    return set(zip(lower, lower[1:], lower[2:], strict=False))


def bm25(
    names: Sequence[str], documents: Sequence[Mapping[str, int]], weights: Vector, k1: float, b: float
) -> Vector:
    """BM25 of the documents, the best one 1."""
    counts = count_matrix(names, documents)
    lengths = column(sum(document.values()) for document in documents)
    return unit(saturated_sum(normalised(counts, lengths, b), weights * inverse_frequency(counts), k1))
