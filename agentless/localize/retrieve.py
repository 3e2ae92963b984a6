"""File retrieval without a model: a weighted sum of features, best file first, with the reasons.

Rules:
- Test files are no candidates.
- Files in the repository's main languages come first. A language is main when it has a fifth of the source files.
  Files in other languages, and texts without one, follow after them, unless the issue names their path or name.
- The order is a function of the tree and the issue alone; ties go by path.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

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

MAIN_SHARE = 0.2
"""A language with this share of the source files is one that the repository is written in."""
MAX_REASONS = 4


def retrieve(index: Index, issue: str) -> list[RankedFile]:
    """All files that are not tests, best first; scores fall, reasons are features with what they added."""
    query = read_query(issue)
    weights = load_weights()
    main, minor = split_by_language(candidates(index), query.mentions)
    ranked = rank_corpus(Corpus.of(index, main), query, weights, 0.0)
    return ranked + rank_corpus(Corpus.of(index, minor), query, weights, weights.minor_language)


def candidates(index: Index) -> list[str]:
    """Paths that may be edited and are no tests."""
    return [path for path in index.paths() if not is_test_path(path)]


def split_by_language(paths: Sequence[str], mentions: Mentions) -> tuple[list[str], list[str]]:
    """Files in the main languages or named by the issue, and the others."""
    languages = Counter(language_of(path) for path in paths)
    languages.pop("", None)
    total = sum(languages.values())
    main = {language for language, count in languages.items() if count >= MAIN_SHARE * total}
    if not main:
        return list(paths), []
    named = {paths[place] for place in named_places(paths, mentions)}
    first = [path for path in paths if language_of(path) in main or path in named]
    kept = set(first)
    return first, [path for path in paths if path not in kept]


def named_places(paths: Sequence[str], mentions: Mentions) -> set[int]:
    """Places of the files that the issue names by path, or by a name that only one file has."""
    tails = path_tails(paths)
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
    parts = {name: weights.features[name] * features[name] for name in weights.features}
    scores: Vector = sum(parts.values(), start=0.0 * features["bm25f"]) + offset
    order = sorted(range(len(corpus.paths)), key=lambda place: (-scores[place], corpus.paths[place]))
    return [
        RankedFile(path=corpus.paths[place], score=round(float(scores[place]), 6), reasons=reasons(parts, place))
        for place in order
    ]


def all_features(corpus: Corpus, query: Query, weights: Weights) -> dict[str, Vector]:
    """Every feature of every file, each within 0..1."""
    features = text_features(corpus, query, weights)
    features |= mention_features(corpus, query.mentions)
    return features | structure_features(corpus, features["bm25f"])


def reasons(parts: Mapping[str, Vector], place: int) -> tuple[str, ...]:
    """The features that raised a file, strongest first: `bm25f +3.10`."""
    raised = sorted(((float(values[place]), name) for name, values in parts.items()), key=lambda p: (-p[0], p[1]))
    return tuple(f"{name} +{value:.2f}" for value, name in raised[:MAX_REASONS] if value >= 0.005)
