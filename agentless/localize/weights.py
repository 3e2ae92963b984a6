"""The numbers of retrieval, read from weights.yaml."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


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
class Weights:
    """Everything that was tuned; docs stand in weights.yaml."""

    features: dict[str, float]
    minor_language: float
    bm25f_k1: float
    bm25f: dict[str, FieldWeight]
    single: dict[str, Saturation]
    elements: dict[str, float]


def weights_text() -> str:
    """The file with the weights, for `load_weights` and for the key of a localization."""
    return (resources.files("agentless.localize") / "weights.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The package's own weights."""
    data: dict[str, Any] = yaml.safe_load(weights_text())
    return Weights(
        features={name: float(value) for name, value in data["features"].items()},
        minor_language=float(data["minor_language"]),
        bm25f_k1=float(data["bm25f"]["k1"]),
        bm25f={name: FieldWeight(**field) for name, field in data["bm25f"]["fields"].items()},
        single={name: Saturation(**field) for name, field in data["bm25"].items()},
        elements={name: float(value) for name, value in data["elements"].items()},
    )
