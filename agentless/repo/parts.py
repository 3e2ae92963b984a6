"""A Python file as parts that begin with a definition, each read once, so that only what changed is read again.

Two versions of a file share most of their definitions: from one commit of sympy to the next of a dataset 5 MB of
files are new, and 1 MB of definitions. A text is cut before every top-level definition and every method; where a
cut turns out to lie inside a string, the parts around it are read as one.
"""

import marshal
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from agentless.repo.lexicon import Lexicon, Stream
from agentless.repo.recent import Recent
from agentless.repo.scan import BOM, Scanned, Scope, joined, leave, scan

CUT = re.compile(rb"\n(?=(?:[ ]{4}|\t)?(?:class|def|async[ \t]++def)[ \t]++[A-Za-z_\x80-\xff])")
KEPT_BYTES = 80_000_000
"""About one and a half of the largest repositories of SWE-bench."""


class Part(NamedTuple):
    """A part of a file as it is remembered."""

    scanned: Scanned
    """Without the documentation."""
    words: Stream
    docs: Stream

    def packed(self) -> bytes:
        """As bytes: a tenth of the objects that the collector of cycles would walk, and half of the memory."""
        return marshal.dumps((tuple(self.scanned), self.words, self.docs))

    @classmethod
    def unpacked(cls, data: bytes) -> "Part":
        """The inverse of `packed`."""
        scanned, words, docs = marshal.loads(data)  # noqa: S302 - made by this process
        return cls(Scanned(*scanned), words, docs)


class Read(NamedTuple):
    """A whole file."""

    names: list[bytes]
    imports: list[bytes]
    imported: list[bytes]
    words: list[Stream]
    docs: list[Stream]


class Parts:
    """Reads files of Python; the numbers in streams are those of the lexicon."""

    def __init__(self, lexicon: Lexicon, max_bytes: int = KEPT_BYTES) -> None:
        self.lexicon = lexicon
        self.recent: Recent[bytes, bytes] = Recent(max_bytes)

    def read(self, data: bytes) -> Read:
        """Read one file, UTF-8."""
        parts = self.parts_of(data)
        return Read(
            joined_names([part.scanned for part in parts]),
            list(dict.fromkeys(name for part in parts for name in part.scanned.imports)),
            list(dict.fromkeys(name for part in parts for name in part.scanned.imported)),
            [part.words for part in parts],
            [part.docs for part in parts],
        )

    def parts_of(self, data: bytes) -> list[Part]:
        """The parts in order; from memory where they are known."""
        data = data.removeprefix(BOM)
        ends = [match.end() for match in CUT.finditer(data)] + [len(data)]
        texts = [data[first:last] for first, last in zip([0, *ends], ends, strict=False)]
        texts[0] = b"\n" + texts[0]  # tells the beginning of a file from any other part
        keys = list(map(part_key, texts))
        known = self.recent.get_many(keys)
        parts: list[Part] = []
        place = 0
        while place < len(texts):
            packed, glued = known.get(keys[place]), 1
            part = Part.unpacked(packed) if packed else self.made(keys[place], texts[place])
            while part.scanned.open and place + glued < len(texts):
                glued = min(2 * glued, len(texts) - place)  # doubled, since a text may have any number of cuts
                part = self.found(b"".join(texts[place : place + glued]))
            parts.append(part)
            place += glued
        return parts

    def found(self, text: bytes) -> Part:
        """A part that may be known."""
        key = part_key(text)
        packed = self.recent.get_many([key]).get(key)
        return Part.unpacked(packed) if packed else self.made(key, text)

    def made(self, key: bytes, text: bytes) -> Part:
        """Read a part, and remember it."""
        scanned = scan(text, start=text.startswith(b"\n"))
        part = Part(scanned._replace(docs=b""), self.lexicon.stream(text), self.lexicon.stream(scanned.docs))
        packed = part.packed()
        self.recent.put(key, packed, len(packed))
        return part


def part_key(text: bytes) -> bytes:
    """What a part is remembered by."""
    return blake2b(text, digest_size=16).digest()


def joined_names(parts: Sequence[Scanned]) -> list[bytes]:
    """Names of a file out of those of its parts: a method gets the class that an earlier part has begun."""
    names: list[bytes] = []
    scopes: list[Scope] = []
    for part in parts:
        for indent, name in part.names:
            leave(scopes, indent)
            names.append(joined(scopes, name))
        leave(scopes, part.indent)
        scopes += [(indent, joined(scopes, name)) for indent, name in part.scopes]
    return names
