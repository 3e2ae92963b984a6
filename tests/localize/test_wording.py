"""Words and phrases that elements share with the issue."""

import pytest

from agentless.localize.element import Element
from agentless.localize.query import read_query
from agentless.localize.tokens import WORD
from agentless.localize.wording import COMMENTS, phrases, stem_counts, triples, word_features
from agentless.repo import Symbol

BODIES = {
    "Cart.pay": 'def pay(self):\n    """Refund nothing."""\n    raise ValueError("the cart is empty")',
    "Cart.refund": "def refund(self, amount):\n    self.balance += amount  # ValueError",
    "ship": "def ship(parcel):\n    return parcel.weigh()",
}


def best(issue: str, feature: str) -> str:
    elements = [Element("a.py", Symbol("function", name, 1, 2), text, 0) for name, text in BODIES.items()]
    words = [WORD.findall(text) for text in BODIES.values()]
    values = word_features(elements, words, read_query(issue))[feature]
    return list(BODIES)[int(values.argmax())] if values.any() else ""


@pytest.mark.parametrize(
    ("issue", "feature", "name"),
    [
        ("weighing parcels", "text", "ship"),
        ("nothing", "text", "Cart.pay"),
        ("nothing", "code_text", ""),
        ("balances", "code_text", "Cart.refund"),
        ("refunding", "name", "Cart.refund"),
        ("shipping\n\nbalance balance balance", "title_text", "ship"),
        ("", "text", ""),
    ],
)
def test_the_element_that_answers_best(issue: str, feature: str, name: str) -> None:
    assert best(issue, feature) == name


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ('a\n"""doc\nmore"""\nb', "a\n \nb"),
        ("a\n'''doc'''\nb", "a\n \nb"),
        ("a = 1  # why", "a = 1  "),
        ("# all", " "),
        ("x = a // b", "x = a "),
        ("url = 'http://x'", "url = 'http://x'"),
        ('"""never closed', '"""never closed'),
        ("a = 'b'", "a = 'b'"),
    ],
)
def test_comments(code: str, left: str) -> None:
    assert COMMENTS.sub(" ", code) == left


def test_phrases_shared_with_the_issue_by_rarity() -> None:
    words = [text.split() for text in ("the cart is empty", "the cart is full", "nothing in common at all")]
    values = phrases(words, ["Error:", "The", "cart", "is", "empty", "now"])
    assert values[0] == 1.0 and 0 < values[1] < 1 and values[2] == 0


def test_phrases_without_any_in_common_are_zero() -> None:
    assert phrases([["a", "b"], []], ["a", "b"]).tolist() == [0.0, 0.0]


def test_triples() -> None:
    assert triples(["A", "b", "C", "d"]) == {("a", "b", "c"), ("b", "c", "d")}
    assert triples(["a", "b"]) == set()


def test_stem_counts_split_identifiers() -> None:
    assert stem_counts(["addItems", "items"]) == {"additem": 1, "add": 1, "item": 2}
