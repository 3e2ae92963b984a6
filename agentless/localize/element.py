"""A function, method or class as a candidate for an edit."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from agentless.localize.bm25 import Vector
from agentless.repo import Symbol


@dataclass(frozen=True, slots=True)
class Element:
    """One candidate: where it is, its text, and the place of its file in the ranking (from 0)."""

    path: str
    symbol: Symbol
    text: str
    file_place: int

    @property
    def own_name(self) -> str:
        """Last part of the qualified name."""
        return self.symbol.name.rpartition(".")[2]

    @property
    def class_name(self) -> str:
        """Name of the class around it, "" for a plain function."""
        return self.symbol.name.rpartition(".")[0].rpartition(".")[2]

    @property
    def lines(self) -> int:
        """Lines, decorators included."""
        return self.symbol.end_line - self.symbol.start_line + 1


def column(values: Iterable[float]) -> Vector:
    """Numbers as a vector."""
    return np.array(list(values), dtype=np.float64)
