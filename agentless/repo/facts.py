"""What the index knows of one file, and how that is packed for the cache."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import Any

from agentless.records import ElementKind

FORMAT = 1
"""Raise it whenever the packed form, the words or the meaning of a field changes."""
DOC_CHARS = 200


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition, a top-level assignment, or an import. Only "\\n" ends a line, as in patches."""

    kind: ElementKind
    """Imports are symbols too (their module is the name): leave them out where definitions are meant."""
    name: str
    """Qualified: `Blueprint.__init__`, `outer.inner`; for an import the module as written."""
    start_line: int
    """1-based, decorators included."""
    end_line: int
    doc: str = ""
    """First 200 characters of the docstring."""
    body_line: int = 0
    """First line after the signature; 0 for constants, imports, and bodies on the signature's line."""
    doc_lines: tuple[int, int] = (0, 0)
    """First and last line of the docstring, zeros without one."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file as retrieval and outlines see it; a file without a grammar has words only."""

    language: str = ""
    lines: int = 0
    bytes: int = 0
    symbols: tuple[Symbol, ...] = ()
    imports: tuple[str, ...] = ()
    """Modules as written: `django.db`, `.models`, `..` (Python); paths or names as written elsewhere."""
    words: Mapping[str, int] = field(default_factory=dict)
    """Word -> count over the whole text (see `words.count_words`)."""
    doc_words: Mapping[str, int] = field(default_factory=dict)
    """The same over docstrings and comments."""
    imported: tuple[str, ...] = ()
    """What `from m import a` may mean as a module: `m.a`, each once."""


class PackedCounts(Mapping[str, int]):
    """Word counts that are unpacked by the first look: a warm index holds millions of them."""

    __slots__ = ("counts", "packed")

    def __init__(self, packed: bytes) -> None:
        self.packed = packed
        self.counts: dict[str, int] | None = None

    def unpacked(self) -> dict[str, int]:
        """The counts as a dict, made once."""
        if self.counts is None:
            import msgpack

            self.counts = msgpack.unpackb(self.packed)
            self.packed = b""
        return self.counts

    def __getitem__(self, word: str) -> int:
        return self.unpacked()[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self.unpacked())

    def __len__(self) -> int:
        return len(self.unpacked())

    def items(self) -> ItemsView[str, int]:
        """Views of the dict itself: the inherited ones are ten times slower."""
        return self.unpacked().items()

    def keys(self) -> KeysView[str]:
        """See `items`."""
        return self.unpacked().keys()

    def values(self) -> ValuesView[int]:
        """See `items`."""
        return self.unpacked().values()


def pack_facts(facts: FileFacts) -> bytes:
    """Facts as bytes; `unpack_facts` is the inverse."""
    import msgpack

    symbols = [
        (each.kind, each.name, each.start_line, each.end_line, each.doc, each.body_line, each.doc_lines)
        for each in facts.symbols
    ]
    counts = [msgpack.packb(dict(words)) for words in (facts.words, facts.doc_words)]
    packed: bytes = msgpack.packb(
        (facts.language, facts.lines, facts.bytes, symbols, facts.imports, *counts, facts.imported)
    )
    return packed


def unpack_facts(packed: bytes) -> FileFacts:
    """Facts out of bytes that `pack_facts` made; word counts stay packed until they are looked at."""
    import msgpack

    values: list[Any] = msgpack.unpackb(packed, use_list=False)
    language, lines, size, symbols, imports, words, doc_words, imported = values
    return FileFacts(
        language,
        lines,
        size,
        tuple(Symbol(*symbol) for symbol in symbols),
        imports,
        PackedCounts(words),
        PackedCounts(doc_words),
        imported,
    )
