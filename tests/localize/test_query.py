"""Issues as weighted words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.query import MAX_TERMS, Query, by_stem, read_query, without_comments
from agentless.localize.weights import Emphasis


def weight(query: Query, term: str) -> float:
    return float(query.weights[query.terms.index(term)])


def test_saturated_weights_of_title_and_prose() -> None:
    query = read_query("Empty carts\n\nThe add_item method; the method again.")
    assert weight(query, "method") == pytest.approx(2 * 2 / (1 + 2))
    assert weight(query, "add_item") == pytest.approx(2 * 1 / (1 + 1))
    assert weight(query, "carts") == pytest.approx(2 * 1 / (1 + 1) * 2)


def test_code_counts_as_much_as_prose() -> None:
    query = read_query("title\n\nsome words\n```\nrun(add_item)\n```\n")
    assert weight(query, "add_item") == weight(query, "words")


def test_a_part_of_an_identifier_counts_half() -> None:
    query = read_query("title\n\nadd_item twice, item; add_item")
    assert weight(query, "add") == pytest.approx(2 * (2 / 2) / (1 + 2))
    assert weight(query, "item") == pytest.approx(2 * (1 + 2 / 2) / (1 + 3))
    assert weight(query, "add_item") == pytest.approx(2 * 2 / (1 + 2))


def test_the_title_lifts_its_words_and_not_their_parts() -> None:
    query = read_query("add_item fails")
    assert weight(query, "add_item") == weight(query, "fails") == pytest.approx(2.0)
    assert weight(query, "item") == pytest.approx(0.5)
    assert {"add_item", "add", "item", "fail"} <= query.title_stems


def test_a_word_that_the_title_has_alone_and_inside_is_its_word() -> None:
    assert weight(read_query("add_item and item"), "item") == pytest.approx(2 * 1.5 / (1 + 2) * 2)


def test_every_number_of_an_emphasis_counts() -> None:
    functions = Emphasis(saturation=2.0, title=3.0, title_part=4.0, inside=1.0, code=1.5)
    query = read_query("Empty carts by_day\n\nThe add_item method; the method again.", functions)
    assert weight(query, "method") == pytest.approx(3 * 2 / (2 + 2))
    assert weight(query, "carts") == pytest.approx(3 * 1 / (2 + 1) * 3)
    assert weight(query, "item") == weight(query, "add_item") == pytest.approx(3 * 1 / (2 + 1) * 1.5)
    assert weight(query, "day") == pytest.approx(3 * 1 / (2 + 1) * 1.5 * 4)


def test_comments_of_issue_templates_are_not_read() -> None:
    issue = "<!-- Thank you for the\nreport! -->title here\n\nbody <!-- one --> and <!-- two -->end"
    assert set(read_query(issue).terms) == {"title", "here", "body", "and", "end"}


def test_a_comment_without_an_end_is_text() -> None:
    assert {"html", "begins", "never", "ends"} <= set(read_query("html <!-- begins\n\nnever ends").terms)


def test_many_openings_of_comments_take_no_time() -> None:
    assert without_comments("<!--" * 25_000) == "<!--" * 25_000


def test_words_are_split_and_whole() -> None:
    query = read_query("title\n\nBlueprintSetupState")
    assert {"blueprintsetupstate", "blueprint", "setup", "state"} <= set(query.terms)


def test_a_word_of_the_title_counts_wherever_it_stands() -> None:
    query = read_query("carts\n\ncarts")
    assert weight(query, "carts") == pytest.approx(2 * 2 / (2 + 1) * 2)


def test_stems_run_parallel_and_add_up() -> None:
    query = read_query("cart\n\ncarts")
    assert query.stems == ("cart", "cart")
    assert by_stem(query) == {"cart": pytest.approx(2 + 1)}


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
    assert np.all(query.weights > 0) and np.all(query.weights < 2 * 2)
