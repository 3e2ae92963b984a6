"""Many packed files unpacked at once give what each gives by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.columns import Columns, joined, read_columns, read_planes
from agentless.repo import FileFacts
from agentless.repo.facts import PackedCounts, unpack_facts
from agentless.repo.planes import to_planes
from agentless.repo.vocabulary import Vocabulary
from tests.packing import pack

WORDS = st.sampled_from([f"w{n}" for n in range(12)])
COUNTS = st.dictionaries(WORDS, st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=8)


def packed(facts: FileFacts, vocabulary: Vocabulary) -> PackedCounts:
    words = unpack_facts(pack(facts, vocabulary), vocabulary).words
    assert isinstance(words, PackedCounts)
    return words


@given(st.lists(COUNTS, max_size=5), st.integers(0, 70_000))
def test_words_and_counts_of_each_file(files: list[dict[str, tuple[int, int]]], others: int) -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(f"other{number}" for number in range(others))
    vocabulary.learn(f"w{number}" for number in range(12))
    texts = {
        7 * place: packed(
            FileFacts(
                words={word: count for word, (count, _) in file.items()},
                doc_words={word: docs for word, (_, docs) in file.items() if docs},
            ),
            vocabulary,
        )
        for place, file in enumerate(files)
    }
    found = {
        (owner, vocabulary.words[word]): (count, doc)
        for owner, word, count, doc in zip(*(column.tolist() for column in read_columns(texts)), strict=True)
    }
    assert found == {(7 * place, word): both for place, file in enumerate(files) for word, both in file.items()}


@pytest.mark.parametrize(
    "lists",
    [[], [[]], [[], [0, 0]], [[1], [256, 2], [], [70_000, 3, 2**32 - 1], [5]]],
)
def test_lists_of_any_width_end_to_end(lists: list[list[int]]) -> None:
    parts = [to_planes(np.array(each, dtype=np.uint32)) for each in lists]
    data = np.frombuffer(b"".join(parts), dtype=np.uint8)
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    starts = ends - np.array([len(part) for part in parts], dtype=np.int64)
    values, found = read_planes(data, starts, np.array([len(each) for each in lists], dtype=np.int64))
    assert values.tolist() == [value for each in lists for value in each]
    assert found.tolist() == ends.tolist()


def test_columns_one_below_the_other() -> None:
    one, two = (Columns(*(np.full(size, size, dtype=np.int64) for _ in range(4))) for size in (1, 2))
    assert [column.tolist() for column in joined([one, two])] == [[1, 2, 2]] * 4
