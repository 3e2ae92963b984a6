import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repo.facts import FileFacts, PackedCounts, Symbol, pack_facts, unpack_facts

counts = st.dictionaries(st.text(max_size=8), st.integers(1, 10_000), max_size=8)
texts = st.lists(st.text(max_size=12), max_size=4).map(tuple)
symbols = st.builds(
    Symbol,
    kind=st.sampled_from(["class", "function", "method", "async_function", "async_method", "constant", "import"]),
    name=st.text(max_size=20),
    start_line=st.integers(1, 10_000),
    end_line=st.integers(1, 10_000),
    doc=st.text(max_size=30),
    body_line=st.integers(0, 10_000),
    doc_lines=st.tuples(st.integers(0, 99), st.integers(0, 99)),
)
facts = st.builds(
    FileFacts,
    language=st.sampled_from(["", "python", "go"]),
    lines=st.integers(0, 10**6),
    bytes=st.integers(0, 10**6),
    symbols=st.lists(symbols, max_size=4).map(tuple),
    imports=texts,
    words=counts,
    doc_words=counts,
    imported=texts,
)


@given(facts)
def test_packing_is_lossless(value: FileFacts) -> None:
    assert unpack_facts(pack_facts(value)) == value
    assert unpack_facts(pack_facts(unpack_facts(pack_facts(value)))) == value


@given(counts)
def test_packed_counts_are_a_mapping_like_the_dict(words: dict[str, int]) -> None:
    packed = PackedCounts(msgpack.packb(words))
    assert packed == words
    assert len(packed) == len(words)
    assert list(packed) == list(words)
    assert list(packed.items()) == list(words.items())
    assert list(packed.keys()) == list(words.keys())
    assert sorted(packed.values()) == sorted(words.values())
    for word, count in words.items():
        assert packed[word] == packed.get(word) == count
        assert word in packed


def test_a_word_that_is_not_there() -> None:
    packed = PackedCounts(msgpack.packb({"a": 1}))
    assert packed.get("b") is None
    assert packed.get("b", 0) == 0
    with pytest.raises(KeyError):
        packed["b"]


def test_counts_stay_packed_until_they_are_looked_at() -> None:
    restored = unpack_facts(pack_facts(FileFacts(words={"a": 1})))
    assert isinstance(restored.words, PackedCounts)
    assert restored.words.counts is None
    assert restored.words["a"] == 1
    assert restored.words.counts == {"a": 1}


def test_facts_of_nothing() -> None:
    empty = FileFacts()
    assert (empty.language, empty.lines, empty.symbols, dict(empty.words)) == ("", 0, (), {})
