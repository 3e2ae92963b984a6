"""One located element per prompt: which elements, and which attempt works on which."""

from collections.abc import Sequence

from agentless.records import Location
from agentless.repo.index import Index

MAX_REWRITE_LINES = 150
"""Longer elements are not asked for whole: models drop lines, and the reply costs more than it may hold."""
REPLY_SHARE = 0.8
"""Part of the output tokens that the unchanged element may take."""
REWRITABLE = frozenset({"class", "function", "method", "async_function", "async_method"})


def element_of(attempt: int, elements: int) -> int:
    """Index of the element that an attempt works on: every other attempt the best one, the rest in turn.

    A function of the attempt alone, so that more samples later continue the same spread.
    """
    if elements <= 1 or attempt % 2 == 0:
        return 0
    return 1 + (attempt // 2) % (elements - 1)


def is_first(attempt: int, elements: int) -> bool:
    """Whether no earlier attempt works on the same element; these are the greedy ones.

    A prompt's greedy reply is its most likely one and the same every time: once per element is worth its cost
    (small models: it was the only right one for some issues), twice is waste.
    """
    return all(element_of(earlier, elements) != element_of(attempt, elements) for earlier in range(attempt))


def in_files(index: Index, elements: Sequence[Location]) -> list[Location]:
    """Elements that lie in files that can be shown, each span once."""
    seen: set[tuple[str, int, int]] = set()
    found = []
    for element in elements:
        span = (element.path, element.start_line, element.end_line)
        lines = index.text(element.path).count("\n") + 1
        if span not in seen and 1 <= element.start_line <= element.end_line <= lines and index.text(element.path):
            seen.add(span)
            found.append(element)
    return found


def rewritable(index: Index, elements: Sequence[Location], max_chars: float) -> list[Location]:
    """Elements that a reply can hold whole: named definitions that are short enough.

    A class gives way to its own methods where those are elements too.
    """
    found = []
    for element in elements:
        lines = index.text(element.path).split("\n")[element.start_line - 1 : element.end_line]
        short = len(lines) <= MAX_REWRITE_LINES and sum(len(line) + 1 for line in lines) <= max_chars
        if element.kind in REWRITABLE and element.name and short:
            found.append(element)
    outer = {(element.path, element.name.rpartition(".")[0]) for element in found}
    return [element for element in found if element.kind != "class" or (element.path, element.name) not in outer]
