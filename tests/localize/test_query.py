"""Issues as weighted words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.query import MAX_TERMS, Query, by_stem, read_query


def weight(query: Query, term: str) -> float:
    return float(query.weights[query.terms.index(term)])


def test_saturated_weights_of_title_code_and_prose() -> None:
    query = read_query("Empty carts\n\nThe add_item method; the method again.")
    assert weight(query, "method") == pytest.approx(3 * 2 / (2 + 2))
    assert weight(query, "add_item") == pytest.approx(3 * 1 / (1 + 2) * 1.5)
    assert weight(query, "carts") == pytest.approx(3 * 1 / (1 + 2) * 3)


def test_words_are_split_and_whole() -> None:
    query = read_query("title\n\nBlueprintSetupState")
    assert {"blueprintsetupstate", "blueprint", "setup", "state"} <= set(query.terms)


def test_a_word_of_the_title_counts_wherever_it_stands() -> None:
    query = read_query("carts\n\ncarts")
    assert weight(query, "carts") == pytest.approx(3 * 2 / (2 + 2) * 3)


def test_stems_run_parallel_and_add_up() -> None:
    query = read_query("cart\n\ncarts")
    assert query.stems == ("cart", "cart")
    assert by_stem(query) == {"cart": pytest.approx(3 + 1)}


def test_an_empty_issue_has_no_terms() -> None:
    query = read_query("")
    assert query.terms == () and query.weights.shape == (0,)


def test_a_huge_issue_keeps_its_heaviest_terms() -> None:
    words = " ".join(f"word{number}q" for number in range(5000))
    query = read_query(f"title important\n\n{words}")
    assert len(query.terms) == MAX_TERMS
    assert "important" in query.terms


@given(st.text(max_size=200))
def test_weights_are_bounded(issue: str) -> None:
    query = read_query(issue)
    assert len(query.terms) == len(set(query.terms)) == len(query.stems) == len(query.weights)
    assert np.all(query.weights > 0) and np.all(query.weights < 3 * 3 * 1.5)
