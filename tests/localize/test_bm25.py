"""The formulas, by hand on small matrices."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.bm25 import count_matrix, inverse_frequency, normalised, saturated_sum, unit


def test_counts_of_terms_in_documents() -> None:
    counts = count_matrix(["a", "b"], [{"a": 2, "c": 9}, {}, {"b": 1, "a": 1, "d": 3}])
    assert counts.tolist() == [[2, 0, 1], [0, 0, 1]]


def test_counts_without_terms_or_documents() -> None:
    assert count_matrix([], [{"a": 1}]).shape == (0, 1)
    assert count_matrix(["a"], []).shape == (1, 0)


def test_inverse_frequency_by_hand() -> None:
    counts = np.array([[1.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    expected = [math.log(1 + 2.5 / 1.5), math.log(1 + 0.5 / 3.5)]
    assert inverse_frequency(counts).tolist() == pytest.approx(expected)


def test_length_normalisation() -> None:
    counts = np.array([[4.0, 4.0]])
    lengths = np.array([10.0, 30.0])
    assert normalised(counts, lengths, 0.0).tolist() == [[4.0, 4.0]]
    assert normalised(counts, lengths, 1.0)[0].tolist() == pytest.approx([8.0, 8 / 3])


def test_lengths_of_zero_change_nothing() -> None:
    assert normalised(np.array([[1.0]]), np.array([0.0]), 0.75).tolist() == [[1.0]]


def test_saturation_by_hand() -> None:
    frequencies = np.array([[1.0, 3.0], [0.0, 2.0]])
    weights = np.array([2.0, 1.0])
    expected = [2 * 1 * 3 / (1 + 2), 2 * 3 * 3 / (3 + 2) + 2 * 3 / (2 + 2)]
    assert saturated_sum(frequencies, weights, 2.0).tolist() == pytest.approx(expected)


def test_unit() -> None:
    assert unit(np.array([1.0, 4.0])).tolist() == [0.25, 1.0]
    assert unit(np.array([0.0, 0.0])).tolist() == [0.0, 0.0]
    assert unit(np.array([])).tolist() == []


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6), st.floats(0.1, 10))
def test_more_occurrences_never_lower_a_score(counts: list[float], k1: float) -> None:
    frequencies = np.array([sorted(counts)])
    scores = saturated_sum(frequencies, np.array([1.0]), k1)
    assert np.all(np.diff(scores) >= -1e-9)
    assert np.all(scores <= k1 + 1 + 1e-9)
