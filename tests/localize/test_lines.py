"""Spans clamped, widened and merged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.lines import clamp, windows
from agentless.records import Location


def span(path: str, start: int, end: int, score: float = 0.0) -> Location:
    return Location(path=path, start_line=start, end_line=end, kind="method", name="A.b", score=score)


@pytest.mark.parametrize(
    ("start", "end", "lines", "expected"),
    [
        (3, 5, 10, (3, 5)),
        (0, 5, 10, (1, 5)),
        (-7, 0, 10, None),
        (8, 99, 10, (8, 10)),
        (11, 12, 10, None),
        (5, 3, 10, (3, 5)),
        (1, 1, 0, None),
    ],
)
def test_clamp(start: int, end: int, lines: int, expected: tuple[int, int] | None) -> None:
    inside = clamp(span("a.py", start, end), lines)
    assert (inside and (inside.start_line, inside.end_line)) == expected


def test_clamp_keeps_everything_else() -> None:
    inside = clamp(span("a.py", 1, 99, 2.5), 10)
    assert inside == Location(path="a.py", start_line=1, end_line=10, kind="method", name="A.b", score=2.5)


def test_windows_merge_where_they_meet_and_keep_the_best_score() -> None:
    spans = [span("b.py", 50, 51), span("a.py", 20, 22, 1.0), span("a.py", 26, 30, 3.0), span("a.py", 60, 61)]
    merged = windows(spans, {"a.py": 62, "b.py": 100}, 2)
    assert [(w.path, w.start_line, w.end_line, w.score) for w in merged] == [
        ("a.py", 18, 32, 3.0),
        ("a.py", 58, 62, 0.0),
        ("b.py", 48, 53, 0.0),
    ]
    assert {w.kind for w in merged} == {"lines"}


def test_touching_windows_are_one() -> None:
    merged = windows([span("a.py", 1, 4), span("a.py", 5, 6)], {"a.py": 9}, 0)
    assert [(w.start_line, w.end_line) for w in merged] == [(1, 6)]


def test_files_without_lines_are_dropped() -> None:
    assert windows([span("gone.py", 1, 4)], {"a.py": 9}, 3) == ()


SPANS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(-5, 40), st.integers(-5, 40)), max_size=8)


@given(SPANS, st.integers(0, 6))
def test_windows_cover_every_span_and_never_overlap(spans: list[tuple[str, int, int]], margin: int) -> None:
    lines = {"a": 30, "b": 7}
    merged = windows([span(*each) for each in spans], lines, margin)
    covered = {(w.path, line) for w in merged for line in range(w.start_line, w.end_line + 1)}
    assert len(covered) == sum(w.end_line - w.start_line + 1 for w in merged)
    for path, first, last in spans:
        low, high = sorted((first, last))
        wanted = {(path, line) for line in range(max(1, low), min(high, lines[path]) + 1)}
        assert wanted <= covered
    assert all(1 <= line <= lines[path] for path, line in covered)
