"""BM25 and BM25F over small matrices of counts: rows are query terms, columns are documents.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), equations 3.15 and 3.20.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def count_matrix(terms: Sequence[str], documents: Sequence[Mapping[str, int]]) -> Matrix:
    """Occurrences of each term in each document, shape (terms, documents)."""
    counts = np.zeros((len(terms), len(documents)), dtype=np.float64)
    rows = {term: row for row, term in enumerate(terms)}
    for column, document in enumerate(documents):
        for term in rows.keys() & document.keys():
            counts[rows[term], column] = document[term]
    return counts


def normalised(counts: Matrix, lengths: Vector, b: float) -> Matrix:
    """Counts divided by 1 - b + b * length / mean length."""
    mean = float(lengths.mean()) if lengths.size else 0.0
    if mean == 0.0:
        return counts
    scaled: Matrix = counts / (1.0 - b + b * lengths / mean)
    return scaled


def inverse_frequency(counts: Matrix) -> Vector:
    """ln(1 + (N - n + 0.5) / (n + 0.5)) of each term, n = documents that hold it."""
    holding = (counts > 0).sum(axis=1)
    weights: Vector = np.log1p((counts.shape[1] - holding + 0.5) / (holding + 0.5))
    return weights


def saturated_sum(frequencies: Matrix, term_weights: Vector, k1: float) -> Vector:
    """Score of each document: sum over terms of weight * tf * (k1 + 1) / (tf + k1)."""
    scores: Vector = (term_weights[:, None] * frequencies * (k1 + 1.0) / (frequencies + k1)).sum(axis=0)
    return scores


def unit(values: Vector) -> Vector:
    """Divided by the largest value, so that 1 is the best document; all zero stays zero."""
    largest = float(values.max()) if values.size else 0.0
    scaled: Vector = values / largest if largest > 0.0 else values
    return scaled
