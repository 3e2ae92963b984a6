import threading

import pytest

from agentless.repo import lexicon, reader
from agentless.repo.facts import FileFacts, unpack_facts
from agentless.repo.reader import Reader, Source
from agentless.repo.vocabulary import Vocabulary

PYTHON = Source(b'"""Doc."""\nfrom a import b\nclass Cart:\n    def add(self): pass\n', "python")
GO = Source(b'package shop\nimport "fmt"\n// Adds one.\nfunc Add() {}\n', "go")
PLAIN = Source("Caf\u00e9 carts\n".encode(), "")


def read(reader: Reader, *sources: Source) -> list[FileFacts]:
    packed, vocabulary = reader.read_alone(sources)
    return [unpack_facts(facts, vocabulary) for facts in packed]


def test_facts_by_language() -> None:
    python, go, plain = read(Reader(Vocabulary()), PYTHON, GO, PLAIN)
    assert (python.size, python.names, python.targets) == (len(PYTHON.data), ["Cart", "Cart.add"], ["a", "a.b"])
    assert python.words["cart"] == 1 and python.doc_words == {"doc": 1}
    assert (go.names, go.targets, go.doc_words) == (["Add"], ["fmt"], {"adds": 1, "one": 1})
    assert (plain.names, plain.targets, plain.doc_words) == ([], [], {})
    assert plain.words == {"caf": 1, "\u00e9": 1, "carts": 1}


def test_nothing_to_read() -> None:
    assert Reader(Vocabulary()).read_alone([])[0] == []
    (empty,) = read(Reader(Vocabulary()), Source(b"", "python"))
    assert empty == FileFacts()


def test_what_was_read_before_changes_nothing() -> None:
    reader = Reader(Vocabulary())
    first = read(reader, PYTHON, PLAIN)
    assert read(reader, PLAIN, PYTHON) == first[::-1]
    assert read(Reader(Vocabulary(), max_bytes=0), PYTHON, PLAIN) == first


def test_a_vocabulary_that_cannot_learn_gives_nothing_and_forgets_nothing() -> None:
    reader = Reader(Vocabulary())
    assert reader.read([PYTHON], lambda words: None) is None
    assert read(reader, PYTHON)[0].names == ["Cart", "Cart.add"]


def test_another_vocabulary_takes_the_place_of_a_damaged_one() -> None:
    damaged, fresh = Vocabulary(), Vocabulary()
    reader = Reader(damaged)
    before = read(reader, PYTHON)
    packed, vocabulary = reader.read([PYTHON, PLAIN], fresh.learned) or ([], damaged)
    assert vocabulary is fresh
    assert unpack_facts(packed[0], fresh) == before[0]
    assert reader.lexicon.vocabulary is fresh


def test_vocabularies_that_change_all_the_time_give_nothing() -> None:
    assert Reader(Vocabulary()).read([PYTHON], lambda words: Vocabulary()) is None


def test_a_full_lexicon_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "MOST_IDENTIFIERS", 3)
    reader = Reader(Vocabulary())
    first = read(reader, PYTHON)
    full = reader.lexicon
    assert full.full
    assert read(reader, PYTHON) == first
    assert reader.lexicon is not full


class Stopping(list[bytes]):
    """Stops the process that appends for the third time, as a signal may at any moment."""

    def append(self, value: bytes) -> None:
        if len(self) == 2:
            raise KeyboardInterrupt
        super().append(value)


def test_a_reader_that_was_stopped_reads_right_the_next_time() -> None:
    stopped = Reader(Vocabulary())
    before = read(stopped, PLAIN)
    stopped.lexicon.identifiers.new = Stopping()
    with pytest.raises(KeyboardInterrupt):
        stopped.read_alone([PYTHON])
    assert read(stopped, PYTHON, PLAIN) == [*read(Reader(Vocabulary()), PYTHON), *before]


def test_more_files_than_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [Source(f"word{number} word{number % 3}\n".encode(), "") for number in range(10)]
    expected = read(Reader(Vocabulary()), *sources)
    monkeypatch.setattr(reader, "MOST_TEXTS", 3)
    assert read(Reader(Vocabulary()), *sources) == expected


def test_words_are_never_read_by_a_vocabulary_that_was_left() -> None:
    left, fresh = Vocabulary(), Vocabulary()
    one = Reader(left)
    read(one, PLAIN)
    fresh.learn(left.words)
    packed, vocabulary = one.read([PLAIN], fresh.learned) or ([], left)
    assert vocabulary is fresh, "although no word of the text is new to the old one"
    assert unpack_facts(packed[0], fresh).words["carts"] == 1


def test_threads_share_a_reader() -> None:
    reader = Reader(Vocabulary())
    sources = [Source(f"def f{number}(): return word{number % 7}\n".encode(), "python") for number in range(200)]
    found: dict[int, list[FileFacts]] = {}

    def work(start: int) -> None:
        found[start] = read(reader, *sources[start:], *sources[:start])

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 200, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for start, facts in found.items():
        assert [each.names for each in facts[200 - start :]] == [[f"f{number}"] for number in range(start)]
        assert facts[0].words[f"word{start % 7}"] == 1
