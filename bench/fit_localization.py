"""Fits the weights of file retrieval to rows with gold patches, and prints them; `--cv` says what they are worth.

    python bench/fit_localization.py --dataset dev.jsonl --repos mirrors/ --cv 5 --seeds 10 [--without-history]

Loss: for each gold file the logistic loss of a softmax over it and all files that are not gold, averaged over the
gold files of a row, plus an L2 pull towards equal weights. Neighbour features are made with the shipped weights.
`--cv` ranks each row by weights of the other folds, and then by weights of the other repositories.
"""

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray

from agentless.localize.features import all_features
from agentless.localize.retrieve import main_task
from agentless.localize.weights import Weights, load_weights
from agentless.repo import Index
from bench.recall import Found, found, mrr, recall
from bench.retrieval_rows import Row, gold_files, over_rows, read_rows

Vector = NDArray[np.float64]
PENALTIES = frozenset({"aux", "log_commits"})
"""Features that begin with -1; all others begin with 1."""
PULL = 0.01
STEPS = 250
RATE = 0.05
FOLDS_SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Features of one row's files."""

    instance_id: str
    repo: str
    paths: tuple[str, ...]
    features: Mapping[str, NDArray[np.float32]]
    gold: tuple[str, ...]

    def matrix(self, names: Sequence[str]) -> Vector:
        """One row per file, one column per feature."""
        return np.stack([self.features[name] for name in names], axis=1).astype(np.float64)

    def ranked(self, weights: Mapping[str, float]) -> Found:
        """Where the gold files stand by these weights."""
        scores = self.matrix(list(weights)) @ np.array(list(weights.values()))
        order = np.argsort(-np.round(scores, 6), kind="stable").tolist()
        return found(self.instance_id, self.repo, self.gold, [self.paths[place] for place in order])


def make_sheet(row: Row, index: Index, weights: Weights | None = None, *, history: bool = True) -> Sheet:
    """Features of the files in the main languages, by the shipped weights or others."""
    task = main_task(index, str(row["problem_statement"]), weights or load_weights())
    task = task if history else replace(task, changes=None)
    values = all_features(task)
    kept = {name: values[name].astype(np.float32) for name in task.formula}
    return Sheet(str(row["instance_id"]), str(row["repo"]), task.corpus.paths, kept, tuple(gold_files(row)))


def fit(sheets: Sequence[Sheet], names: Sequence[str], pull: float = PULL) -> dict[str, float]:
    """Weights of the features by gradient descent (Adam), from equal ones."""
    start = np.array([-1.0 if name in PENALTIES else 1.0 for name in names])
    rows = [(sheet.matrix(names), gold_places(sheet)) for sheet in sheets]
    rows = [(matrix, gold) for matrix, gold in rows if len(gold)]
    weights, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, STEPS + 1):
        slope = sum((gradient(matrix, gold, weights) for matrix, gold in rows), np.zeros_like(start)) / len(rows)
        slope += 2 * pull * (weights - start)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        rate = RATE * (1 - 0.9 * step / STEPS)
        weights -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return dict(zip(names, weights.tolist(), strict=True))


def gold_places(sheet: Sheet) -> NDArray[np.int64]:
    """Places of the gold files that are candidates."""
    places = [place for place, path in enumerate(sheet.paths) if path in sheet.gold]
    return np.array(places, dtype=np.int64)


def gradient(matrix: Vector, gold: NDArray[np.int64], weights: Vector) -> Vector:
    """Slope of the row's loss by the weights."""
    scores = matrix @ weights
    likely = np.exp(scores - scores.max())
    of_gold = likely[gold]
    likely[gold] = 0.0
    others, total = likely @ matrix, float(likely.sum())
    slopes = [
        (own * matrix[place] + others) / (own + total) - matrix[place]
        for own, place in zip(of_gold, gold, strict=True)
    ]
    mean: Vector = np.mean(slopes, axis=0)
    return mean


def cross_validated(
    sheets: Sequence[Sheet], names: Sequence[str], folds: int, seed: int = FOLDS_SEED
) -> list[Found]:
    """Each row ranked by weights that were fitted without its fold; every repository is in every fold."""
    return held_out(sheets, names, fold_of(sheets, folds, seed))


def held_out(sheets: Sequence[Sheet], names: Sequence[str], fold: Mapping[str, object]) -> list[Found]:
    """Each row ranked by weights that were fitted without the rows of its own fold.

    Args:
        sheets: the rows.
        names: features.
        fold: instance -> name of its fold.
    """
    ranked = []
    for held in dict.fromkeys(fold.values()):
        weights = fit([sheet for sheet in sheets if fold[sheet.instance_id] != held], names)
        ranked += [sheet.ranked(weights) for sheet in sheets if fold[sheet.instance_id] == held]
    return ranked


def fold_of(sheets: Sequence[Sheet], folds: int, seed: int) -> dict[str, int]:
    """Instance -> fold: each repository's rows, shuffled, are dealt out in turn."""
    by_repo: dict[str, list[str]] = defaultdict(list)
    for sheet in sorted(sheets, key=lambda each: each.instance_id):
        by_repo[sheet.repo].append(sheet.instance_id)
    dealer = random.Random(seed)  # noqa: S311 - a shuffle, not a secret
    dealt = [name for repo in sorted(by_repo) for name in dealer.sample(by_repo[repo], len(by_repo[repo]))]
    return {name: place % folds for place, name in enumerate(dealt)}


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="rows with patch and problem_statement")
    parser.add_argument("--repos", type=Path, required=True, help="folder of git repositories")
    parser.add_argument("--cv", type=int, default=0, metavar="FOLDS", help="cross-validate too")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="divisions into folds")
    parser.add_argument("--without-history", action="store_true", help="fit the other formula")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    work = partial(make_sheet, history=not options.without_history)
    outcomes = over_rows(read_rows(options.dataset), options.repos, work, options.workers)
    sheets = [outcome.result for outcome in outcomes if outcome.result is not None]
    names = sorted(set.intersection(*(set(sheet.features) for sheet in sheets)))
    for name, value in fit(sheets, names).items():
        print(f"  {name}: {value:.2f}")
    if options.cv:
        repeated = [cross_validated(sheets, names, options.cv, seed) for seed in range(options.seeds)]
        print(f"{options.cv} folds, {options.seeds} times: {figures([row for rows in repeated for row in rows])}")
        repositories = {sheet.instance_id: sheet.repo for sheet in sheets}
        print(f"without its repository: {figures(held_out(sheets, names, repositories))}")


def figures(rows: Sequence[Found]) -> str:
    """Recall of all and of any gold file, mean reciprocal rank."""
    return f"all {recall(rows, every=True)} any {recall(rows, every=False)} mrr {mrr(rows)}"


if __name__ == "__main__":
    main()
