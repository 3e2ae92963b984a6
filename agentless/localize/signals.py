"""Features of elements: names, traceback frames, constructors, links, size; `wording` has those of words."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from agentless.localize.bm25 import Vector, unit
from agentless.localize.element import Element, column
from agentless.localize.mentions import ISSUE_CHARS, Mentions, is_code_like
from agentless.localize.named import matching, path_tails, qualified_pairs
from agentless.localize.query import Query
from agentless.localize.tokens import WORD, stem
from agentless.localize.wording import phrases, word_features
from agentless.records import RankedFile

LONG_LINES = 150
"""An element longer than this is of little use as one prompt."""


def element_features(
    elements: Sequence[Element], issue: str, query: Query, files: Sequence[RankedFile]
) -> dict[str, Vector]:
    """Every feature of every element, each within 0..1; weights.yaml says what each one is."""
    words = [WORD.findall(element.text) for element in elements]
    return {
        **word_features(elements, words, query),
        **name_features(elements, query.mentions),
        **class_features(elements, query),
        "phrases": phrases(words, WORD.findall(issue[:ISSUE_CHARS])),
        "frame": frames(elements, query.mentions, files),
        "line": named_lines(elements, query.mentions),
        "file": column(1.0 / (1 + element.file_place) for element in elements),
        "file_score": file_scores(elements, files),
        "long": column(element.lines > LONG_LINES for element in elements),
        "lines": unit(np.log1p(column(element.lines for element in elements))),
        "is_class": column(element.symbol.kind == "class" for element in elements),
    }


def name_features(elements: Sequence[Element], mentions: Mentions) -> dict[str, Vector]:
    """The issue names the element: in the title as code or as a word, in code, as Class.method."""
    title_code = {name for name in mentions.title_names if is_code_like(name)}
    title_word = set(mentions.title_names) - title_code
    code = set(mentions.code_names)
    pairs = qualified_pairs(mentions.dotted)
    parts = {part for name in mentions.dotted for part in name.split(".")[1:]}
    same = Counter(element.own_name for element in elements)
    return {
        "name_title_code": shares(elements, title_code, same),
        "name_title_word": shares(elements, title_word, same),
        "name_code": shares(elements, {name for name in code if is_code_like(name)}, same),
        "name_code_word": shares(elements, {name for name in code if not is_code_like(name)}, same),
        "name_attribute": shares(elements, parts, same),
        "qualified": column(element.symbol.name in pairs for element in elements),
    }


def shares(elements: Sequence[Element], names: set[str], same: Mapping[str, int]) -> Vector:
    """1 / number of elements of that name for those whose name is in the set."""
    return column(1.0 / same[e.own_name] if e.own_name in names else 0.0 for e in elements)


def class_features(elements: Sequence[Element], query: Query) -> dict[str, Vector]:
    """The issue names the class around it, in the plural too; `init` is its constructor."""
    title = {stem(name.lower()) for name in query.mentions.title_names}
    code = {stem(name.lower()) for name in query.mentions.code_names}
    classes = [stem(element.class_name.lower()) if element.class_name else "" for element in elements]
    starts = [element.own_name in ("__init__", "__new__") for element in elements]
    return {
        "class_title": column(name in title for name in classes),
        "class_code": column(name in code for name in classes),
        "init_title": column(first and name in title for first, name in zip(starts, classes, strict=True)),
        "init_code": column(first and name in code for first, name in zip(starts, classes, strict=True)),
    }


def frames(elements: Sequence[Element], mentions: Mentions, files: Sequence[RankedFile]) -> Vector:
    """1 for the function of the last traceback frame in these files, half for the one before, and so on."""
    tails = path_tails([file.path for file in files], mentions)
    values = np.zeros(len(elements), dtype=np.float64)
    share = 1.0
    for frame in reversed([frame for frame in mentions.frames if frame.function]):
        places = set(matching(frame.path, tails) or tails.get(frame.path, []))
        hits = [i for i, e in enumerate(elements) if e.file_place in places and e.own_name == frame.function]
        if hits:
            values[hits] = np.maximum(values[hits], share / len(hits))
            share /= 2.0
    return values


def named_lines(elements: Sequence[Element], mentions: Mentions) -> Vector:
    """1 where the issue links to a line of the element (`.../blob/<commit>/path#L123`, `path:123`).

    The link may be to another commit, so the line is only about right.
    """
    values = np.zeros(len(elements), dtype=np.float64)
    for frame in mentions.lines:
        for place, element in enumerate(elements):
            inside = element.symbol.start_line <= frame.line <= element.symbol.end_line
            if inside and (frame.path == element.path or frame.path.endswith("/" + element.path)):
                values[place] = 1.0
    return values


def file_scores(elements: Sequence[Element], files: Sequence[RankedFile]) -> Vector:
    """The file's score as a share of the best one's."""
    best = max((file.score for file in files), default=0.0)
    if best <= 0.0:
        return np.zeros(len(elements), dtype=np.float64)
    return column(max(0.0, files[element.file_place].score / best) for element in elements)
