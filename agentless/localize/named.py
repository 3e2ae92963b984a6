"""Features of explicit mentions: the issue names a path, a module, a traceback frame or a symbol of the file."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from agentless.localize.bm25 import Vector
from agentless.localize.corpus import Corpus, own_names
from agentless.localize.mentions import Mentions, is_code_like

COMMON_NAME = 3
"""Prose words shorter than this (`a`, `is`) name no symbol."""


def mention_features(corpus: Corpus, mentions: Mentions) -> dict[str, Vector]:
    """`path_mention`, `tb_last`, `sym_title`, `sym_code`, `symqual`, each within 0..1."""
    tails = path_tails(corpus.paths, mentions)
    paths = [matching(path, tails) for path in mentions.paths]
    modules = [matching_module(name, tails) for name in mentions.dotted]
    names = [tails.get(name, []) for name in mentions.file_names]
    return {
        "path_mention": shares(corpus, [*paths, *modules, *names]),
        "tb_last": last_frame(corpus, mentions, tails),
        **symbol_features(corpus, mentions),
    }


def path_tails(paths: Iterable[str], mentions: Mentions) -> dict[str, list[int]]:
    """Every tail (`c.py`, `b/c.py`, `a/b/c.py`) of the paths that the issue may mean -> their places."""
    wanted = {path.rpartition("/")[2] for path in mentions.paths} | set(mentions.file_names)
    wanted |= {frame.path.rpartition("/")[2] for frame in mentions.frames}
    wanted |= {f"{part}.py" for name in mentions.dotted for part in name.split(".")}
    if mentions.dotted:
        wanted.add("__init__.py")
    tails: dict[str, list[int]] = defaultdict(list)
    for place, path in enumerate(paths):
        if path[path.rfind("/") + 1 :] in wanted:
            parts = path.split("/")
            for cut in range(len(parts)):
                tails["/".join(parts[cut:])].append(place)
    return tails


def matching(text: str, tails: dict[str, list[int]]) -> list[int]:
    """Places of the paths that share the longest tail with the text, two components at least."""
    parts = [part for part in text.split("/") if part not in ("", ".", "..")]
    for cut in range(len(parts) - 1):
        found = tails.get("/".join(parts[cut:]))
        if found:
            return found
    return []


def matching_module(dotted: str, tails: dict[str, list[int]]) -> list[int]:
    """Places of the module that the dotted name, or the longest beginning of it, stands for."""
    parts = dotted.split(".")
    for end in range(len(parts), 1, -1):
        stem = "/".join(parts[:end])
        found = tails.get(f"{stem}.py") or tails.get(f"{stem}/__init__.py")
        if found:
            return found
    return []


def shares(corpus: Corpus, groups: Iterable[Iterable[int]]) -> Vector:
    """Each group gives its files 1 / size; a file keeps its largest share."""
    values = np.zeros(len(corpus.paths), dtype=np.float64)
    for group in groups:
        places = list(group)
        for place in places:
            values[place] = max(values[place], 1.0 / len(places))
    return values


def last_frame(corpus: Corpus, mentions: Mentions, tails: dict[str, list[int]]) -> Vector:
    """1 for the file of the last traceback frame that is in the repository: the error was raised there."""
    for frame in reversed(mentions.frames):
        places = matching(frame.path, tails) or tails.get(frame.path, [])
        if len(places) == 1:
            return shares(corpus, [places])
    return shares(corpus, [])


def symbol_features(corpus: Corpus, mentions: Mentions) -> dict[str, Vector]:
    """Names of the issue that are defined in n files give each of them 1 / n."""
    title = {name for name in mentions.title_names if len(name) >= COMMON_NAME or is_code_like(name)}
    code = set(mentions.code_names)
    wanted = title | code
    pairs = qualified_pairs(mentions.dotted)
    defined: dict[str, set[int]] = defaultdict(set)
    qualified: dict[str, set[int]] = defaultdict(set)
    for place, facts in enumerate(corpus.facts):
        for name in wanted.intersection(own_names(facts)):
            defined[name].add(place)
        for name in pairs.intersection(facts.names) if pairs else ():
            qualified[name].add(place)
    return {
        "sym_title": summed(corpus, [defined[name] for name in sorted(title & defined.keys())]),
        "sym_code": summed(corpus, [defined[name] for name in sorted(code & defined.keys())]),
        "symqual": summed(corpus, [qualified[name] for name in sorted(qualified)]),
    }


def qualified_pairs(dotted: Iterable[str]) -> set[str]:
    """`a.B.c` -> `a.B`, `B.c`: what may be Class.method."""
    pairs: set[str] = set()
    for name in dotted:
        parts = name.split(".")
        pairs.update(f"{left}.{right}" for left, right in pairwise(parts))
    return pairs


def summed(corpus: Corpus, groups: Iterable[Iterable[int]]) -> Vector:
    """Each group gives its files 1 / size; a file adds up its shares, 1 at most."""
    values = np.zeros(len(corpus.paths), dtype=np.float64)
    for group in groups:
        places = list(group)
        values[places] += 1.0 / max(1, len(places))
    return np.minimum(values, 1.0)
