"""File retrieval without a model: a weighted sum of features, best file first, with the reasons.

Rules:
- Test files are no candidates.
- Files in the repository's main languages come first. A language is main when it has half as many
  files as the one with the most.
  Files in other languages, and texts without one, follow after them, unless the issue names their path or name.
- Translations, drawings and tables (DATA_SUFFIXES) are found by path alone.
- The order is a function of the tree and the issue alone; ties go by path.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from agentless.localize.bm25 import Vector
from agentless.localize.corpus import Corpus
from agentless.localize.mentions import Mentions
from agentless.localize.named import matching, mention_features, path_tails
from agentless.localize.query import Query, read_query
from agentless.localize.structure import structure_features
from agentless.localize.texts import text_features
from agentless.localize.weights import Weights, load_weights
from agentless.records import RankedFile
from agentless.repo import Index, is_test_path, language_of

MAIN_SHARE = 0.5
"""A language with this share of the most used one's files is main too."""
MAX_REASONS = 4
DATA_SUFFIXES = frozenset({
    "po", "pot", "svg", "csv", "tsv", "json", "lock", "xml", "kml", "ipynb", "dat", "map",
})  # fmt: skip
"""Texts whose words say nothing about a bug; django has 1,182 translations of 12 MB."""


def retrieve(index: Index, issue: str) -> list[RankedFile]:
    """All files that are not tests, best first; scores fall, reasons are features with what they added."""
    query = read_query(issue)
    weights = load_weights()
    main, minor = split_by_language(candidates(index), query.mentions)
    ranked = rank_corpus(Corpus.of(index, main), query, weights, 0.0)
    rest = Corpus.of(index, minor, content=has_content)
    return ranked + rank_corpus(rest, query, weights, weights.minor_language)


def candidates(index: Index) -> list[str]:
    """Paths that may be edited and are no tests."""
    return [path for path in index.paths() if not is_test_path(path)]


def has_content(path: str) -> bool:
    """Whether the words of a file count."""
    return path.rpartition(".")[2].lower() not in DATA_SUFFIXES


def split_by_language(paths: Sequence[str], mentions: Mentions) -> tuple[list[str], list[str]]:
    """Files in the main languages or named by the issue, and the others."""
    languages = Counter(language_of(path) for path in paths)
    languages.pop("", None)
    most = max(languages.values(), default=0)
    main = {language for language, count in languages.items() if count >= MAIN_SHARE * most}
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


def rank_corpus(corpus: Corpus, query: Query, weights: Weights, offset: float) -> list[RankedFile]:
    """The corpus by score, best first."""
    if not corpus.paths:
        return []
    features = all_features(corpus, query, weights)
    names = sorted(weights.features)
    parts = np.array([weights.features[name] * features[name] for name in names])
    scores = parts.sum(axis=0) + offset
    strongest = np.argsort(-parts, axis=0, kind="stable")[:MAX_REASONS].T.tolist()
    # paths are sorted, so a stable sort breaks ties by path
    order = np.argsort(-np.round(scores, 6), kind="stable").tolist()
    return [
        RankedFile(
            path=corpus.paths[place],
            score=round(float(scores[place]), 6),
            reasons=reasons(names, parts[:, place], strongest[place]),
        )
        for place in order
    ]


def all_features(corpus: Corpus, query: Query, weights: Weights) -> dict[str, Vector]:
    """Every feature of every file, each within 0..1."""
    features = text_features(corpus, query, weights)
    features |= mention_features(corpus, query.mentions)
    return features | structure_features(corpus, features["bm25f"])


def reasons(names: Sequence[str], parts: Vector, strongest: Sequence[int]) -> tuple[str, ...]:
    """The features that raised a file, strongest first: `bm25f +3.10`."""
    return tuple(f"{names[row]} +{parts[row]:.2f}" for row in strongest if parts[row] >= 0.005)
