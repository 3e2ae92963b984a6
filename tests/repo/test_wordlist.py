import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.repo.cache import FILE_NAME, BlobCache, CachedBlob
from agentless.repo.facts import FileFacts, is_covered
from agentless.repo.vocabulary import Vocabulary
from agentless.repo.wordlist import extended
from tests.packing import pack

WORKER = """
import sys
from pathlib import Path
from agentless.repo.cache import BlobCache

with BlobCache.open(Path(sys.argv[1])) as cache:
    for turn in range(30):
        wanted = [f"own{sys.argv[2]}x{turn}", f"shared{turn}", "always"]
        vocabulary = cache.learn(wanted)
        assert vocabulary is not None
        for word in wanted:
            assert vocabulary.words[vocabulary.numbers[word]] == word
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def known_to(folder: Path) -> Vocabulary:
    """What a process that comes later finds."""
    with BlobCache.open(folder) as cache:
        found = cache.learn([])
    assert found is not None
    return found


def damage(folder: Path, statement: str) -> None:
    """What another program does to the file."""
    with sqlite3.connect(folder / FILE_NAME) as damaging:
        damaging.execute(statement)
    damaging.close()


def test_another_process_gives_the_same_numbers(folder: Path) -> None:
    with BlobCache.open(folder) as cache:
        first = cache.learn(["a", "b"])
        assert first is not None
        with BlobCache.open(folder) as other:
            second = other.learn(["c", "a"])
            assert second is not None and second.epoch == first.epoch
            assert second.words == ["a", "b", "c"]
        third = cache.learn(["d", "b"])
        assert third is first and third.words == ["a", "b", "c", "d"]
    assert known_to(folder).words == ["a", "b", "c", "d"]


def test_known_words_cost_no_write(folder: Path) -> None:
    with BlobCache.open(folder) as cache:
        cache.learn(["a"])
        with sqlite3.connect(folder / FILE_NAME, isolation_level=None) as locking:
            locking.execute("BEGIN IMMEDIATE")
            assert cache.learn(["a"]) is cache.vocabulary
            locking.execute("ROLLBACK")
        locking.close()


def test_processes_never_give_one_number_twice(folder: Path) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(folder), str(name)], stderr=subprocess.PIPE)
        for name in range(3)
    ]
    for worker in workers:
        _, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said.decode()
    found = known_to(folder)
    assert len(found.words) == len(set(found.words)) == 3 * 30 + 30 + 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE words SET packed = x'00' WHERE first > 0",
        "UPDATE words SET sum = 1 WHERE first = 0",
        "UPDATE words SET epoch = 5 WHERE first > 0",
        "DELETE FROM words WHERE first > 0 AND first < 3",
        "DELETE FROM words WHERE first = 0",
        "UPDATE words SET epoch = 1 << 40",
        "UPDATE words SET epoch = -5",
        "UPDATE words SET epoch = 'text'",
        "UPDATE words SET packed = 'text' WHERE first = 0",
        "UPDATE words SET packed = CAST(x'ff80' AS TEXT) WHERE first > 0",
        "UPDATE words SET sum = 'text' WHERE first > 2",
        "UPDATE words SET packed = (SELECT packed FROM words WHERE first = 2) WHERE first = 3",
        "DELETE FROM words",
    ],
)
def test_a_damaged_list_is_followed_by_another_one(folder: Path, statement: str) -> None:
    with BlobCache.open(folder) as cache:
        for words in (["a", "b"], ["c"], ["d"]):
            cache.learn(words)
        epoch = cache.vocabulary.epoch
    damage(folder, statement)
    with BlobCache.open(folder) as cache:
        found = cache.learn(["x", "y"])
        if found is None:  # the old pages were in the way; they are gone now
            found = cache.learn(["x", "y"])
        assert found is not None and found.epoch != epoch
        assert all(found.words[found.numbers[word]] == word for word in ("x", "y"))
    assert known_to(folder).words == found.words


def test_a_closed_cache_learns_nothing(folder: Path) -> None:
    cache = BlobCache.open(folder)
    cache.close()
    assert cache.learn(["a"]) is None


def test_words_that_were_lost_are_not_read_by_the_numbers_of_others(folder: Path) -> None:
    facts = FileFacts(words={"alpha": 1, "lost": 2})
    with BlobCache.open(folder) as cache:
        cache.learn(["alpha"])
        before = cache.learn(["lost"])
        assert before is not None
        packed = pack(facts, before)
    damage(folder, "DELETE FROM words WHERE first = 1")  # as after a power cut
    with BlobCache.open(folder) as cache:
        after = cache.learn(["other"])
        assert after is not None and after.epoch == before.epoch
        assert after.words == ["alpha", "other"]
    assert is_covered(packed, before) and not is_covered(packed, after)
    assert is_covered(pack(FileFacts(words={"alpha": 3}), before), after), "what was not lost is read"
    assert after.covers(after.epoch, 0)


def test_a_process_that_knows_more_than_the_file_says_so(folder: Path) -> None:
    """Pages are lost while it runs, and another process gives their numbers again."""
    with BlobCache.open(folder) as first:
        first.learn(["alpha"])
        known = first.learn(["lost"])
        with BlobCache.open(folder) as second:
            damage(folder, "DELETE FROM words WHERE first = 1")
            other = second.learn(["other", "words"])
            assert known is not None and other is not None and other.epoch == known.epoch
            packed = pack(FileFacts(words={"lost": 1}), known)
            assert not is_covered(packed, other)
            later = first.learn(["later"])
            assert later is not None and later is not known, "its pages do not fit those of the file"
            assert not is_covered(packed, later)


def test_an_interrupted_process_learns_the_words_anew(folder: Path) -> None:
    def stopped(database: sqlite3.Connection) -> None:
        cache.refresh(database)
        cache.vocabulary.learn(["in no page"])
        raise KeyboardInterrupt

    with BlobCache.open(folder) as cache:
        cache.learn(["a"])
        with pytest.raises(KeyboardInterrupt):
            cache.attempt(stopped, None)
        found = cache.learn(["b"])
        assert found is not None and found.words == ["a", "b"]


def test_words_go_with_the_last_blob(folder: Path) -> None:
    with BlobCache.open(folder) as cache:
        before = cache.learn(f"word{number}" for number in range(100_000))
        cache.save({b"key": CachedBlob("")})
        assert cache.prune(0)
        assert cache.learn([]) is before
        size = cache.size_bytes()
        assert cache.prune(1 << 30)
        assert cache.size_bytes() < size / 10
        after = cache.learn(["word1"])
        assert after is not None and after.words == ["word1"]


def test_a_full_vocabulary_gives_way_to_another_one(folder: Path) -> None:
    with BlobCache.open(folder) as cache:
        first = cache.learn(["a", "b"])
        assert first is not None and cache.database is not None
        second = extended(cache.database, first, ["b", "c"], most=2)
        assert second is not first and second.epoch != first.epoch
        assert sorted(second.words) == ["b", "c"]
    assert known_to(folder).words == second.words
