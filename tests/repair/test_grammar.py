"""The grammar lets through exactly the edits whose SEARCH stands in what was shown, once in its file."""

import time

import pytest

from agentless.records import Location
from agentless.repair.grammar import edit_grammar, literal, rewrite_grammar
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


HEAD = "import x\n\nclass A:\n    @x.cached\n    def go(\n        self, a\n    ):\n        return a\n"
CODE = f"{HEAD}\nasync def run(b): return b\n"
METHOD = Location(path="a.py", start_line=4, end_line=8, kind="method", name="A.go")


@pytest.mark.parametrize(
    "body",
    [
        "(self, a):\n        return a + 1\n",
        "(\n        self, a, b=None\n    ):\n\n        return a\n",
        "(self):\n    '''Says\n    ``code`` and `more`\n    `x`_\n    '''\n",
        "(self):\n\treturn '```'\n",
    ],
)
def test_a_rewrite_begins_like_the_element_and_ends_with_the_fence(body: str) -> None:
    assert accepts(rewrite_grammar(CODE, METHOD), f"```python\n    def go{body}```")


@pytest.mark.parametrize(
    "text",
    [
        "```python\n    def stop(self):\n        pass\n```",
        "Sure:\n```python\n    def go(self):\n        pass\n```",
        "```python\n    def go(self):\n        pass\n```\nDone.",
        "```python\n    def go(self):\n        pass\n```\n```\nmore\n```",
        "```python\n    def go(self): pass\n```",
        "```python\ndef go(self):\n    pass\n```",
        "```\n    def go(self):\n        pass\n```",
    ],
)
def test_any_other_rewrite_is_not_let_through(text: str) -> None:
    assert not accepts(rewrite_grammar(CODE, METHOD), text)


def test_every_kind_of_definition_has_a_head() -> None:
    run = Location(path="a.py", start_line=10, end_line=10, kind="async_function", name="run")
    whole = Location(path="a.py", start_line=3, end_line=8, kind="class", name="A")
    assert accepts(rewrite_grammar(CODE, run), "```python\nasync def run(b, c):\n    return c\n```")
    assert accepts(rewrite_grammar(CODE, whole), "```python\nclass A(B):\n    pass\n```")
    assert rewrite_grammar(CODE, Location(path="a.py", start_line=1, end_line=1, kind="import", name="x")) == ""


@pytest.mark.parametrize(("same", "found"), [(19, True), (20, False)])
def test_a_start_grows_to_at_most_twenty_lines(same: int, found: bool) -> None:
    lines = [*["x"] * same, "a", *["x"] * same, "b"]
    grammar = edit_grammar([View("a", "")], {"a": lines})
    text = "".join(line + "\n" for line in lines[: same + 1])
    assert accepts(grammar, reply((text, "y\n"), path="a")) is found
    assert accepts(grammar, reply(("a\n", "y\n"), path="a"))


@pytest.mark.parametrize("shown", [400, 100_000])
def test_repeated_lines_take_little_time(shown: int) -> None:
    lines = ["    same line of a table,"] * 100_000
    begun = time.process_time()
    edit_grammar([View("a", "", ((1, shown),))], {"a": lines})
    assert time.process_time() - begun < 1
