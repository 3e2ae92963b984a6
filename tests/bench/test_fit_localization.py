"""The fit on rows made by hand."""

import numpy as np
import pytest

from bench.fit_localization import Sheet, cross_validated, fit, fold_of, gradient, held_out

DRAW = np.random.default_rng(1)


def sheet(number: int) -> Sheet:
    """Twenty files; `good` points at the gold one, `noise` anywhere, `aux` away from it."""
    gold = number % 20
    good, aux = DRAW.random(20) * 0.5, DRAW.random(20)
    good[gold], aux[gold] = 1.0, 0.0
    features = {"good": good, "noise": DRAW.random(20), "aux": aux}
    paths = tuple(f"{place:02}.py" for place in range(20))
    single = {name: values.astype(np.float32) for name, values in features.items()}
    return Sheet(f"i{number}", f"r{number % 3}", paths, single, (paths[gold],))


SHEETS = [sheet(number) for number in range(30)]


def test_the_feature_that_helps_weighs_most() -> None:
    weights = fit(SHEETS, ["good", "noise", "aux"])
    assert weights["good"] > 3 > 1 > weights["noise"] > weights["aux"]
    assert all(each.ranked(weights).ranks == (0,) for each in SHEETS)


def test_a_strong_pull_keeps_the_start() -> None:
    weights = fit(SHEETS, ["good", "aux"], pull=1000.0)
    assert weights == pytest.approx({"good": 1.0, "aux": -1.0}, abs=0.02)


def test_the_slope_is_that_of_the_loss() -> None:
    matrix, gold, weights = DRAW.random((6, 3)), np.array([1, 4]), DRAW.random(3)

    def loss(at: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        likely = np.exp(matrix @ at)
        others = likely.sum() - likely[gold].sum()
        return float(np.mean([-np.log(likely[place] / (likely[place] + others)) for place in gold]))

    steps = np.eye(3) * 1e-6
    expected = [(loss(weights + step) - loss(weights - step)) / 2e-6 for step in steps]
    assert gradient(matrix, gold, weights).tolist() == pytest.approx(expected, abs=1e-5)


def test_folds_hold_every_row_once_and_mix_repositories() -> None:
    fold = fold_of(SHEETS, 5, 0)
    assert fold == fold_of(SHEETS[::-1], 5, 0)
    assert sorted(fold) == sorted(each.instance_id for each in SHEETS)
    for number in range(5):
        assert len({each.repo for each in SHEETS if fold[each.instance_id] == number}) == 3


def test_cross_validation_ranks_every_row_once() -> None:
    rows = cross_validated(SHEETS, ["good", "noise", "aux"], 3)
    assert sorted(row.instance_id for row in rows) == sorted(each.instance_id for each in SHEETS)


def test_a_row_learns_nothing_from_its_own_fold() -> None:
    backwards = {"good": 1.0 - SHEETS[0].features["good"], "noise": SHEETS[0].features["noise"]}
    odd = Sheet("odd", "odd", SHEETS[0].paths, backwards, SHEETS[0].gold)
    found = held_out([*SHEETS, odd], ["good", "noise"], {each.instance_id: each.repo for each in [*SHEETS, odd]})
    assert len(found) == len(SHEETS) + 1
    assert {row.instance_id: row.ranks for row in found}["odd"] == (19,)


def test_a_row_without_a_candidate_among_its_gold_files_is_no_obstacle() -> None:
    lost = Sheet("lost", "r", SHEETS[0].paths, SHEETS[0].features, ("new.py",))
    assert fit([*SHEETS, lost], ["good"]) == fit(SHEETS, ["good"])
