"""Line ends, byte order marks and the end of the file survive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repair.filetext import FileText, lines_in, text_from

TEXT = st.text(st.sampled_from("ab\r\n\ufeff\x0c\u2028 "))


@given(TEXT)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert FileText.of(text).text() == text


@given(TEXT, st.integers(0, 5), st.integers(0, 5))
def test_putting_the_same_plain_lines_back_keeps_a_uniform_file(text: str, start: int, length: int) -> None:
    for uniform in (text.replace("\r", ""), text.replace("\r", "").replace("\n", "\r\n")):
        file = FileText.of(uniform)
        end = min(start + length, len(file.lines))
        first = min(start, end)
        file.replace(first, end, file.plain()[first:end])
        assert file.text() == uniform


@given(st.lists(st.text(st.sampled_from("ab "))))
def test_lines_of_an_edit_come_back(lines: list[str]) -> None:
    assert lines_in(text_from(lines)) == lines


@pytest.mark.parametrize(
    ("text", "start", "end", "new", "expected"),
    [
        ("a\nb\n", 0, 1, ["x", "y"], "x\ny\nb\n"),
        ("a\r\nb\r\n", 0, 1, ["x", "y"], "x\r\ny\r\nb\r\n"),
        ("a\r\nb", 1, 2, ["x", "y"], "a\r\nx\r\ny"),
        ("a\nb", 1, 2, [], "a"),
        ("a\n", 0, 1, [], ""),
        ("", 0, 0, ["x"], "x\n"),
        ("\ufeffa\n", 0, 1, ["x"], "\ufeffx\n"),
        ("\ufeff", 0, 0, ["x"], "\ufeffx\n"),
        ("a\r\nb\r\n", 2, 2, ["end"], "a\r\nb\r\nend\r\n"),
        ("a\r\nb\r\n", 0, 0, ["top"], "top\r\na\r\nb\r\n"),
        ("a\nb\r\n", 0, 1, ["x"], "x\nb\r\n"),
    ],
)
def test_replaced_lines_end_as_their_neighbours(
    text: str, start: int, end: int, new: list[str], expected: str
) -> None:
    file = FileText.of(text)
    file.replace(start, end, new)
    assert file.text() == expected


def test_a_model_sees_no_carriage_returns() -> None:
    assert FileText.of("a\r\nb\rc\r\n").plain() == ["a", "b\rc"]
