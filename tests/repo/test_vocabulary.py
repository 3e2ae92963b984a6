from collections.abc import Iterator

import pytest

from agentless.repo.vocabulary import Vocabulary


def test_words_get_numbers_in_order_of_arrival_and_keep_them() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(["b", "a", "b"])
    vocabulary.learn(["c", "a"])
    assert vocabulary.words == ["b", "a", "c"]
    assert vocabulary.numbers == {"b": 0, "a": 1, "c": 2}


def test_facts_are_of_the_words_under_their_seal() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(["a", "b"], 7)
    vocabulary.learn(["c"], 9)
    assert [vocabulary.seal_of(count) for count in range(5)] == [vocabulary.epoch, 7, 7, 9, None]
    assert vocabulary.seal == 9
    assert vocabulary.covers(7, 2) and vocabulary.covers(9, 3)
    assert not vocabulary.covers(9, 2) and not vocabulary.covers(7, 3)


def test_words_that_are_half_learned_are_under_no_seal() -> None:
    def stopped() -> Iterator[str]:
        yield "a"
        raise KeyboardInterrupt

    vocabulary = Vocabulary()
    with pytest.raises(KeyboardInterrupt):
        vocabulary.learn(stopped(), 7)
    assert vocabulary.words == ["a"] and vocabulary.seal_of(1) is None


def test_two_vocabularies_are_never_taken_for_one_another() -> None:
    one, two = Vocabulary(), Vocabulary()
    assert one.epoch != two.epoch and 0 < one.epoch < 2**32
    one.learn(["a"])
    assert one.covers(one.epoch, 1) and one.covers(one.epoch, 0)
    assert not one.covers(one.epoch, 2)
    assert not one.covers(two.epoch, 0)
