"""Text features on the small project and on documents made by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from agentless.localize.bm25 import count_matrix
from agentless.localize.corpus import Corpus
from agentless.localize.query import read_query
from agentless.localize.retrieve import candidates
from agentless.localize.texts import fold, text_features
from agentless.localize.weights import load_weights
from agentless.repo import FileFacts, Index


def best(index: Index, issue: str, feature: str) -> str:
    corpus = Corpus.of(index, candidates(index))
    features = text_features(corpus, read_query(issue), load_weights())
    values = features[feature]
    assert values.max() == pytest.approx(1.0)
    return corpus.paths[int(values.argmax())]


@pytest.mark.parametrize(
    ("issue", "feature", "path"),
    [
        ("negative quantity", "content", "src/shop/cart.py"),
        ("what stands on the shelves", "doc", "src/shop/stock.py"),
        ("finding a shelf", "sym", "src/shop/stock.py"),
        ("invoices", "path", "src/shop/report/invoice.py"),
        ("rounding of amounts", "bm25f", "src/shop/money.py"),
    ],
)
def test_the_file_that_answers_best(index: Index, issue: str, feature: str, path: str) -> None:
    assert best(index, issue, feature) == path


def test_content_is_not_stemmed_and_symbols_are() -> None:
    facts = FileFacts(words={"items": 1}, defined="reserve_items")
    corpus = Corpus(("a.py", "b.py"), (facts, FileFacts(words={"other": 1})))
    features = text_features(corpus, read_query("item"), load_weights())
    assert features["content"].tolist() == [0.0, 0.0]
    assert features["sym"].tolist() == [1.0, 0.0]


def test_nothing_in_common_is_zero_everywhere(index: Index) -> None:
    corpus = Corpus.of(index, candidates(index))
    for values in text_features(corpus, read_query("zzzz"), load_weights()).values():
        assert not values.any()


def test_an_empty_issue_is_zero_everywhere(index: Index) -> None:
    corpus = Corpus.of(index, candidates(index))
    for values in text_features(corpus, read_query(""), load_weights()).values():
        assert not values.any()


def test_rows_of_one_stem_are_added() -> None:
    query = read_query("cart carts other")
    folded = fold(
        count_matrix(query.terms, [{"cart": 1, "carts": 2}, {"carts": 1, "other": 5}]), query, ("cart", "other")
    )
    assert folded.values.tolist() == [3, 1, 5] and folded.rows.tolist() == [0, 0, 1]


def test_the_title_s_words_count_alone_too() -> None:
    facts = (FileFacts(words={"cart": 1}), FileFacts(words={"money": 3}))
    corpus = Corpus(("a.py", "b.py"), facts)
    features = text_features(corpus, read_query("cart\n\nmoney money money money"), load_weights())
    assert features["title"].tolist() == [1.0, 0.0]
    assert features["bm25f"].min() > 0


@pytest.mark.parametrize("rarity", [0.0, 1.0, 2.0])
def test_rarity_is_the_exponent_of_a_term_s_weight(rarity: float) -> None:
    words = ({"rare": 1}, {"common": 1}, {"common": 1}, {"common": 1})
    corpus = Corpus(("a.py", "b.py", "c.py", "d.py"), tuple(FileFacts(words=each) for each in words))
    weights = replace(load_weights(), rarity=rarity)
    features = text_features(corpus, read_query("title\n\ncommon rare"), weights)
    frequencies = [math.log1p(3.5 / 1.5), math.log1p(1.5 / 3.5)]
    expected = (frequencies[1] / frequencies[0]) ** rarity
    assert features["bm25f"].tolist() == features["content"].tolist() == pytest.approx([1.0] + [expected] * 3)


def test_messages_of_commits_are_one_more_field() -> None:
    corpus = Corpus(("a.py", "b.py"), (FileFacts(), FileFacts()))
    field = count_matrix(["cart"], [{}, {"cart": 2}]), np.array([3.0, 2.0])
    features = text_features(corpus, read_query("cart"), load_weights(), ("hist",), field)
    assert features["bm25f"].tolist() == features["hist"].tolist() == [0.0, 1.0]
    assert "content" not in features
