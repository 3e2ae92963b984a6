"""Files beside the best ones: by import, and by common commits."""

import numpy as np
import pytest

from agentless.localize.corpus import Corpus
from agentless.localize.neighbours import SEEDS, SMALL_FILES, Seeds, cochange_feature, import_feature
from agentless.repo import FileFacts
from tests.localize.pasts import changes_of, corpus_of

CORPUS = corpus_of("p/a.py", "p/b.py", "p/c.py", "p/d.py")
FIRST = np.array([3.0, 0.0, 0.0, 0.0])
"""p/a.py is the best one by far."""


def together(
    scores: "np.ndarray[tuple[int], np.dtype[np.float64]]", *commits: tuple[str, float, list[str]]
) -> list[float]:
    values: list[float] = cochange_feature(changes_of(CORPUS, *commits), Seeds.of(scores)).tolist()
    return values


def test_seeds_are_the_best_with_shares_and_heights() -> None:
    seeds = Seeds.of(np.array([1.0, 3.0, 2.0, -1.0]))
    assert seeds.places.tolist() == [1, 2, 0, 3]
    assert seeds.shares.sum() == pytest.approx(1) and np.all(np.diff(seeds.shares) < 0)
    assert seeds.heights.tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])


@pytest.mark.parametrize("scores", [np.zeros(0), np.zeros(3), np.full(2, -1.0)])
def test_seeds_of_nothing_and_of_nothing_good(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    seeds = Seeds.of(scores)
    assert len(seeds.places) == len(scores) and not seeds.heights.any()


def test_seeds_are_few_and_ties_go_by_place() -> None:
    assert Seeds.of(np.zeros(50)).places.tolist() == list(range(SEEDS))


def test_what_changes_with_the_best_file() -> None:
    values = together(FIRST, ("x", 0, ["p/a.py", "p/b.py"]), ("y", 0, ["p/c.py", "p/d.py"]), ("z", 0, ["p/a.py"]))
    assert values[1] == 1.0
    assert values[0] < values[1] and values[2] < values[1]


def test_recent_commits_tie_more() -> None:
    values = together(FIRST, ("old", 9, ["p/a.py", "p/b.py"]), ("new", 0, ["p/a.py", "p/c.py"]))
    assert values[2] == 1.0 and 0 < values[1] < 0.1


def test_large_commits_tie_nothing() -> None:
    paths = [f"p/{number}.py" for number in range(SMALL_FILES + 1)]
    changes = changes_of(corpus_of(*paths), ("move", 0, paths))
    assert not cochange_feature(changes, Seeds.of(np.ones(len(paths)))).any()


def test_a_file_is_not_its_own_neighbour() -> None:
    assert together(FIRST, ("x", 0, ["p/a.py"])) == [0, 0, 0, 0]


def test_no_commits_at_all() -> None:
    assert together(FIRST, ("x", 0, [])) == [0, 0, 0, 0]


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
