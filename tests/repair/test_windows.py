"""Whole files while they fit, else what was located, then signatures; never more than the room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.records import ElementKind, Location
from agentless.repair.windows import Source, View, plan_views, signature_lines, spans_of, with_gaps
from agentless.repo import parse_symbols


def source(path: str, functions: int, body: int = 8) -> Source:
    parts = [
        f"def f{n}(a,\n       b):\n" + "".join(f"    step({n}, {k})\n" for k in range(body))
        for n in range(functions)
    ]
    text = "\n\n".join(parts)
    return Source(path, text.split("\n"), parse_symbols(text, "python"))


def element(of: Source, name: str, kind: ElementKind = "function") -> Location:
    symbol = next(symbol for symbol in of.symbols if symbol.name == name)
    return Location(path=of.path, start_line=symbol.start_line, end_line=symbol.end_line, kind=kind, name=name)


BIG, SMALL = source("big.py", 40), source("small.py", 2)


def test_everything_is_whole_while_it_fits() -> None:
    views = plan_views([BIG, SMALL], [element(BIG, "f3")], 2, 100_000)
    assert [(view.path, view.spans) for view in views] == [("big.py", None), ("small.py", None)]
    assert views[1].code == "\n".join(SMALL.lines)


def test_a_large_file_shows_its_elements_and_a_small_one_stays_whole() -> None:
    views = plan_views([BIG, SMALL], [element(BIG, "f3"), element(BIG, "f9")], 1, 1500)
    big, small = views
    assert small.spans is None
    assert big.spans is not None
    for name in ("f3", "f9"):
        wanted = element(BIG, name)
        assert any(start <= wanted.start_line - 1 and wanted.end_line + 1 <= end for start, end in big.spans)
    assert "not shown]" in big.code


def test_signatures_fill_the_room_that_is_left() -> None:
    view = plan_views([BIG], [element(BIG, "f3")], 0, 4000)[0]
    assert "def f39(a,\n       b):" in view.code
    assert "step(39, 0)" not in view.code
    assert "step(3, 7)" in view.code


def test_the_best_element_is_cut_rather_than_dropped() -> None:
    view = plan_views([BIG], [element(BIG, "f3"), element(BIG, "f4")], 5, 200)[0]
    assert "def f3(a," in view.code
    assert "step(3, 7)" not in view.code


def test_without_elements_the_head_is_shown_where_nothing_else_fits() -> None:
    view = plan_views([Source("data.txt", ["x" * 20] * 100)], [], 5, 300)[0]
    assert view.spans is not None
    assert view.spans[0][0] == 1


def test_focused_shows_the_element_alone() -> None:
    views = plan_views([SMALL], [element(SMALL, "f1")], 1, 100_000, focused=True)
    assert [view.spans for view in views] == [((12, 23),)]


def test_a_long_class_shows_its_head() -> None:
    text = "class A:\n" + "".join(f"    x{n} = {n}\n" for n in range(300))
    big = Source("a.py", text.split("\n"), parse_symbols(text, "python"))
    view = plan_views([big], [element(big, "A", "class")], 0, 1500, focused=True)[0]
    assert view.spans == ((1, 31),)


def test_no_room_shows_nothing() -> None:
    assert plan_views([BIG], [element(BIG, "f3")], 5, 20) == []
    assert plan_views([], [], 5, 1000) == []


def test_signatures_span_lines_and_end() -> None:
    assert signature_lines(SMALL) == [0, 1, 12, 13]


@given(st.lists(st.booleans(), min_size=1))
def test_gaps_and_spans_say_the_same(shown: list[bool]) -> None:
    lines = [f"l{number}" for number in range(1, len(shown) + 1)]
    spans = spans_of(shown)
    visible = {line for start, end in spans for line in range(start, end + 1)}
    assert visible == {number for number, one in enumerate(shown, 1) if one}
    code = with_gaps(lines, spans).split("\n")
    hidden = [line for line in code if line.startswith("[lines ")]
    assert [line for line in code if line not in hidden] == [f"l{number}" for number in sorted(visible)]


@pytest.mark.parametrize("room", [100, 300, 700, 1500, 3000, 9000, 20_000])
def test_the_views_never_take_more_than_the_room(room: int) -> None:
    elements = [element(BIG, f"f{n}") for n in (30, 2, 17)]
    views = plan_views([BIG, SMALL], elements, 3, room)
    assert sum(len(view.code) + len(view.path) for view in views) <= room
    assert views == plan_views([BIG, SMALL], elements, 3, room)


def test_a_view_is_a_value() -> None:
    assert View("a", "b") == View("a", "b", None)
