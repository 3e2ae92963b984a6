"""What the index knows of one file for retrieval, and how that is packed for the cache."""

import struct
import zlib
from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from agentless.repo.lexicon import Counted
from agentless.repo.planes import Numbers, from_planes, from_rising, to_planes, to_rising
from agentless.repo.vocabulary import Vocabulary

FORMAT = 4
"""Raise it whenever the packed form, the words or the meaning of a field changes."""

LEVEL = 6
HEAD = struct.Struct("<IIIII")
"""Seal of the words that are used, how many of the vocabulary these are, bytes of the text, its different words,
and the bytes of the first of two compressed parts: the names, before the counts."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file as retrieval sees it; a file without a grammar has words only."""

    size: int = 0
    """Bytes."""
    defined: str = ""
    """Qualified names of definitions and of top-level assignments as often as they stand, a line each."""
    imports: str = ""
    """Modules as written, a line each: `django.db`, `.models`, `..` (Python); paths or names elsewhere."""
    imported: str = ""
    """What `from m import a` may mean as a module: `m.a`, a line each."""
    words: Mapping[str, int] = field(default_factory=dict)
    """Word -> count over the whole text (see `words.count_words`)."""
    doc_words: Mapping[str, int] = field(default_factory=dict)
    """The same over docstrings and comments."""

    @property
    def names(self) -> list[str]:
        """What is defined."""
        return lines_of(self.defined)

    @property
    def targets(self) -> list[str]:
        """What is imported: modules, and what may be modules."""
        return lines_of(self.imports) + lines_of(self.imported)


class PackedCounts(Mapping[str, int]):
    """Word counts that stay packed, about 3 bytes a word; a repository of 50,000 files has twenty million of them.

    The last one that was looked at is kept unpacked, since a reader asks for a file's words several times in a
    row.
    """

    __slots__ = ("column", "packed", "size", "words")
    last: tuple["PackedCounts | None", dict[str, int]] = (None, {})

    def __init__(self, packed: bytes, size: int, column: int, words: Sequence[str]) -> None:
        self.packed = packed
        self.size = size
        """Words in the packed part."""
        self.column = column
        """0 for the words of the text, 1 for those of docstrings and comments."""
        self.words = words

    def columns(self) -> tuple[Numbers, Numbers]:
        """(numbers of the words, rising; how often each occurs, at least once)."""
        data = zlib.decompress(self.packed)
        numbers, end = from_rising(data, 0, self.size)
        counts, end = from_planes(data, end, self.size)
        if self.column:
            counts, _ = from_planes(data, end, self.size)
        there = counts > 0
        return numbers[there], counts[there]

    def unpacked(self) -> dict[str, int]:
        """The counts as a dict."""
        owner, counts = PackedCounts.last
        if owner is not self:
            numbers, values = self.columns()
            counts = dict(zip(map(self.words.__getitem__, numbers.tolist()), values.tolist(), strict=True))
            PackedCounts.last = (self, counts)
        return counts

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

    def total(self) -> int:
        """Sum of the counts, without a look at the words."""
        return int(self.columns()[1].sum())


def lines_of(text: str) -> list[str]:
    """The lines of a text that ends without one; `str.splitlines` knows too many kinds of them."""
    return text.split("\n") if text else []


class Head(NamedTuple):
    """What is packed besides the words; texts as in `FileFacts`."""

    size: int
    defined: bytes
    imports: bytes
    imported: bytes


def pack_facts(head: Head, counted: Counted, vocabulary: Vocabulary) -> bytes:
    """Facts as bytes, with words by their numbers in the vocabulary."""
    numbers, counts, docs = (column.astype(np.uint32) for column in counted)
    used = int(numbers[-1]) + 1 if len(numbers) else 0
    first = zlib.compress(b"\0".join(head[1:]), LEVEL)
    last = zlib.compress(to_rising(numbers) + to_planes(counts) + to_planes(docs), LEVEL)
    return HEAD.pack(vocabulary.seal_of(used), used, head.size, len(numbers), len(first)) + first + last


def unpack_facts(packed: bytes, vocabulary: Vocabulary) -> FileFacts:
    """Facts out of bytes that `pack_facts` made and the vocabulary covers; word counts stay packed."""
    _, _, length, words, size = HEAD.unpack_from(packed)
    end = HEAD.size + size
    defined, imports, imported = zlib.decompress(packed[HEAD.size : end]).decode("utf-8", "replace").split("\0")
    counts = packed[end:]
    return FileFacts(
        length,
        defined,
        imports,
        imported,
        words=PackedCounts(counts, words, 0, vocabulary.words),
        doc_words=PackedCounts(counts, words, 1, vocabulary.words),
    )


def is_covered(packed: bytes, vocabulary: Vocabulary) -> bool:
    """Whether packed facts are of the words of this vocabulary, and of no other ones."""
    if len(packed) < HEAD.size:
        return False
    seal, words, *_ = HEAD.unpack_from(packed)
    return vocabulary.covers(seal, words)
