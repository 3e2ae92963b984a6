"""Counts of words over many files, packed and plain."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.bm25 import Table
from agentless.localize.counts import FILES_AT_ONCE, count_names, count_texts, count_words
from agentless.localize.tokens import stems
from agentless.repo import FileFacts, Index
from agentless.repo.facts import unpack_facts
from agentless.repo.vocabulary import Vocabulary
from tests.packing import pack

WORDS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 300), max_size=6)


def cells(table: Table) -> dict[tuple[int, int], float]:
    places = zip(table.rows.tolist(), table.columns.tolist(), strict=True)
    return dict(zip(places, table.values.tolist(), strict=True))


def packed(words: Mapping[str, int], vocabulary: Vocabulary) -> Mapping[str, int]:
    vocabulary.learn(words)
    return unpack_facts(pack(FileFacts(words=dict(words)), vocabulary), vocabulary).words


@given(st.lists(WORDS, max_size=5), st.lists(st.sampled_from("abcxyz"), unique=True))
def test_packed_and_plain_files_give_the_same(files: list[dict[str, int]], terms: list[str]) -> None:
    vocabulary = Vocabulary()
    expected = {
        (row, column): file[term]
        for column, file in enumerate(files)
        for row, term in enumerate(terms)
        if term in file
    }
    for given_files in (files, [packed(file, vocabulary) for file in files]):
        table, totals = count_words(terms, given_files, vocabulary)
        assert cells(table) == expected
        assert table.shape == (len(terms), len(files))
        assert totals.tolist() == [sum(file.values()) for file in files]


def test_words_of_another_vocabulary_are_read_too() -> None:
    one, other = Vocabulary(), Vocabulary()
    files = [packed({"x": 1, "a": 2}, one), packed({"a": 3}, other)]
    table, totals = count_words(["a"], files, other)
    assert cells(table) == {(0, 0): 2, (0, 1): 3} and totals.tolist() == [3, 3]


def test_more_files_than_are_read_at_once() -> None:
    files = [{"a": number % 3} if number % 3 else {} for number in range(FILES_AT_ONCE + 5)]
    table, totals = count_words(["a"], files, Vocabulary())
    assert totals.tolist() == [number % 3 for number in range(FILES_AT_ONCE + 5)]
    assert len(table.values) == int((totals > 0).sum())


@pytest.mark.parametrize(("terms", "files"), [([], [{"a": 1}]), (["a"], []), ([], [])])
def test_nothing_to_count(terms: list[str], files: list[dict[str, int]]) -> None:
    table, totals = count_words(terms, files, Vocabulary())
    assert cells(table) == {} and len(totals) == len(files)


def test_an_index_s_own_words(index: Index) -> None:
    paths = ["src/shop/cart.py", "src/shop/money.py"]
    table, totals = count_words(["cents"], [index.facts(path).words for path in paths], index.vocabulary)
    assert list(cells(table)) == [(0, 1)] and totals.min() > 5


def test_texts_and_docstrings_are_counted_together() -> None:
    files = [
        FileFacts(words={"a": 300, "b": 1}, doc_words={"a": 2}),
        FileFacts(),
        FileFacts(words={"b": 70_000}, doc_words={"b": 1}),
        FileFacts(words={"c": 1}),
    ]
    vocabulary = Vocabulary()
    vocabulary.learn("abc")
    packed_files = [unpack_facts(pack(facts, vocabulary), vocabulary) for facts in files]
    mixed = [files[0], packed_files[1], packed_files[2], files[3]]
    for some in (files, packed_files, mixed):
        (words, lengths), (docs, doc_lengths) = count_texts(["b", "a", "x"], some, vocabulary)
        assert cells(words) == {(1, 0): 300, (0, 0): 1, (0, 2): 70_000}
        assert cells(docs) == {(1, 0): 2, (0, 2): 1}
        assert lengths.tolist() == [301, 0, 70_000, 1] and doc_lengths.tolist() == [2, 0, 1, 0]


def test_docstrings_packed_by_themselves_are_not_mixed_up() -> None:
    vocabulary = Vocabulary()
    facts = FileFacts(words=packed({"a": 5}, vocabulary), doc_words=packed({"a": 2, "b": 1}, vocabulary))
    (words, _), (docs, _) = count_texts(["a", "b"], [facts], vocabulary)
    assert cells(words) == {(0, 0): 5} and cells(docs) == {(0, 0): 2, (1, 0): 1}


NAMES = st.lists(st.sampled_from(["addItem", "add_items", "Cart", "cart", "__init__", "_", "x"]), max_size=6)


@given(st.lists(NAMES, max_size=4), st.lists(st.sampled_from(["cart", "item", "add", "init"]), unique=True))
def test_stems_of_names(documents: list[list[str]], terms: list[str]) -> None:
    counted = [Counter(part for name in names for part in stems(name)) for names in documents]
    table, lengths = count_names(terms, documents)
    assert table.shape == (len(terms), len(documents))
    assert lengths.tolist() == [each.total() for each in counted]
    assert cells(table) == {
        (row, column): each[term]
        for column, each in enumerate(counted)
        for row, term in enumerate(terms)
        if term in each
    }
