"""Features of elements, one by one, on elements made by hand."""

import numpy as np
import pytest

from agentless.localize.element import Element, column
from agentless.localize.query import read_query
from agentless.localize.signals import LONG_LINES, element_features
from agentless.localize.weights import load_weights
from agentless.records import ElementKind, RankedFile
from agentless.repo import Symbol

FILES = [RankedFile(path="pkg/a.py", score=8.0), RankedFile(path="pkg/b.py", score=2.0)]


def element(name: str, start: int = 1, end: int = 5, place: int = 0, kind: ElementKind = "method") -> Element:
    return Element(FILES[place].path, Symbol(kind, name, start, end), f"def {name}(self): pass", place)


ELEMENTS = [
    element("Cart.__init__", 1, 9),
    element("Cart.add_item", 10, 19),
    element("Stock.total", 20, 20 + LONG_LINES),
    element("total", 1, 4, 1, "function"),
    element("Empty", 5, 6, 1, "class"),
]


def features(issue: str) -> dict[str, list[float]]:
    found = element_features(ELEMENTS, issue, read_query(issue), FILES)
    return {name: values.tolist() for name, values in found.items()}


@pytest.mark.parametrize(
    ("issue", "feature", "values"),
    [
        ("add_item fails", "name_title_code", [0, 1, 0, 0, 0]),
        ("the total is off", "name_title_word", [0, 0, 0.5, 0.5, 0]),
        ("title\n\n`add_item`", "name_code", [0, 1, 0, 0, 0]),
        ("title\n\n`total`", "name_code_word", [0, 0, 0.5, 0.5, 0]),
        ("title\n\nx.total and y.z", "name_attribute", [0, 0, 0.5, 0.5, 0]),
        ("Stock.total", "qualified", [0, 0, 1, 0, 0]),
        ("Carts break", "class_title", [1, 1, 0, 0, 0]),
        ("Carts break", "init_title", [1, 0, 0, 0, 0]),
        ("title\n\n`Cart()`", "class_code", [1, 1, 0, 0, 0]),
        ("title\n\n`Cart()`", "init_code", [1, 0, 0, 0, 0]),
        ("x https://site/blob/1/pkg/a.py#L12", "line", [0, 1, 0, 0, 0]),
        ("x\npkg/b.py:3: ValueError", "line", [0, 0, 0, 1, 0]),
        ("x https://site/blob/1/other/a.py#L12", "line", [0, 0, 0, 0, 0]),
        ("", "file", [1, 1, 1, 0.5, 0.5]),
        ("", "file_score", [1, 1, 1, 0.25, 0.25]),
        ("", "long", [0, 0, 1, 0, 0]),
        ("", "is_class", [0, 0, 0, 0, 1]),
    ],
)
def test_one_feature(issue: str, feature: str, values: list[float]) -> None:
    assert features(issue)[feature] == pytest.approx(values)


TRACEBACK = """\
It fails
  File "/venv/pkg/b.py", line 3, in total
  File "/venv/pkg/a.py", line 12, in add_item
  File "/usr/lib/json.py", line 1, in loads
"""


def test_the_last_frame_of_these_files_counts_most() -> None:
    assert features(TRACEBACK)["frame"] == [0, 1, 0, 0.5, 0]


def test_a_function_of_that_name_in_another_file_is_no_frame() -> None:
    assert not any(features('File "x/c.py", line 3, in total')["frame"])


def test_every_feature_is_within_zero_and_one_and_has_a_weight() -> None:
    found = element_features(ELEMENTS, TRACEBACK, read_query(TRACEBACK), FILES)
    assert set(found) == set(load_weights().elements)
    for values in found.values():
        assert values.shape == (len(ELEMENTS),)
        assert np.all((values >= 0) & (values <= 1))


def test_files_with_no_score_share_nothing() -> None:
    files = [RankedFile(path=file.path, score=-1.0) for file in FILES]
    found = element_features(ELEMENTS, "x", read_query("x"), files)
    assert not found["file_score"].any()


@pytest.mark.parametrize(
    ("name", "own", "around"), [("f", "f", ""), ("A.f", "f", "A"), ("A.B.f", "f", "B"), ("", "", "")]
)
def test_names_of_an_element(name: str, own: str, around: str) -> None:
    one = element(name, 3, 7)
    assert (one.own_name, one.class_name, one.lines) == (own, around, 5)


def test_column() -> None:
    assert column([True, 0.5, 2]).tolist() == [1.0, 0.5, 2.0]
