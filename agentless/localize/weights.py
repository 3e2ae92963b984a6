"""The numbers of retrieval, read from weights.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

Formula = Mapping[str, float]
"""Feature -> weight; a file's score is the sum of weight * feature."""


@dataclass(frozen=True, slots=True)
class FieldWeight:
    """Share of one field in BM25F, and how much its length counts (0 = not at all, 1 = fully)."""

    weight: float
    b: float


@dataclass(frozen=True, slots=True)
class Saturation:
    """Parameters of BM25 over one field."""

    k1: float
    b: float


@dataclass(frozen=True, slots=True)
class Emphasis:
    """How much a word of an issue counts, by where it stands; docs stand in weights.yaml."""

    saturation: float
    title: float
    title_part: float
    inside: float
    code: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that was tuned; docs stand in weights.yaml."""

    history: Formula
    plain: Formula
    """Where there is no history."""
    extra: Formula
    """Features that the caller brings, on top of either."""
    minor_language: float
    commit_years: float
    commit_power: float
    rarity: float
    emphasis: Mapping[str, Emphasis]
    """In the search for `files` and for `functions`."""
    bm25f_k1: float
    bm25f: Mapping[str, FieldWeight]
    single: Mapping[str, Saturation]
    elements: Formula


def weights_text() -> str:
    """The file with the weights, for `load_weights` and for the key of a localization."""
    return (resources.files("agentless.localize") / "weights.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The package's own weights."""
    data: dict[str, Any] = yaml.safe_load(weights_text())
    return Weights(
        history=formula(data["with_history"]),
        plain=formula(data["without_history"]),
        extra=formula(data["extra"]),
        minor_language=float(data["minor_language"]),
        commit_years=float(data["commit_years"]),
        commit_power=float(data["commit_power"]),
        rarity=float(data["rarity"]),
        emphasis={name: Emphasis(**numbers) for name, numbers in data["emphasis"].items()},
        bm25f_k1=float(data["bm25f"]["k1"]),
        bm25f={name: FieldWeight(**field) for name, field in data["bm25f"]["fields"].items()},
        single={name: Saturation(**field) for name, field in data["bm25"].items()},
        elements=formula(data["elements"]),
    )


def formula(section: Mapping[str, Any]) -> Formula:
    """Weights by feature."""
    return {name: float(value) for name, value in section.items()}
