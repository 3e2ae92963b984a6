"""Features of text fields: how well a file's words answer the issue's."""

from collections.abc import Collection, Mapping

import numpy as np

from agentless.localize.bm25 import (
    Table,
    Vector,
    inverse_frequency,
    normalised,
    regrouped,
    saturated_sum,
    unit,
    weighted_sum,
)
from agentless.localize.corpus import Corpus, own_names, path_names
from agentless.localize.counts import Field, count_names, count_texts
from agentless.localize.query import Query, by_stem
from agentless.localize.weights import Weights

FIELDS = ("doc", "sym", "path", "hist")


def text_features(
    corpus: Corpus,
    query: Query,
    weights: Weights,
    wanted: Collection[str] = ("content", "doc", "sym", "path"),
    history: Field | None = None,
) -> dict[str, Vector]:
    """`bm25f`, `title` (BM25F of the title's words alone) and fields by themselves, each divided by its maximum.

    Args:
        corpus: the files.
        query: the issue.
        weights: those of the fields.
        wanted: fields that are features of their own: `content`, `doc`, `sym`, `path`, `hist`.
        history: the words of the commits that changed each file, over the query's stems; one more field, `hist`.
    """
    terms = by_stem(query)
    names = tuple(terms)
    term_weights = np.array(list(terms.values()), dtype=np.float64)
    content, docs = count_texts(query.terms, corpus.facts, corpus.vocabulary)
    fields = {
        "content": (fold(content[0], query, names), content[1]),
        "doc": (fold(docs[0], query, names), docs[1]),
        "sym": count_names(names, map(own_names, corpus.facts)),
        "path": count_names(names, map(path_names, corpus.paths)),
    }
    if history is not None:
        fields["hist"] = history
    total = merged(fields, weights)
    rarity = inverse_frequency(total) ** weights.rarity
    title = np.array([name in query.title_stems for name in names], dtype=np.float64)
    features = {
        "bm25f": saturated_sum(total, term_weights * rarity, weights.bm25f_k1),
        "title": saturated_sum(total, term_weights * title * rarity, weights.bm25f_k1),
    }
    if "content" in wanted:
        features["content"] = bm25(*content, query.weights, weights, "content")
    for field in FIELDS:
        if field in wanted and field in fields:
            features[field] = bm25(*fields[field], term_weights, weights, field)
    return {name: unit(values) for name, values in features.items()}


def fold(raw: Table, query: Query, names: tuple[str, ...]) -> Table:
    """Rows of terms with one stem added up: BM25F needs the same term in every field."""
    rows = {name: row for row, name in enumerate(names)}
    return regrouped(raw, np.array([rows[name] for name in query.stems], dtype=np.int64), len(names))


def merged(fields: Mapping[str, Field], weights: Weights) -> Table:
    """BM25F's term frequencies: fields added up, each with its own weight and length normalisation."""
    scaled = [normalised(*field, weights.bm25f[name].b) for name, field in fields.items()]
    return weighted_sum(scaled, [weights.bm25f[name].weight for name in fields])


def bm25(counts: Table, lengths: Vector, term_weights: Vector, weights: Weights, field: str) -> Vector:
    """One field by itself."""
    setting = weights.single[field]
    frequencies = normalised(counts, lengths, setting.b)
    return saturated_sum(frequencies, term_weights * inverse_frequency(counts) ** weights.rarity, setting.k1)
