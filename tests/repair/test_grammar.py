"""The grammar lets through exactly the edits whose SEARCH stands in what was shown, once in its file."""

import pytest

from agentless.repair.grammar import edit_grammar, literal
from agentless.repair.windows import View
from tests.repair.gbnf import accepts

LINES = ["def a():", "    x = 'q\"\\\\'", "    return x", "", "def b():", "    y = 2", "    return x", "\tend"]
WHOLE = View("src/a.py", "\n".join(LINES))
PART = View("src/a.py", "", ((5, 8),))


def reply(*blocks: tuple[str, str], path: str = "src/a.py") -> str:
    texts = [f"### {path}\n<<<<<<< SEARCH\n{search}=======\n{new}>>>>>>> REPLACE\n" for search, new in blocks]
    return "```\n" + "".join(texts) + "```"


@pytest.mark.parametrize(
    "text",
    [
        reply(("def a():\n", "def a(z):\n")),
        reply(("    x = 'q\"\\\\'\n    return x\n", "")),
        reply(("\tend\n", "\n\n\tend < 3 > 2\n")),
        reply(("    return x\n\n", "    return 1\n")),
        reply(("    return x\n\tend\n", "x\n")),
        reply(("def a():\n", "\n"), ("def b():\n", "é\n")),
        reply((LINES[4] + "\n" + LINES[5] + "\n", "y\n")),
    ],
)
def test_lines_that_stand_there_once_are_let_through(text: str) -> None:
    assert accepts(edit_grammar([WHOLE], {"src/a.py": LINES}), text)


@pytest.mark.parametrize(
    "text",
    [
        reply(("def c():\n", "x\n")),  # not in the file
        reply(("    return x\n", "x\n")),  # twice in the file
        reply(("def a():\ndef b():\n", "x\n")),  # not one after the other
        reply(("def a()\n", "x\n")),  # not a whole line
        reply(("", "x\n")),
        reply(("def a():\n", "x\n"), path="src/b.py"),
        "Sure! " + reply(("def a():\n", "x\n")),
        reply(("def a():\n", "x\n")) + "\nDone.",
        reply(("def a():\n", ">>>>>>> REPLACE\n")),
        reply(("def a():\n", "```python\nx\n")),
        reply(("def a():\n", "x\n=======\ny\n")),
        reply(("def a():\n", "<<<<<<< SEARCH\n")),
        reply(*[("def a():\n", "x\n")] * 4),
        reply(("def a():\n", "x\n" * 81)),
    ],
)
def test_everything_else_is_not(text: str) -> None:
    assert not accepts(edit_grammar([WHOLE], {"src/a.py": LINES}), text)


def test_only_shown_lines_count_but_uniqueness_is_the_whole_files() -> None:
    grammar = edit_grammar([PART], {"src/a.py": LINES})
    assert accepts(grammar, reply(("def b():\n", "x\n")))
    assert not accepts(grammar, reply(("def a():\n", "x\n")))
    assert not accepts(grammar, reply(("    return x\n", "x\n")))


def test_several_files() -> None:
    grammar = edit_grammar([View("a", "x"), View("b", "y")], {"a": ["x"], "b": ["y"]})
    assert accepts(grammar, "```\n" + reply(("x\n", ""), path="a")[4:-3] + reply(("y\n", ""), path="b")[4:])
    assert not accepts(grammar, reply(("y\n", ""), path="a"))


def test_too_much_or_nothing_leaves_the_reply_free() -> None:
    many = [f"line {number}" for number in range(401)]
    assert edit_grammar([View("a", "")], {"a": many}) == ""
    assert edit_grammar([View("a", "")], {"a": ["same", "same"]}) != ""
    assert edit_grammar([View("a", "")], {"a": ["", " "]}) == ""


def test_literals_are_escaped() -> None:
    assert literal('a"b\\c\n\t\r\x00é') == '"a\\"b\\\\c\\n\\t\\x0D\\x00é"'
