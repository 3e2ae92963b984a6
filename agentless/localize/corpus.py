"""The files that may be edited, as documents with four fields: content, docstrings, symbol names, path."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agentless.localize.tokens import WORD, stem, stems
from agentless.repo import FileFacts, Index

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in path order; all sequences run parallel to `paths`."""

    paths: tuple[str, ...]
    facts: tuple[FileFacts, ...]

    @classmethod
    def of(
        cls, index: Index, paths: Sequence[str], content: Callable[[str], bool] = lambda path: True
    ) -> "Corpus":
        """The documents of these paths, sorted; where `content` says no, all fields but the path are empty."""
        ordered = tuple(sorted(paths))
        return cls(ordered, tuple(index.facts(path) if content(path) else FileFacts() for path in ordered))

    def content(self) -> list[Counts]:
        """Words of the text, unstemmed."""
        return [facts.words for facts in self.facts]

    def docs(self, wanted: frozenset[str]) -> list[Counts]:
        """Stems of docstrings and comments; only those in `wanted`."""
        return [stemmed(facts.doc_words, wanted) for facts in self.facts]

    def symbols(self) -> list[Counts]:
        """Stems of the names of classes, functions and methods, each by its own last part."""
        return [Counter(part for name in own_names(facts) for part in stems(name)) for facts in self.facts]

    def path_words(self) -> list[Counts]:
        """Stems of the path's components, without the extension."""
        return [path_counts(path) for path in self.paths]

    def word_totals(self) -> list[int]:
        """Length of each content."""
        return [sum(facts.words.values()) for facts in self.facts]

    def doc_totals(self) -> list[int]:
        """Length of each file's docstrings and comments."""
        return [sum(facts.doc_words.values()) for facts in self.facts]


def own_names(facts: FileFacts) -> list[str]:
    """`__init__` for `Blueprint.__init__`: the class counts once, where it is defined."""
    return [symbol.name.rpartition(".")[2] for symbol in facts.symbols if symbol.kind != "import"]


def stemmed(words: Counts, wanted: frozenset[str]) -> Counts:
    """Counts by stem, for the wanted stems alone."""
    counts: dict[str, int] = {}
    for word, count in words.items():
        root = stem(word)
        if root in wanted:
            counts[root] = counts.get(root, 0) + count
    return counts


@lru_cache(maxsize=1 << 16)
def path_counts(path: str) -> Counts:
    """`src/flask/blueprints.py` -> src, flask, blueprint."""
    bare = path.rpartition(".")[0] or path
    return Counter(part for word in WORD.findall(bare) for part in stems(word))
