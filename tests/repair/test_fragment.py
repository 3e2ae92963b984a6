"""Which fence, which lines: the named element is found in whatever stands around it."""

import pytest

from agentless.records import Location, SampleOutcome
from agentless.repair.fragment import Fragment, find_fragment
from agentless.repair.outcome import Refusal

METHOD = Location(path="a.py", start_line=1, end_line=2, kind="method", name="Shape.area")
CLASS = Location(path="a.py", start_line=1, end_line=2, kind="class", name="Shape")
CODE = "def area(self):\n    return 2"


def found(answer: str, element: Location = METHOD) -> Fragment:
    result = find_fragment(answer, element, "python")
    assert isinstance(result, Fragment), result
    return result


@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{CODE}\n```",
        f"```py\n{CODE}\n```\nDone.",
        f"Sure:\n\n```\n{CODE}\n```",
        f"~~~\n{CODE}\n~~~",
        "```python\nclass Shape:\n    def other(self): pass\n\n    def area(self):\n        return 2\n```",
        f"```python\nx = 1\n```\nand\n```python\n{CODE}\n```",
        f"```python\n{CODE}",
        f"The fix:\n{CODE}\n",
        "- so:\n  ```python\n  def area(self):\n      return 2\n  ```",
        f"```python\ndef perimeter(self):\n    return 1\n\n\n{CODE}\n```",
        f"```python\ndef broken(:\n```\n```python\n{CODE}\n```",
    ],
)
def test_the_element_is_found(answer: str) -> None:
    lines = found(answer).target_lines()
    assert [line.strip() for line in lines] == ["def area(self):", "return 2"]


def test_decorators_belong_to_it() -> None:
    lines = found(f"```python\n@property\n@cached(\n    1)\n{CODE}\n```").target_lines()
    assert lines[0] == "@property"
    assert len(lines) == 5


def test_a_fence_inside_a_docstring_does_not_end_the_code() -> None:
    code = 'def area(self):\n    """Area.\n\n    ```\n    area()\n    ```\n    """\n    return 2'
    fragment = found(f"```python\n{code}\n```")
    assert fragment.target_lines() == code.split("\n")
    assert fragment.salvaged == ("fence with fences inside",)


def test_a_class_is_found_as_a_class() -> None:
    assert found("```python\nclass Shape:\n    x = 1\n```", CLASS).target_lines() == ["class Shape:", "    x = 1"]


def test_the_qualified_name_wins_over_a_namesake() -> None:
    other = "class Other:\n    def area(self):\n        return 1\n\n"
    answer = "class Shape:\n    def area(self):\n        return 2\n"
    assert "return 2" in found(f"```python\n{other}{answer}```").target_lines()[1]


def test_an_inner_function_may_name_what_stands_outside_of_the_reply() -> None:
    inner = Location(path="a.py", start_line=1, end_line=2, kind="function", name="outer.inner")
    assert found("```python\ndef inner():\n    nonlocal x\n    x = 1\n```", inner).target.name == "inner"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("I cannot say.", "no_edit"),
        ("```python\n```", "malformed_edit"),
        ("```python\ndef volume(self):\n    return 2\n```", "malformed_edit"),
        ("```python\nx = 1\n```", "malformed_edit"),
        ("```python\narea = 2\n```", "malformed_edit"),
        ("```python\ndef area(self):\n    return (2\n```", "syntax_error"),
        (
            "```python\nclass A:\n    def area(self): pass\nclass B:\n    def area(self): pass\n```",
            "malformed_edit",
        ),
        ("```python\nclass area:\n    pass\n```", "malformed_edit"),
    ],
)
def test_other_code_is_refused(answer: str, outcome: SampleOutcome) -> None:
    refused = find_fragment(answer, METHOD, "python")
    assert isinstance(refused, Refusal)
    assert refused.outcome == outcome


def test_deeply_nested_fences_end() -> None:
    answer = "".join("`" * (3 + n % 40) + "python\n" for n in range(400)) + CODE
    assert isinstance(find_fragment(answer, METHOD, "python"), Refusal | Fragment)


def test_lines_inside_a_string_stay_where_they_are() -> None:
    code = '    def area(self):\n        return """\nfirst\n  second\n    third\n        """'
    fragment = found(f"```python\n{code}\n```")
    assert fragment.target_lines() == code.split("\n")
    assert fragment.lines[:2] == ["def area(self):", '    return """']
    assert fragment.lines[2:] == code.split("\n")[2:]


def test_a_fence_in_a_list_gives_its_indentation_to_strings_as_well() -> None:
    answer = '- so:\n  ```python\n  def area(self):\n      return """\n  x\n  """\n  ```'
    assert found(answer).target_lines() == ["def area(self):", '    return """', "x", '"""']
