"""Good, sloppy and hostile replies to `rewrite_function`: the new text of the file, or the reason for none."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.records import Location, SampleOutcome
from agentless.repair.outcome import Refusal
from agentless.repair.rewrite import Rewritten, rewrite
from agentless.repo import parse_symbols
from tests.repair.conftest import SHAPES


def element(name: str, text: str = SHAPES) -> Location:
    symbol = next(symbol for symbol in parse_symbols(text, "python") if symbol.name == name)
    return Location(
        path="a.py", start_line=symbol.start_line, end_line=symbol.end_line, kind=symbol.kind, name=symbol.name
    )


def rewritten(reply: str, name: str, text: str = SHAPES) -> Rewritten:
    result = rewrite(reply, text, element(name, text), "python")
    assert isinstance(result, Rewritten), result
    ast.parse(result.text)
    return result


CIRCLE = "def circle_area(radius):\n    return math.pi * radius**2"
GROW = "def grow(self, by):\n    if by:\n        self.side = self.side + by\n    return self.side"


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{CIRCLE}\n```",
        f"```python\nimport math\n\n{CIRCLE}\n```\nThat squares it.",
        f"<think>```python\ndef circle_area(): pass\n```</think>\n```python\n{CIRCLE}\n```",
        f"```python\r\n{CIRCLE}\r\n```".replace("\n", "\r\n").replace("\r\r", "\r"),
        f"<solution>\n```python\n{CIRCLE}   \n```\n</solution>",
        "```python\n" + SHAPES.replace("return math.pi * radius", "return math.pi * radius**2") + "```",
    ],
)
def test_a_function_is_replaced_and_nothing_else(reply: str) -> None:
    assert rewritten(reply, "circle_area").text == SHAPES.replace("math.pi * radius", "math.pi * radius**2")


def test_a_method_goes_back_where_it_stood_with_its_docstring() -> None:
    result = rewritten(f"```python\n{GROW}\n```", "Square.grow")
    assert result.text == SHAPES.replace("self.side - by", "self.side + by")
    assert result.salvaged == ("docstring kept",)
    assert result.edits[0].search == "Square.grow"


def test_a_property_keeps_its_decorator() -> None:
    result = rewritten("```python\ndef area(self):\n    return self.side**2\n```", "Square.area")
    assert result.text == SHAPES.replace("self.side * self.side", "self.side**2")


def test_a_class_may_be_rewritten_whole() -> None:
    result = rewritten("```python\nclass Square:\n    side: int\n```", "Square")
    assert '@dataclass\nclass Square:\n    """A square."""\n    side: int\n\n\ndef circle_area' in result.text


def test_imports_and_helpers_are_put_where_they_work() -> None:
    reply = "```python\nimport cmath\n\ndef _square(x):\n    return x * cmath.pi\n\n" + GROW.replace(
        "+ by", "+ _square(self._by(by))"
    )
    result = rewritten(reply + "\n\ndef _by(self, by):\n    return by\n```", "Square.grow")
    assert "import math\nfrom dataclasses import dataclass\nimport cmath\n" in result.text
    assert "\n\ndef _square(x):\n    return x * cmath.pi\n\n\n@dataclass\nclass Square:" in result.text
    assert (
        "        return self.side\n\n    def _by(self, by):\n        return by\n\n\ndef circle_area" in result.text
    )
    assert [note for note in result.salvaged if "added" in note] == [
        "import added: import cmath", "helper added: _by", "helper added: _square",
    ]  # fmt: skip


def test_crlf_files_keep_crlf() -> None:
    text = SHAPES.replace("\n", "\r\n")
    result = rewritten(f"```python\n{CIRCLE}\n```", "circle_area", text)
    assert result.text == text.replace("math.pi * radius", "math.pi * radius**2")


def test_the_last_element_of_a_file_without_a_last_newline() -> None:
    text = SHAPES.removesuffix("\n")
    reply = "```python\ndef total(shapes):\n    return sum(shapes)\n```"
    assert rewritten(reply, "total", text).text.endswith("def total(shapes):\n    return sum(shapes)")


def test_unchanged_code_gives_the_unchanged_file() -> None:
    same = "def circle_area(radius):   \n    return math.pi * radius\n\n"
    assert rewritten(f"```python\n{same}```", "circle_area").text == SHAPES


LOST: dict[str, tuple[SampleOutcome, str]] = {
    "empty": ("no_answer", ""),
    "prose": ("no_edit", "circle_area should square the radius."),
    "another function": ("malformed_edit", "```python\ndef sphere_area(radius):\n    return 1\n```"),
    "broken": ("syntax_error", "```python\ndef circle_area(radius):\n    return math.pi *\n```"),
    "left out": (
        "malformed_edit",
        "```python\ndef circle_area(radius):\n    # ... rest of the code\n    return 1\n```",
    ),
    "thinking only": ("truncated", f"<think>\n```python\n{CIRCLE}\n```"),
    "in the thinking": ("no_edit", f"<think>\n```python\n{CIRCLE}\n```\n</think>\nDone as above."),
    "too long": ("malformed_edit", "x" * 10_000_000),
    "edit markers": ("no_edit", "### a.py\n<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_reply_has_its_reason(name: str) -> None:
    outcome, reply = LOST[name]
    refused = rewrite(reply, SHAPES, element("circle_area"), "python")
    assert isinstance(refused, Refusal)
    assert refused.outcome == outcome


PIECES = st.sampled_from(
    ["```python", "```", "def circle_area(radius):", "    return 1", "class A:", "    def circle_area(self):",
     "@x", "import os", "\t", "'''", '"""', "(", "<think>", "</think>", "# ...", "\0", "async", "\\"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=6), max_size=20))
def test_nothing_a_model_writes_raises(pieces: list[str]) -> None:
    result = rewrite("\n".join(pieces), SHAPES, element("circle_area"), "python")
    assert isinstance(result, Refusal | Rewritten)


METHODS = """\
class Page:
    def head(self):
        text = '''
first
  second
        third
'''
        return text + foot(
  1)
"""


@pytest.mark.parametrize("indent", ["", "    "])
def test_a_fix_of_one_token_changes_no_string(indent: str) -> None:
    wanted = METHODS.replace("text + foot", "foot")
    code = wanted.partition("\n")[2]
    if not indent:
        code = "\n".join(line.removeprefix("    ") for line in code.split("\n"))
        wanted = wanted.replace("  1)", "      1)")
    assert rewritten(f"```python\n{code}```", "Page.head", METHODS).text == wanted
