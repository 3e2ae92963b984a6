"""Attempts are spread over elements, the best one first and most."""

import pytest

from agentless.records import Location
from agentless.repair.focus import element_of, in_files, is_first, rewritable
from agentless.repo.index import Index

PATH = "src/geometry/shapes.py"


def at(start: int, end: int, name: str = "f", path: str = PATH) -> Location:
    return Location(path=path, start_line=start, end_line=end, kind="function", name=name)


def test_the_spread_is_what_the_docstring_says() -> None:
    assert [element_of(attempt, 3) for attempt in range(8)] == [0, 1, 0, 2, 0, 1, 0, 2]
    assert [element_of(attempt, 1) for attempt in range(3)] == [0, 0, 0]
    assert [element_of(attempt, 2) for attempt in range(4)] == [0, 1, 0, 1]


@pytest.mark.parametrize("elements", [2, 3, 5, 8])
def test_the_best_element_gets_half_and_the_others_get_equal_parts(elements: int) -> None:
    total = 2 * (elements - 1) * 5
    counts = [sum(element_of(attempt, elements) == n for attempt in range(total)) for n in range(elements)]
    assert counts[0] == total // 2
    assert set(counts[1:]) == {5}


def test_one_first_attempt_per_element() -> None:
    firsts = [attempt for attempt in range(20) if is_first(attempt, 3)]
    assert firsts == [0, 1, 3]
    assert [element_of(attempt, 3) for attempt in firsts] == [0, 1, 2]


def test_elements_outside_of_files_and_twins_are_left_out(index: Index) -> None:
    wanted = [
        at(1, 3),
        at(1, 3, "twin"),
        at(0, 3),
        at(5, 4),
        at(1, 9999),
        at(1, 1, path="none.py"),
        at(1, 1, path="data/blob.bin"),
    ]
    assert in_files(index, wanted) == [at(1, 3)]


def test_only_short_named_definitions_are_rewritten(index: Index) -> None:
    lines = Location(path=PATH, start_line=1, end_line=2, kind="lines")
    good = at(8, 12, "Square")
    assert rewritable(index, [lines, at(1, 2, ""), good], 10_000) == [good]
    assert rewritable(index, [good], 20) == []


def test_a_class_gives_way_to_its_methods(index: Index) -> None:
    whole = Location(path=PATH, start_line=7, end_line=25, kind="class", name="Square")
    method = Location(path=PATH, start_line=18, end_line=25, kind="method", name="Square.grow")
    assert rewritable(index, [whole, method], 10_000) == [method]
    assert rewritable(index, [whole], 10_000) == [whole]
