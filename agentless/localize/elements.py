"""Functions and methods inside the best files, ranked without a model.

A small model sees one element per prompt, so the right one has to be among the first three. Elements are functions
and methods (outermost ones: a nested function belongs to the one around it), and classes without any method.
"""

from collections.abc import Sequence

import numpy as np

from agentless.localize.element import Element
from agentless.localize.query import read_query
from agentless.localize.signals import element_features
from agentless.localize.weights import load_weights
from agentless.records import ElementKind, Location, RankedFile
from agentless.repo import Index, Symbol

CALLABLE: frozenset[ElementKind] = frozenset({"function", "method", "async_function", "async_method"})


def rank_elements(index: Index, issue: str, files: Sequence[RankedFile], limit: int) -> tuple[Location, ...]:
    """The best `limit` elements of the files, best first, over all files together.

    Args:
        index: the repository.
        issue: the problem statement.
        files: best first; the place of a file is one of the features.
        limit: elements wanted.
    """
    elements = [element for place, file in enumerate(files) for element in elements_of(index, file.path, place)]
    if not elements:
        return ()
    weights = load_weights()
    query = read_query(issue, weights.emphasis["functions"])
    features = element_features(elements, issue, query, files)
    scores = np.sum([weight * features[name] for name, weight in weights.elements.items()], axis=0)
    # elements stand in the order of their files and lines, so a stable sort breaks ties by them
    order = np.argsort(-np.round(scores, 6), kind="stable")[:limit].tolist()
    return tuple(location(elements[place], float(scores[place])) for place in order)


def elements_of(index: Index, path: str, place: int) -> list[Element]:
    """The candidates of one file, in its order."""
    lines = index.text(path).split("\n")
    return [
        Element(path, symbol, "\n".join(lines[symbol.start_line - 1 : symbol.end_line]), place)
        for symbol in outermost(index.symbols(path))
    ]


def outermost(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Functions and methods that lie in no other function, and classes that hold none."""
    callables = [symbol for symbol in symbols if symbol.kind in CALLABLE]
    kept = []
    last_end = 0
    for symbol in sorted(callables, key=lambda s: (s.start_line, -s.end_line)):
        if symbol.start_line > last_end:
            kept.append(symbol)
            last_end = symbol.end_line
    starts = [symbol.start_line for symbol in callables]
    classes = [
        symbol
        for symbol in symbols
        if symbol.kind == "class" and not any(symbol.start_line <= line <= symbol.end_line for line in starts)
    ]
    return sorted(kept + classes, key=lambda s: (s.start_line, s.end_line))


def location(element: Element, score: float) -> Location:
    """The element as a record."""
    symbol = element.symbol
    return Location(
        path=element.path,
        start_line=symbol.start_line,
        end_line=symbol.end_line,
        kind=symbol.kind,
        name=symbol.name,
        score=round(score, 6),
    )
