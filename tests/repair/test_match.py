"""Exact first, one salvage after it, and never a guess between two places."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repair.match import Match, find, find_lines, reindent
from agentless.repair.outcome import Refusal

FILE = ["def a():", "    x = 1", "    return x", "", "def b():", "    y  =  2", "    return x", "\tz = 3", ""]


def place(search: list[str], replace: list[str], shown: list[tuple[int, int]] | None = None) -> Match | Refusal:
    return find(FILE, search, replace, shown)


def outcome(result: Match | Refusal) -> str:
    return result.outcome if isinstance(result, Refusal) else "found"


def test_whole_lines_are_found_exactly() -> None:
    assert place(["    x = 1"], ["    x = 2"]) == Match(1, 2, ["    x = 2"])


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (["    return x"], "search_ambiguous"),
        (["return x"], "search_ambiguous"),
        (["    return y"], "search_not_found"),
        (["    x = 1", "    return y"], "search_not_found"),
        (["x"], "search_not_found"),
        ([""], "search_ambiguous"),
        ([], "search_ambiguous"),
        (["  ", "\t"], "search_ambiguous"),
    ],
)
def test_what_names_no_single_place_is_refused(search: list[str], expected: str) -> None:
    assert outcome(place(search, ["new"])) == expected


@pytest.mark.parametrize(
    ("search", "replace", "start", "new"),
    [
        (["    x = 1   "], ["    x = 2"], 1, ["    x = 2"]),  # a trailing blank
        (["x = 1"], ["x = 2", "if x:", "    x = 3"], 1, ["    x = 2", "    if x:", "        x = 3"]),  # dedented
        (
            ["", "    x = 1", "    return x", ""],
            ["", "    x = 2", "    return x", ""],
            1,
            ["    x = 2", "    return x"],
        ),
        (
            ["x = 1", "    return x"],
            ["x = 2", "    return x"],
            1,
            ["    x = 2", "    return x"],
        ),  # first line only
        (["    y = 2", "    return x"], ["    y = 3", "    return x"], 5, ["    y = 3", "    return x"]),
        (
            ["def b():", "  y = 2"],
            ["def b():", "  y = 2", "  y += 1"],
            4,
            ["def b():", "    y  =  2", "    y += 1"],
        ),
        (["    z = 3"], ["    z = 4"], 7, ["\tz = 4"]),  # the file's tab
        (["    x = 1 "], [], 1, []),
    ],
)
def test_blanks_are_salvaged_once_and_logged(
    search: list[str], replace: list[str], start: int, new: list[str]
) -> None:
    found = place(search, replace)
    assert isinstance(found, Match)
    assert (found.start, found.replace) == (start, new)
    assert found.salvaged


def test_an_indentation_that_means_two_is_refused() -> None:
    assert reindent(["a", "b"], ["    a", "        b"], ["a", "c"]) is None


def test_one_of_two_places_counts_when_only_it_was_shown() -> None:
    found = place(["    return x"], ["    return 0"], [(5, 9)])
    assert isinstance(found, Match)
    assert found.start == 6
    assert "once in what was shown" in found.salvaged
    assert outcome(place(["    return x"], [], [(1, 9)])) == "search_ambiguous"


@given(
    st.lists(st.sampled_from(["a", "b", ""])), st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=3)
)
def test_find_lines_finds_every_run(lines: list[str], wanted: list[str]) -> None:
    size = len(wanted)
    assert find_lines(lines, wanted) == [n for n in range(len(lines) - size + 1) if lines[n : n + size] == wanted]


@given(
    st.lists(st.text(st.sampled_from("ab \t="))),
    st.lists(st.text(st.sampled_from("ab \t=")), min_size=1),
    st.lists(st.text(st.sampled_from("ab \t="))),
)
def test_no_search_raises(lines: list[str], search: list[str], replace: list[str]) -> None:
    found = find(lines, search, replace, None)
    assert isinstance(found, Refusal) or 0 <= found.start < found.end <= len(lines)


def test_repetitive_files_take_no_time() -> None:
    lines = ["    x = 1"] * 20_000
    begun = time.perf_counter()
    assert outcome(find(lines, ["    x = 1"] * 10_000, [], None)) == "search_ambiguous"
    assert outcome(find(lines, ["x = 1"] * 10_000 + ["y"], [], None)) == "search_not_found"
    assert time.perf_counter() - begun < 2
