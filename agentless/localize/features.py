"""All features of all files, by family: text fields, mentions, structure, history, and then neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from agentless.localize.bm25 import Vector
from agentless.localize.corpus import Corpus
from agentless.localize.history import Changes, alike_commits, change_features, message_field, message_table
from agentless.localize.named import mention_features
from agentless.localize.neighbours import Seeds, import_feature
from agentless.localize.query import Query, by_stem
from agentless.localize.structure import structure_features
from agentless.localize.texts import text_features
from agentless.localize.weights import Formula, Weights
from agentless.repo import Past


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is ranked, for what, and by which weights."""

    corpus: Corpus
    query: Query
    weights: Weights
    changes: Changes | None = None
    """None where there is no history."""
    extra: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Feature -> path -> value, from outside; a path that is missing has 0."""

    @classmethod
    def of(cls, corpus: Corpus, query: Query, weights: Weights, past: Past | None) -> "Task":
        """Without features from outside."""
        return cls(corpus, query, weights, Changes.of(corpus, past) if past is not None else None)

    @property
    def formula(self) -> Formula:
        """The weights that hold here."""
        own = self.weights.history if self.changes is not None else self.weights.plain
        return {**own, **{name: self.weights.extra[name] for name in self.extra}}


def all_features(task: Task) -> dict[str, Vector]:
    """Feature -> value of every file, within 0..1: those of the formula, and some that cost nothing more.

    Neighbours come last, since they are the neighbours of the files that are best by everything else.
    """
    features = own_features(task)
    features["imp_from"] = import_feature(task.corpus, Seeds.of(weighted(features, task.formula)))
    return features


def own_features(task: Task) -> dict[str, Vector]:
    """What a file has by itself or by its folder."""
    corpus, query = task.corpus, task.query
    if task.changes is None:
        features = text_features(corpus, query, task.weights, task.formula)
    else:
        terms = by_stem(query)
        messages = message_table(task.changes, tuple(terms))
        field = message_field(task.changes, messages)
        features = text_features(corpus, query, task.weights, task.formula, field)
        heavy = np.array(list(terms.values()), dtype=np.float64)
        votes = task.weights.commit_years, task.weights.commit_power
        features["commit_knn"] = alike_commits(task.changes, messages, heavy, *votes)
        features |= change_features(task.changes)
    features |= mention_features(corpus, query.mentions)
    features |= structure_features(corpus, features["bm25f"])
    for name, values in task.extra.items():
        features[name] = np.array([values.get(path, 0.0) for path in corpus.paths], dtype=np.float64)
    return features


def weighted(features: Mapping[str, Vector], formula: Formula) -> Vector:
    """The sum of weight * feature over the features that are there."""
    names = [name for name in sorted(formula) if name in features]
    total: Vector = np.sum([formula[name] * features[name] for name in names], axis=0, dtype=np.float64)
    return total
