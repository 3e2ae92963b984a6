import zlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repo.facts import HEAD, FileFacts, PackedCounts, is_covered, unpack_facts
from agentless.repo.vocabulary import Vocabulary
from tests.packing import knowing, pack

plain = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=20)
counts = st.dictionaries(plain, st.integers(1, 10_000_000), max_size=8)
lines = st.lists(plain.filter(bool), max_size=4).map("\n".join)


def with_words(facts: FileFacts, words: Mapping[str, int], share: int) -> FileFacts:
    docs = {
        word: count // 2 for number, (word, count) in enumerate(words.items()) if number % 3 < share and count > 1
    }
    return FileFacts(facts.size, facts.defined, facts.imports, facts.imported, words, docs)


facts = st.builds(
    with_words,
    st.builds(FileFacts, size=st.integers(0, 10**6), defined=lines, imports=lines, imported=lines),
    counts,
    st.integers(0, 3),
)


@given(facts, facts)
def test_packing_is_lossless(value: FileFacts, other: FileFacts) -> None:
    vocabulary = knowing(other, value)
    packed = pack(value, vocabulary)
    restored = unpack_facts(packed, vocabulary)
    assert restored == value
    assert pack(restored, vocabulary) == packed


@given(facts)
def test_packed_counts_are_a_mapping_like_the_dict(value: FileFacts) -> None:
    vocabulary = knowing(value)
    restored = unpack_facts(pack(value, vocabulary), vocabulary)
    for packed, expected in ((restored.words, value.words), (restored.doc_words, value.doc_words)):
        assert isinstance(packed, PackedCounts)
        assert dict(packed) == dict(packed.items()) == expected
        assert len(packed) == len(expected) and set(packed) == packed.keys() == expected.keys()
        assert sorted(packed.values()) == sorted(expected.values())
        assert packed.total() == sum(expected.values())
        for word, count in expected.items():
            assert packed[word] == packed.get(word) == count
            assert word in packed


def test_words_stand_in_the_order_of_their_numbers() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(["b", "a", "c"])
    value = FileFacts(words={"a": 2, "b": 1, "c": 3}, doc_words={"c": 1})
    assert list(unpack_facts(pack(value, vocabulary), vocabulary).words) == ["b", "a", "c"]


def test_a_word_that_is_not_there() -> None:
    value = FileFacts(words={"a": 1})
    vocabulary = knowing(value)
    packed = unpack_facts(pack(value, vocabulary), vocabulary).words
    assert packed.get("b") is None and packed.get("b", 0) == 0
    with pytest.raises(KeyError):
        packed["b"]


def test_counts_of_many_files_stay_packed() -> None:
    values = [FileFacts(words={f"word{number}": number + 1, "shared": 2}) for number in range(3)]
    vocabulary = knowing(*values)
    one, two, three = (unpack_facts(pack(value, vocabulary), vocabulary).words for value in values)
    assert one["word0"] == 1 and two["shared"] == 2
    assert isinstance(one, PackedCounts) and PackedCounts.last[0] is two, "only the last one is unpacked"
    assert (one["shared"], three["word2"]) == (2, 3)


def test_facts_of_nothing() -> None:
    empty = FileFacts()
    assert (empty.size, empty.names, empty.targets, dict(empty.words)) == (0, [], [], {})
    vocabulary = Vocabulary()
    assert unpack_facts(pack(empty, vocabulary), vocabulary) == empty


def test_only_a_newline_ends_a_name() -> None:
    odd = FileFacts(defined="A\u2028b\nA.c", imports="os\x0b", imported=".x\n.y")
    assert odd.names == ["A\u2028b", "A.c"]
    assert odd.targets == ["os\x0b", ".x", ".y"]


def test_facts_are_read_with_the_words_they_were_packed_with() -> None:
    value = FileFacts(words={"a": 1, "b": 1})
    vocabulary = knowing(value)
    packed = pack(value, vocabulary)
    shorter = Vocabulary(vocabulary.epoch)
    shorter.learn(["a"])
    assert is_covered(packed, vocabulary)
    assert not is_covered(packed, shorter), "it uses a word that is not there yet"
    assert not is_covered(packed, knowing(value)), "another vocabulary"
    assert not is_covered(b"", vocabulary) and not is_covered(b"short", vocabulary)


def test_a_word_takes_few_bytes() -> None:
    value = FileFacts(words={f"some_identifier_{number}": 1 + number % 7 for number in range(1000)})
    packed = pack(value, knowing(value))
    *_, size = HEAD.unpack_from(packed)
    assert len(packed) - size < 2000
    assert zlib.decompress(packed[HEAD.size + size :])
