"""Files beside the best ones, by import."""

import numpy as np
import pytest

from agentless.localize.corpus import Corpus
from agentless.localize.neighbours import SEEDS, Seeds, import_feature
from agentless.repo import FileFacts
from tests.localize.pasts import corpus_of

CORPUS = corpus_of("p/a.py", "p/b.py", "p/c.py", "p/d.py")


def test_seeds_are_the_best_with_heights() -> None:
    seeds = Seeds.of(np.array([1.0, 3.0, 2.0, -1.0]))
    assert seeds.places.tolist() == [1, 2, 0, 3]
    assert seeds.heights.tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])


@pytest.mark.parametrize("scores", [np.zeros(0), np.zeros(3), np.full(2, -1.0)])
def test_seeds_of_nothing_and_of_nothing_good(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    seeds = Seeds.of(scores)
    assert len(seeds.places) == len(scores) and not seeds.heights.any()


def test_seeds_are_few_and_ties_go_by_place() -> None:
    assert Seeds.of(np.zeros(50)).places.tolist() == list(range(SEEDS))


def test_files_that_the_best_ones_import() -> None:
    facts = (
        FileFacts(imports=".b\np.c\nos"),
        FileFacts(imports=".d", imported=".b"),
        FileFacts(),
        FileFacts(imports=".a"),
    )
    corpus = Corpus(CORPUS.paths, facts)
    values = import_feature(corpus, Seeds.of(np.array([2.0, 1.0, 0.0, -1.0])))
    assert values.tolist() == pytest.approx([0.0, 1.0, 1.0, 0.5])
