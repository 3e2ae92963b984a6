"""Features of structure: a file's folder, its size, whether it is beside the product; and who imports whom."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from agentless.localize.bm25 import Vector, unit
from agentless.localize.corpus import Corpus
from agentless.repo import is_auxiliary_path


def structure_features(corpus: Corpus, text: Vector) -> dict[str, Vector]:
    """`dirmax`, `aux`, `log_bytes`, each within 0..1.

    Args:
        corpus: the files.
        text: their best text feature, within 0..1.
    """
    return {
        "dirmax": folder_best(corpus.paths, text),
        "aux": np.array([float(is_beside(path)) for path in corpus.paths], dtype=np.float64),
        "log_bytes": unit(np.log1p(np.array([facts.size for facts in corpus.facts], dtype=np.float64))),
    }


def folder_best(paths: Sequence[str], text: Vector) -> Vector:
    """The best score in the file's own folder: bugs live near what the issue talks about."""
    best: dict[str, float] = {}
    folders = [path.rpartition("/")[0] for path in paths]
    for folder, score in zip(folders, text.tolist(), strict=True):
        best[folder] = max(score, best.get(folder, 0.0))
    return np.array([best[folder] for folder in folders], dtype=np.float64)


@lru_cache(maxsize=1 << 16)
def is_beside(path: str) -> bool:
    """Documentation, examples, benchmarks, scripts, or a file at the top of the tree (setup.py)."""
    return "/" not in path or is_auxiliary_path(path)


def module_names(paths: Sequence[str]) -> dict[str, int]:
    """Dotted module name -> place of its file; `src/flask/app.py` is `src.flask.app` and `flask.app`.

    A name by the full path wins over one by a tail; a tail that two files share names neither.
    """
    names: dict[str, int] = {}
    shared: dict[str, int] = {}
    for place, path in enumerate(paths):
        if path.endswith(".py"):
            parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
            names[".".join(parts)] = place
            for cut in range(1, min(len(parts) - 1, 3)):
                tail = ".".join(parts[cut:])
                shared[tail] = -1 if tail in shared else place
    return {**{tail: place for tail, place in shared.items() if place >= 0}, **names}


def imported_files(corpus: Corpus, place: int, modules: dict[str, int]) -> list[int]:
    """Places of the files that one file imports, itself left out."""
    facts, package = corpus.facts[place], package_of(corpus.paths[place])
    names = (absolute_name(name, package) for name in facts.targets)
    found = (imported_file(name, modules) for name in names)
    return sorted({target for target in found if target is not None and target != place})


def package_of(path: str) -> str:
    """Dotted name of the folder a file stands in."""
    return path.rpartition("/")[0].replace("/", ".")


def absolute_name(name: str, package: str) -> str:
    """A relative import (`.app`, `..base.X`) made absolute; an absolute one as it is."""
    bare = name.lstrip(".")
    up = len(name) - len(bare)
    if not up:
        return name
    parts = package.split(".")
    kept = parts[: len(parts) - (up - 1)] if up > 1 else parts
    return ".".join([*kept, bare]) if bare else ".".join(kept)


def imported_file(name: str, modules: dict[str, int]) -> int | None:
    """Place of the module that the name, or the longest beginning of it, stands for; None for a foreign one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        place = modules.get(".".join(parts[:end]))
        if place is not None:
            return place
    return None
