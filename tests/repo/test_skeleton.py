import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.repo.skeleton import skeleton_text
from agentless.repo.symbols import parse_symbols

SOURCE = '''\
"""Module docstring.

Its second paragraph.
It goes on.
"""
import os
from a import (
    b,
)

LIMIT = 3
TABLE = {
    1: 2,
    3: 4,
    5: 6,
    7: 8,
}


@decorated
class A(Base):
    """First line.

    Second paragraph.
    """

    field = 1
    other: int = 2

    def m(self, x):
        """Do it.

        At length.
        """
        secret = 1
        return secret

    async def n(
        self,
    ):
        return hidden


def f(): return 1


if __name__ == "__main__":
    f()
'''


def skeleton(source: str, max_chars: int = 0, *, numbers: bool = False) -> str:
    return skeleton_text(source, parse_symbols(source, "python"), max_chars=max_chars, numbers=numbers)


def test_signatures_stay_and_bodies_go() -> None:
    assert skeleton(SOURCE).split("\n") == [
        '"""Module docstring.',
        "Its second paragraph.",
        "It goes on.",
        "...",
        "import os",
        "from a import (",
        "    b,",
        ")",
        "LIMIT = 3",
        "TABLE = {",
        "    1: 2,",
        "    3: 4,",
        "    5: 6,",
        "    ...",
        "",
        "@decorated",
        "class A(Base):",
        '    """First line."""',
        "    field = 1",
        "    other: int = 2",
        "    def m(self, x):",
        '        """Do it."""',
        "        ...",
        "    async def n(",
        "        self,",
        "    ):",
        "        ...",
        "",
        "def f(): return 1",
        'if __name__ == "__main__":',
        "    f()",
    ]


def test_line_numbers_are_those_of_the_file() -> None:
    lines = SOURCE.split("\n")
    numbered = [line for line in skeleton(SOURCE, numbers=True).split("\n") if line[:6].strip()]
    assert len(numbered) > 15
    for line in numbered:
        assert lines[int(line[:6]) - 1] == line[7:]


def test_over_budget_docstrings_go_first_then_fields_then_the_end() -> None:
    whole = skeleton(SOURCE)
    assert skeleton(SOURCE, len(whole)) == whole
    less = skeleton(SOURCE, len(whole) - 1)
    assert "Do it" not in less
    assert "field = 1" in less
    least = skeleton(SOURCE, len(less) - 1)
    assert "field = 1" not in least
    assert "def m(self, x):" in least
    assert "class A(Base):" in least
    tiny = skeleton(SOURCE, 60)
    assert len(tiny) <= 60
    assert tiny.endswith("more lines)")


def test_nested_definitions_are_hidden_with_the_body_around_them() -> None:
    shown = skeleton("def outer():\n    x = 1\n    def inner():\n        return 2\n    return inner\n")
    assert shown == "def outer():\n    ..."


def test_a_body_that_begins_with_a_comment() -> None:
    assert skeleton("def f():\n    # why\n    return 1\n") == "def f():\n    # why\n    ..."


def test_braces_close() -> None:
    source = "function f(a) {\n  return 1;\n}\nclass A {\n  m() {\n    return 2;\n  }\n}\n"
    shown = skeleton_text(source, parse_symbols(source, "javascript"))
    assert shown == "function f(a) {\n  ...\n}\n\nclass A {\n  m() {\n    ...\n  }\n}"


def test_a_long_licence_is_cut() -> None:
    shown = skeleton("".join(f"# licence {number}\n" for number in range(30)) + "def f():\n    pass\n")
    assert shown.count("licence") == 3
    assert "..." in shown


def test_a_file_without_symbols_is_its_first_lines() -> None:
    text = "".join(f"line {number}\n" for number in range(10))
    assert skeleton_text(text, ()) == "line 0\nline 1\nline 2\n..."
    assert skeleton_text("", ()) == ""


def test_symbols_of_another_text_do_not_crash() -> None:
    symbols = parse_symbols(SOURCE, "python")
    assert isinstance(skeleton_text("x = 1\n", symbols), str)
    assert isinstance(skeleton_text("", symbols), str)


lines = st.sampled_from(
    [
        "def f(a):",
        "    return a",
        "class A:",
        "    def m(self):",
        "        pass",
        '    """Doc',
        '    """',
        "X = [",
        "]",
        "",
        "import a",
        "@d",
        "}",
    ]
)


@settings(deadline=None)
@given(st.lists(lines, max_size=15).map("\n".join), st.integers(0, 200))
def test_any_text_keeps_its_budget_and_invents_nothing(text: str, budget: int) -> None:
    shown = skeleton(text, budget + 30)
    assert len(shown) <= budget + 30
    kept = set(text.split("\n"))
    for line in skeleton(text).split("\n"):
        assert line in kept or line.strip() in ("", "...") or '"""' in line


@pytest.mark.parametrize("text", ["\x00", "\r\n", "\ufeff", "((((", "def f(:\n    pass"])
def test_odd_texts(text: str) -> None:
    assert isinstance(skeleton(text), str)
