import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repo import index
from agentless.repo.lexicon import (
    COUNT_BITS,
    MOST_IDENTIFIERS,
    MOST_TEXTS,
    TEXT_SHIFT,
    Counted,
    Lexicon,
    spell,
)
from agentless.repo.rules import MAX_BYTES
from agentless.repo.vocabulary import Vocabulary
from agentless.repo.wordlist import MOST_WORDS
from agentless.repo.words import count_words

texts = st.lists(st.text(alphabet="abAB12_ \n.\u00e9\u00df\u4f60\u2019", max_size=40), max_size=6)


def named(counted: Counted, vocabulary: Vocabulary) -> tuple[dict[str, int], dict[str, int]]:
    words = [vocabulary.words[number] for number in counted.words.tolist()]
    both = zip(words, counted.counts.tolist(), counted.docs.tolist(), strict=True)
    rows = [(word, count, in_docs) for word, count, in_docs in both]
    return {word: count for word, count, _ in rows}, {word: docs for word, _, docs in rows if docs}


def count(lexicon: Lexicon, given: list[str], docs: list[str]) -> list[tuple[dict[str, int], dict[str, int]]]:
    streams = [[lexicon.stream(text.encode())] for text in given]
    documented = [[lexicon.stream(text.encode())] for text in docs]
    assert lexicon.look_up(lexicon.vocabulary.learned) is lexicon.vocabulary
    return [named(counted, lexicon.vocabulary) for counted in lexicon.count(streams, documented)]


@given(texts, texts)
def test_counts_are_those_of_the_words(first: list[str], second: list[str]) -> None:
    lexicon = Lexicon(Vocabulary())
    for given_texts in (first, second):
        wholes = [f"{text}\n{text[::2]}" for text in given_texts]
        docs = [text[::2] for text in given_texts]
        found = count(lexicon, wholes, docs)
        assert found == [(count_words(text), count_words(doc)) for text, doc in zip(wholes, docs, strict=True)]


def test_words_rise_by_number() -> None:
    lexicon = Lexicon(Vocabulary())
    stream = lexicon.stream(b"zeta alphaBeta zeta")
    lexicon.look_up(lexicon.vocabulary.learned)
    (counted,) = lexicon.count([[stream]], [[]])
    assert counted.words.tolist() == sorted(counted.words.tolist())
    assert named(counted, lexicon.vocabulary)[0] == {"zeta": 2, "alphabeta": 1, "alpha": 1, "beta": 1}


def test_a_text_in_streams_is_the_text() -> None:
    lexicon = Lexicon(Vocabulary())
    one, two = lexicon.stream(b"alpha beta"), lexicon.stream(b"beta gamma")
    lexicon.look_up(lexicon.vocabulary.learned)
    found = [
        named(counted, lexicon.vocabulary) for counted in lexicon.count([[one, two], [], [two]], [[one], [], []])
    ]
    assert found == [
        ({"alpha": 1, "beta": 2, "gamma": 1}, {"alpha": 1, "beta": 1}), ({}, {}), ({"beta": 1, "gamma": 1}, {}),
    ]  # fmt: skip
    assert lexicon.count([], []) == []


def test_only_new_words_are_learned() -> None:
    lexicon, asked = Lexicon(Vocabulary()), []

    def learn(words: object) -> Vocabulary:
        asked.append(sorted(words))  # type: ignore[call-overload]  # a set of texts
        return lexicon.vocabulary.learned(words)  # type: ignore[arg-type]

    for text in (b"alpha beta", b"beta gamma", b"gamma"):
        lexicon.stream(text)
        lexicon.look_up(learn)
    assert asked == [["alpha", "beta"], ["gamma"], []]


@pytest.mark.parametrize("given", [None, Vocabulary()])
def test_words_that_cannot_be_learned_are_asked_for_again(given: Vocabulary | None) -> None:
    lexicon = Lexicon(Vocabulary())
    stream = lexicon.stream(b"alpha")
    assert lexicon.look_up(lambda words: given) is given
    assert lexicon.look_up(lexicon.vocabulary.learned) is lexicon.vocabulary
    (counted,) = lexicon.count([[stream]], [[]])
    assert named(counted, lexicon.vocabulary) == ({"alpha": 1}, {})


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("snake_case", ("snake_case", "snake", "case")),
        ("_", ()),
        ("3d_plot", ("3d", "3", "d", "plot")),
        ("\u201cquoted\u201d", ("quoted",)),
        ("\u00fcber", ("\u00fcber", "\u00fc", "ber")),
    ],
)
def test_spelling(identifier: str, expected: tuple[str, ...]) -> None:
    assert spell(identifier.encode()) == expected
    assert set(expected) == set(count_words(identifier))


def test_every_bound_fits_its_bits() -> None:
    assert MOST_TEXTS << TEXT_SHIFT + COUNT_BITS < 1 << 63
    assert index.FILES_AT_ONCE <= MOST_TEXTS
    assert MAX_BYTES // 2 < 1 << COUNT_BITS
    assert MOST_WORDS < 1 << TEXT_SHIFT - 1
    most = MOST_IDENTIFIERS + index.BYTES_AT_ONCE + MAX_BYTES
    assert most < 1 << TEXT_SHIFT - 1


@pytest.mark.parametrize("text", ["a " * (MAX_BYTES // 2), "a1" * 32 + " ", "a_" * 31 + " ", "\u00e9_"])
def test_the_largest_text_is_counted_right(text: str) -> None:
    whole = text * (MAX_BYTES // len(text.encode()))
    ((found, _),) = count(Lexicon(Vocabulary()), [whole], [""])
    assert found == count_words(whole)


def test_the_last_text_of_a_count_is_counted_right() -> None:
    lexicon = Lexicon(Vocabulary())
    streams = [[lexicon.stream(b"w%d" % (number % 9))] for number in range(MOST_TEXTS)]
    lexicon.look_up(lexicon.vocabulary.learned)
    counted = lexicon.count(streams, [[]] * MOST_TEXTS)
    for number in (0, MOST_TEXTS // 2, MOST_TEXTS - 1):
        assert f"w{number % 9}" in named(counted[number], lexicon.vocabulary)[0]


def test_a_full_lexicon_says_so() -> None:
    lexicon = Lexicon(Vocabulary())
    assert not lexicon.full
    lexicon.stream(" ".join(f"w{number}" for number in range(MOST_IDENTIFIERS + 1)).encode())
    assert lexicon.full
