"""Features of text fields: how well a file's words answer the issue's."""

import numpy as np

from agentless.localize.bm25 import (
    Matrix,
    Vector,
    count_matrix,
    inverse_frequency,
    normalised,
    saturated_sum,
    unit,
)
from agentless.localize.corpus import Corpus, Counts
from agentless.localize.query import Query, by_stem
from agentless.localize.weights import Weights


def text_features(corpus: Corpus, query: Query, weights: Weights) -> dict[str, Vector]:
    """`bm25f`, `content`, `doc`, `sym`, `path`, each divided by its maximum."""
    terms = by_stem(query)
    names = tuple(terms)
    term_weights = np.array(list(terms.values()), dtype=np.float64)
    raw = count_matrix(query.terms, corpus.content())
    lengths = np.array(corpus.word_totals(), dtype=np.float64)
    fields = {
        "content": (fold(raw, query, names), lengths),
        "doc": (
            count_matrix(names, corpus.docs(frozenset(names))),
            np.array(corpus.doc_totals(), dtype=np.float64),
        ),
        "sym": counted(names, corpus.symbols()),
        "path": counted(names, corpus.path_words()),
    }
    features = {"bm25f": bm25f(fields, term_weights, weights)}
    features["content"] = bm25(raw, lengths, query.weights, weights, "content")
    for field in ("doc", "sym", "path"):
        features[field] = bm25(*fields[field], term_weights, weights, field)
    return {name: unit(values) for name, values in features.items()}


def counted(names: tuple[str, ...], documents: list[Counts]) -> tuple[Matrix, Vector]:
    """Counts of the terms, and the lengths of the documents."""
    return count_matrix(names, documents), np.array([sum(d.values()) for d in documents], dtype=np.float64)


def fold(raw: Matrix, query: Query, names: tuple[str, ...]) -> Matrix:
    """Rows of terms with one stem added up: BM25F needs the same term in every field."""
    rows = {name: row for row, name in enumerate(names)}
    folded = np.zeros((len(names), raw.shape[1]), dtype=np.float64)
    np.add.at(folded, [rows[name] for name in query.stems], raw)
    return folded


def bm25f(fields: dict[str, tuple[Matrix, Vector]], term_weights: Vector, weights: Weights) -> Vector:
    """Fields added up before saturation, each with its own weight and length normalisation."""
    total = np.zeros_like(fields["content"][0])
    for name, (counts, lengths) in fields.items():
        field = weights.bm25f[name]
        total += field.weight * normalised(counts, lengths, field.b)
    return saturated_sum(total, term_weights * inverse_frequency(total), weights.bm25f_k1)


def bm25(counts: Matrix, lengths: Vector, term_weights: Vector, weights: Weights, field: str) -> Vector:
    """One field by itself."""
    setting = weights.single[field]
    frequencies = normalised(counts, lengths, setting.b)
    return saturated_sum(frequencies, term_weights * inverse_frequency(counts), setting.k1)
