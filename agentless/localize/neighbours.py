"""The feature of neighbourhood: a file is near the best ones because they import it.

An issue often describes the file where a fault shows; the cause is a neighbour of that file.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentless.localize.bm25 import Vector
from agentless.localize.corpus import Corpus
from agentless.localize.structure import imported_files, module_names

SEEDS = 10
"""Best files whose neighbours count."""


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """The best files so far, best first."""

    places: NDArray[np.int64]
    heights: Vector
    """Score divided by the best one's, 0 at least."""

    @classmethod
    def of(cls, scores: Vector) -> "Seeds":
        """Ties go by place."""
        places = np.argsort(-np.round(scores, 6), kind="stable")[:SEEDS]
        best = scores[places]
        top = float(best[0]) if len(best) else 0.0
        heights = np.maximum(best / top, 0.0) if top > 0 else np.zeros(len(best))
        return cls(places, heights)


def import_feature(corpus: Corpus, seeds: Seeds) -> Vector:
    """The height of the best seed that imports the file, 0 when none does."""
    values = np.zeros(len(corpus.paths), dtype=np.float64)
    modules = module_names(corpus.paths)
    for place, height in zip(seeds.places.tolist(), seeds.heights.tolist(), strict=True):
        targets = imported_files(corpus, place, modules)
        values[targets] = np.maximum(values[targets], height)
    return values
