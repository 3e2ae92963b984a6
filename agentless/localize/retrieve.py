"""File retrieval without a model: a weighted sum of features, best file first, with the reasons.

Rules:
- Test files are no candidates.
- Files in the repository's main languages come first. A language is main when it has half as many
  files as the one with the most.
  Files in other languages, and texts without one, follow after them, unless the issue names their path or name.
- Translations, drawings and tables (DATA_SUFFIXES) are found by path alone.
- The order is a function of the tree and the issue alone; ties go by path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat

import numpy as np

from agentless.localize.bm25 import Vector
from agentless.localize.corpus import Corpus
from agentless.localize.features import Task, all_features
from agentless.localize.mentions import Mentions
from agentless.localize.named import matching, path_tails
from agentless.localize.query import read_query
from agentless.localize.weights import Weights, load_weights
from agentless.records import RankedFile
from agentless.repo import Index, is_test_path, language_of, main_languages
from agentless.repo.collector import no_collection

MAX_REASONS = 4
EXPLAINED = 200
"""Files with reasons, in the main languages and in the others; people look at the first ten."""
DATA_SUFFIXES = frozenset({
    "po", "pot", "svg", "csv", "tsv", "json", "lock", "xml", "kml", "ipynb", "dat", "map",
})  # fmt: skip
"""Texts whose words say nothing about a bug; django has 1,182 translations of 12 MB."""


def retrieve(
    index: Index,
    issue: str,
    *,
    extra: Mapping[str, Mapping[str, float]] | None = None,
    weights: Weights | None = None,
) -> list[RankedFile]:
    """All files that are not tests, best first; scores fall. The first 200 say why: features with what they added.

    Args:
        index: the repository at the commit under repair; of its history only that commit and its ancestors count.
        issue: the problem statement.
        extra: further features by name, path -> value within 0..1; weights.yaml has a weight for each. They help
            to choose the files whose neighbours count, so that `imp_from` may move a little too.
        weights: None is the package's own.

    Raises:
        KeyError: an extra feature that has no weight.
    """
    weights = weights or load_weights()
    with no_collection():
        query = read_query(issue, weights.emphasis["files"])
        main, minor = split_by_language(candidates(index), query.mentions)
        first = Task.of(Corpus.of(index, main), query, weights, index.past)
        rest = Task.of(Corpus.of(index, minor, content=has_content), query, weights, None)
        tasks = [(first, 0.0), (rest, weights.minor_language)]
        return [file for task, offset in tasks for file in rank_corpus(replace(task, extra=extra or {}), offset)]


def main_task(index: Index, issue: str, weights: Weights) -> Task:
    """The ranking of the files in the main languages, for those who measure features."""
    query = read_query(issue, weights.emphasis["files"])
    main, _ = split_by_language(candidates(index), query.mentions)
    return Task.of(Corpus.of(index, main), query, weights, index.past)


def candidates(index: Index) -> list[str]:
    """Paths that may be edited and are no tests."""
    files = [path for path in index.snapshot.candidates() if not is_test_path(path)]
    index.prepare(filter(has_content, files))  # so that their content is read once, for this and for its words
    return index.paths(tests=False)


def has_content(path: str) -> bool:
    """Whether the words of a file count."""
    return path.rpartition(".")[2].lower() not in DATA_SUFFIXES


def split_by_language(paths: Sequence[str], mentions: Mentions) -> tuple[list[str], list[str]]:
    """Files in the main languages or named by the issue, and the others."""
    main = main_languages(paths)
    if not main:
        return list(paths), []
    named = {paths[place] for place in named_places(paths, mentions)}
    first = [path for path in paths if language_of(path) in main or path in named]
    kept = set(first)
    return first, [path for path in paths if path not in kept]


def named_places(paths: Sequence[str], mentions: Mentions) -> set[int]:
    """Places of the files that the issue names by path, or by a name that only one file has."""
    tails = path_tails(paths, mentions)
    places = {place for path in mentions.paths for place in matching(path, tails)}
    for name in mentions.file_names:
        found = tails.get(name, [])
        places.update(found if len(found) == 1 else [])
    return places


def rank_corpus(task: Task, offset: float) -> list[RankedFile]:
    """The corpus by score, best first."""
    paths = task.corpus.paths
    if not paths:
        return []
    features = all_features(task)
    names = sorted(task.formula.keys() & features.keys())
    parts = np.array([task.formula[name] * features[name] for name in names])
    scores = parts.sum(axis=0) + offset
    rounded = np.round(scores, 6)
    # paths are sorted, so a stable sort breaks ties by path
    order = np.argsort(-rounded, kind="stable")
    explained = [reasons(names, parts[:, place]) for place in order[:EXPLAINED].tolist()]
    why = chain(explained, repeat((), len(order) - len(explained)))
    ranked = zip(order.tolist(), rounded[order].tolist(), why, strict=True)
    return [RankedFile(path=paths[place], score=score, reasons=raised) for place, score, raised in ranked]


def reasons(names: Sequence[str], parts: Vector) -> tuple[str, ...]:
    """The features that raised a file, strongest first: `bm25f +3.10`."""
    strongest = np.argsort(-parts, kind="stable")[:MAX_REASONS].tolist()
    return tuple(f"{names[row]} +{parts[row]:.2f}" for row in strongest if parts[row] >= 0.005)
