"""Functions and methods inside the best files, ranked without a model.

A small model sees one element per prompt, so the right one has to be among the first three. Elements are functions
and methods (outermost ones: a nested function belongs to the one around it), and classes without any method.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agentless.localize.bm25 import Vector, count_matrix, inverse_frequency, normalised, saturated_sum, unit
from agentless.localize.mentions import Mentions
from agentless.localize.named import matching, path_tails, qualified_pairs
from agentless.localize.query import Query, by_stem, read_query
from agentless.localize.tokens import WORD, stem, stems
from agentless.localize.weights import Weights, load_weights
from agentless.records import ElementKind, Location, RankedFile
from agentless.repo import Index, Symbol

CALLABLE: frozenset[ElementKind] = frozenset({"function", "method", "async_function", "async_method"})
LONG_LINES = 150
"""An element longer than this is of little use as one prompt."""


@dataclass(frozen=True, slots=True)
class Element:
    """One candidate: where it is, its words, and the place of its file in the ranking (from 0)."""

    path: str
    symbol: Symbol
    words: Mapping[str, int]
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


def rank_elements(index: Index, issue: str, files: Sequence[RankedFile], limit: int) -> tuple[Location, ...]:
    """The best `limit` elements of the files, best first, over all files together.

    Args:
        index: the repository.
        issue: the problem statement.
        files: best first; the place of a file is one of the features.
        limit: elements wanted.
    """
    query = read_query(issue)
    elements = [element for place, file in enumerate(files) for element in elements_of(index, file.path, place)]
    if not elements:
        return ()
    scores = score(elements, query, files, load_weights())
    order = sorted(
        range(len(elements)),
        key=lambda i: (-scores[i], elements[i].file_place, elements[i].symbol.start_line),
    )
    return tuple(location(elements[i], float(scores[i])) for i in order[:limit])


def elements_of(index: Index, path: str, place: int) -> list[Element]:
    """The candidates of one file, in its order."""
    lines = index.text(path).split("\n")
    found = []
    for symbol in outermost(index.symbols(path)):
        text = "\n".join(lines[symbol.start_line - 1 : symbol.end_line])
        words = Counter(part for word in WORD.findall(text) for part in stems(word))
        found.append(Element(path, symbol, words, place))
    return found


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


def score(
    elements: Sequence[Element], query: Query, files: Sequence[RankedFile], weights: Weights
) -> Vector:
    """Weighted sum of the features."""
    features = element_features(elements, query, files)
    total = np.zeros(len(elements), dtype=np.float64)
    for name, weight in weights.elements.items():
        total += weight * features[name]
    return total


def element_features(
    elements: Sequence[Element], query: Query, files: Sequence[RankedFile]
) -> dict[str, Vector]:
    """Every feature of every element, each within 0..1."""
    return {
        **text_features(elements, query),
        **name_features(elements, query.mentions),
        "frame": frames(elements, query.mentions, files),
        "file": column(1.0 / (1 + element.file_place) for element in elements),
        "file_score": file_scores(elements, files),
        "init": initialisers(elements, query),
        "long": column(float(element.lines > LONG_LINES) for element in elements),
        "lines": unit(np.log1p(column(element.lines for element in elements))),
        "dunder": column(float(element.own_name.startswith("__")) for element in elements),
        "is_class": column(float(element.symbol.kind == "class") for element in elements),
    }


def text_features(elements: Sequence[Element], query: Query) -> dict[str, Vector]:
    """`text`: BM25 over the words of the element; `name`: over its qualified name."""
    terms = by_stem(query)
    names = tuple(terms)
    weight = np.array(list(terms.values()), dtype=np.float64)
    bodies = [element.words for element in elements]
    titles = [Counter(part for word in element.symbol.name.split(".") for part in stems(word)) for element in elements]
    features = {}
    for name, documents, k1, b in (("text", bodies, 2.0, 0.5), ("name", titles, 2.0, 0.5)):
        counts = count_matrix(names, documents)
        lengths = column(sum(document.values()) for document in documents)
        found = saturated_sum(normalised(counts, lengths, b), weight * inverse_frequency(counts), k1)
        features[name] = unit(found)
    return features


def name_features(elements: Sequence[Element], mentions: Mentions) -> dict[str, Vector]:
    """`title`, `code`: the issue names the element; `class`: its class; `qualified`: Class.method."""
    title, code = set(mentions.title_names), set(mentions.code_names)
    pairs = qualified_pairs(mentions.dotted)
    same = Counter(element.own_name for element in elements)
    return {
        "title": column(in_set(element.own_name, title, same) for element in elements),
        "code": column(in_set(element.own_name, code, same) for element in elements),
        "class_title": column(float(element.class_name in title) for element in elements),
        "class_code": column(float(element.class_name in code) for element in elements),
        "qualified": column(float(element.symbol.name in pairs) for element in elements),
    }


def in_set(name: str, names: set[str], same: Mapping[str, int]) -> float:
    """1 / number of elements of that name when it is in the set, else 0."""
    return 1.0 / same[name] if name in names else 0.0


def frames(elements: Sequence[Element], mentions: Mentions, files: Sequence[RankedFile]) -> Vector:
    """1 for the function of the last traceback frame in these files, half for the one before, and so on."""
    tails = path_tails([file.path for file in files], mentions)
    values = np.zeros(len(elements), dtype=np.float64)
    share = 1.0
    for frame in reversed([frame for frame in mentions.frames if frame.function]):
        places = set(matching(frame.path, tails) or tails.get(frame.path, []))
        hits = [
            i for i, e in enumerate(elements) if e.file_place in places and e.own_name == frame.function
        ]
        if hits:
            values[hits] = np.maximum(values[hits], share / len(hits))
            share /= 2.0
    return values


def file_scores(elements: Sequence[Element], files: Sequence[RankedFile]) -> Vector:
    """The file's score as a share of the best one's."""
    best = max((file.score for file in files), default=0.0)
    if best <= 0.0:
        return np.zeros(len(elements), dtype=np.float64)
    return column(max(0.0, files[element.file_place].score / best) for element in elements)


def initialisers(elements: Sequence[Element], query: Query) -> Vector:
    """1 for `__init__` of a class that the title names, in the plural too; 0.5 when only the text does."""
    title = {part for name in query.mentions.title_names for part in stems(name)[:1]}
    terms = set(query.stems)
    values = []
    for element in elements:
        named = stem(element.class_name.lower()) if element.own_name == "__init__" else ""
        values.append(1.0 if named and named in title else 0.5 if named and named in terms else 0.0)
    return column(values)


def column(values: Iterable[float]) -> Vector:
    """Numbers as a vector."""
    return np.array(list(values), dtype=np.float64)


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
