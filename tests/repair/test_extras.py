"""Imports and helpers of a reply are kept only where the new element needs them."""

import pytest

from agentless.records import Location
from agentless.repair.extras import bound, import_place, indented, joined, needed_helpers, needed_imports
from agentless.repair.fragment import Fragment, find_fragment
from agentless.repo import parse_symbols

ELEMENT = Location(path="a.py", start_line=1, end_line=2, kind="function", name="area")


def fragment_of(code: str, element: Location = ELEMENT) -> Fragment:
    found = find_fragment(f"```python\n{code}\n```", element, "python")
    assert isinstance(found, Fragment), found
    return found


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("import math", ["import math"]),
        ("import math as m", []),
        ("from math import pi, tau", ["from math import pi, tau"]),
        ("from math import tau", []),
        ("from math import *", []),
        ("from math import (\n    pi,\n    tau,\n)", ["from math import pi, tau"]),
        ("import math; pi = 1", []),
        ("import os.path as math", ["import os.path as math"]),
        ("import math  # needed", ["import math"]),
    ],
)
def test_imports_that_the_element_uses(line: str, wanted: list[str]) -> None:
    fragment = fragment_of(f"{line}\n\ndef area(r):\n    return math.pi * pi * r")
    assert needed_imports(fragment, ["import os"], fragment.target_lines()) == wanted


@pytest.mark.parametrize(
    "known", ["import math", "from x import math", "math = 1", "def math(): pass", "    import math"]
)
def test_names_that_the_file_knows_are_not_imported_again(known: str) -> None:
    fragment = fragment_of("import math\ndef area(r):\n    return math.pi")
    assert needed_imports(fragment, [known], fragment.target_lines()) == []


def test_a_future_import_is_never_added() -> None:
    fragment = fragment_of("from __future__ import division\n\ndef area(r):\n    return division(r)")
    assert needed_imports(fragment, [], fragment.target_lines()) == []


def test_bound_names() -> None:
    assert bound("a.b, c as d", False) == ["a", "d"]
    assert bound("a, b as c, *", True) == ["a", "c"]


def test_parentheses_that_never_close_are_given_up() -> None:
    assert joined(["from a import (", "x", "y"]) == []


def test_imports_go_below_the_head_of_the_file() -> None:
    text = '"""Doc."""\n\nimport os\nfrom a import (\n    b,\n)\n\n\ndef f():\n    import late\n\n\nimport later\n'
    assert import_place(text.split("\n"), parse_symbols(text, "python")) == 6
    assert import_place(["x = 1"], parse_symbols("x = 1\n", "python")) == 0


def test_helpers_are_told_apart_by_how_they_are_called() -> None:
    code = "def _near(x):\n    return x\n\ndef _far(self):\n    return 1\n\ndef unused():\n    pass\n\n"
    code += "def area(self):\n    return _near(self._far())"
    members, others = needed_helpers(fragment_of(code), set(), fragment_of(code).target_lines())
    assert [symbol.name for symbol in members] == ["_far"]
    assert [symbol.name for symbol in others] == ["_near"]


def test_what_the_file_defines_is_no_helper() -> None:
    code = "def _near(x):\n    return x\n\ndef area(self):\n    return _near(self)"
    assert needed_helpers(fragment_of(code), {"_near"}, ["    return _near(self)"]) == ([], [])


def test_functions_inside_the_element_are_its_own() -> None:
    code = "def area(self):\n    def inner():\n        return 1\n    return inner()"
    assert needed_helpers(fragment_of(code), set(), code.split("\n")) == ([], [])


def test_a_definition_moves_as_a_whole() -> None:
    assert indented(["  def f():", "", "    x"], "    ") == ["    def f():", "", "      x"]


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ("#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n", 2),
        ("#!/usr/bin/env python\n# says what f does\n", 1),
        ("# vim: set fileencoding=utf-8 :\n", 1),
        ("# Licence.\n# All of it.\n\n", 2),
        ("# says what f does\n", 0),
        ('"""Doc."""\n\n\n', 1),
        ('\n# Licence.\n\nr"""Doc.\n\nMore.\n"""\n\n', 7),
        ("#!/bin/x\n'one'\n", 2),
        ('"""Doc."""\nfrom __future__ import (\n    annotations,\n)\n\n', 4),
        ("from __future__ import annotations\n", 1),
        ("from __future__ import division, \\\n    annotations\n", 2),
        ("import os\nfrom __future__ import annotations\n", 2),
        ('"""Doc.\n\nfrom __future__ import x\n"""\nimport os\n', 5),
        ('x = """no doc\n"""\n', 0),
        ("", 0),
    ],
)
def test_imports_go_below_what_must_come_first(head: str, place: int) -> None:
    text = f"{head}def f():\n    return 1\n"
    assert import_place(text.split("\n"), parse_symbols(text, "python")) == place


@pytest.mark.parametrize(
    ("text", "place"), [("", 0), ("# all\n# comments", 2), ('"""never closed\n', 2), ("'one'", 1)]
)
def test_a_file_without_code_has_a_place_too(text: str, place: int) -> None:
    assert import_place(text.split("\n"), ()) == place


def test_a_definition_leaves_its_strings_where_they_are() -> None:
    lines = ["def f():", "    x = '''", "a  ", "  '''", "    y  "]
    assert indented(lines, "  ") == ["  def f():", "      x = '''", "a  ", "  '''", "      y"]
    assert indented(["  def f(", "a):", "    y "], "  ") == ["  def f(", "a):", "    y"]
