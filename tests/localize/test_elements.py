"""The ranking of functions and methods on the small project."""

import numpy as np
import pytest

from agentless.localize.elements import elements_of, outermost, rank_elements
from agentless.localize.query import read_query
from agentless.localize.retrieve import retrieve
from agentless.localize.signals import element_features
from agentless.localize.weights import Emphasis, load_weights
from agentless.records import RankedFile
from agentless.repo import Index, Symbol
from tests.localize.conftest import ISSUE

CART = "src/shop/cart.py"


def best(index: Index, issue: str, files: int = 4) -> list[str]:
    return [location.name for location in rank_elements(index, issue, retrieve(index, issue)[:files], 3)]


@pytest.mark.parametrize(
    ("issue", "name"),
    [
        (ISSUE, "Cart.add_item"),
        ("Require a name for Carts\n\nA cart without an owner makes no sense.", "Cart.__init__"),
        ("find_shelf returns None", "find_shelf"),
        ("Rounding of money is wrong", "Money.rounded"),
        ("`parse_amount` fails for commas", "parse_amount"),
        ("ValueError: negative quantity", "Cart.add_item"),
        ('It fails\n\n  File "shop/report/invoice.py", line 7, in render_invoice\nTypeError', "render_invoice"),
        ("EmptyCart should be a ValueError", "EmptyCart"),
    ],
)
def test_the_element_at_fault_is_first(index: Index, issue: str, name: str) -> None:
    assert best(index, issue)[0] == name


def test_locations_are_spans_of_their_files(index: Index) -> None:
    found = rank_elements(index, ISSUE, retrieve(index, ISSUE)[:6], 50)
    assert found
    for location in found:
        lines = index.text(location.path).split("\n")
        name = location.name.rpartition(".")[2]
        assert name in lines[location.start_line - 1]
        assert location.end_line <= len(lines)
    assert [location.score for location in found] == sorted((x.score for x in found), reverse=True)


def test_nested_functions_and_classes_with_methods_are_no_elements(index: Index) -> None:
    names = [element.symbol.name for element in elements_of(index, CART, 0)]
    assert names == ["Cart.__init__", "Cart.add_item", "Cart.total", "EmptyCart"]


def test_the_limit_and_the_order_hold(index: Index) -> None:
    files = retrieve(index, ISSUE)[:4]
    every = rank_elements(index, ISSUE, files, 50)
    assert rank_elements(index, ISSUE, files, 2) == every[:2]
    assert rank_elements(index, ISSUE, files, 50) == every


@pytest.mark.parametrize("path", ["README.md", "src/shop/report/__init__.py", "no/such/file.py"])
def test_files_without_functions_have_no_elements(index: Index, path: str) -> None:
    assert rank_elements(index, ISSUE, [RankedFile(path=path, score=1.0)], 5) == ()


def test_no_files_no_elements(index: Index) -> None:
    assert rank_elements(index, ISSUE, [], 5) == ()


@pytest.mark.parametrize("issue", ["", "\x00", "zzzz", "`" * 300])
def test_issues_that_say_nothing_still_rank(index: Index, issue: str) -> None:
    assert len(best(index, issue)) == 3


def symbol(kind: str, name: str, start: int, end: int) -> Symbol:
    return Symbol(kind, name, start, end)  # type: ignore[arg-type]  # the tests spell the literals out


def test_outermost() -> None:
    symbols = [
        symbol("import", "os", 1, 1),
        symbol("class", "A", 3, 20),
        symbol("method", "A.one", 4, 9),
        symbol("function", "A.one.inner", 5, 6),
        symbol("async_method", "A.two", 10, 12),
        symbol("class", "A.Meta", 14, 16),
        symbol("constant", "X", 21, 21),
        symbol("function", "f", 22, 30),
        symbol("class", "f.Local", 23, 29),
        symbol("method", "f.Local.g", 24, 25),
    ]
    assert [found.name for found in outermost(symbols)] == ["A.one", "A.two", "A.Meta", "f"]
    assert outermost([]) == []


def test_an_issue_is_read_with_the_emphasis_of_functions(index: Index) -> None:
    issue = "Wrong\n\nThe owner and the name are lost in total.\n\n    cart.add_item(apple, quantity)\n"
    files, weights = [RankedFile(path=CART, score=1.0)], load_weights()

    def best_score(emphasis: Emphasis) -> float:
        features = element_features(elements_of(index, CART, 0), issue, read_query(issue, emphasis), files)
        return float(np.sum([weight * features[name] for name, weight in weights.elements.items()], axis=0).max())

    found = rank_elements(index, issue, files, 1)[0].score
    assert found == pytest.approx(best_score(weights.emphasis["functions"]), abs=1e-5)
    assert found != pytest.approx(best_score(weights.emphasis["files"]), abs=1e-2)
