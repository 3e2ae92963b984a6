"""Facts of every file of a snapshot, parsed once per blob and remembered on disk."""

import hashlib
from collections.abc import Iterable
from functools import cache
from itertools import filterfalse

from agentless.repo.cache import BlobCache, CachedBlob
from agentless.repo.facts import FORMAT, FileFacts, Symbol, pack_facts, unpack_facts
from agentless.repo.grammars import grammar_version
from agentless.repo.paths import is_test_path, language_of
from agentless.repo.snapshot import RepoSnapshot
from agentless.repo.symbols import parse_symbols, read_symbols
from agentless.repo.syntax import syntax_error
from agentless.repo.words import count_words

__all__ = ["FileFacts", "Index", "Symbol", "parse_symbols", "read_facts", "syntax_error"]

SAVED_AT_ONCE = 500
"""Blobs between two writes to the cache: an interrupted first run keeps what it has."""


class Index:
    """Everything localization and repair ask of a snapshot. Not meant to be filled by several threads at once."""

    def __init__(self, snapshot: RepoSnapshot, cache: BlobCache | None = None) -> None:
        self.snapshot = snapshot
        self.cache = cache
        self.keys = {
            path: bytes.fromhex(snapshot.entries[path].sha) + reading(language_of(path))
            for path in snapshot.candidates()
        }
        """Path -> what its facts depend on: its content, and how its language is read."""
        self.packed: dict[bytes, bytes] = {}
        self.unpacked: dict[bytes, FileFacts] = {}

    @classmethod
    def build(cls, snapshot: RepoSnapshot, cache: BlobCache | None = None, *, tests: bool = True) -> "Index":
        """Screen all files and parse those of a known language; other files get their facts when somebody asks.

        Args:
            snapshot: stays open as long as the index is used.
            cache: facts of blobs seen before; None parses everything.
            tests: parse test files too; False leaves them until somebody asks for their facts.

        Raises:
            RepositoryError: an object is missing.
        """
        index = cls(snapshot, cache)
        wanted = snapshot.candidates()
        index.recall(wanted)
        sources = [path for path in wanted if language_of(path) and (tests or not is_test_path(path))]
        index.prepare(sources)
        index.absorb(snapshot.unscreened(wanted), parse=False)
        return index

    def paths(self) -> list[str]:
        """Files whose text may be shown and edited, sorted."""
        return self.snapshot.paths()

    def text(self, path: str) -> str:
        """Text of a file, "" when it may not be edited."""
        return self.snapshot.text(path) or ""

    def symbols(self, path: str) -> tuple[Symbol, ...]:
        """Definitions, top-level assignments and imports of a file, in order of position."""
        return self.facts(path).symbols

    def facts(self, path: str) -> FileFacts:
        """Facts of one file; empty when it may not be edited.

        The first question about a file that is neither source nor test makes those of all such files: who ranks by
        content asks for all of them, and one batch is many times faster.
        """
        if self.snapshot.editable(path):
            return FileFacts()
        key = self.keys[path]
        if key not in self.unpacked:
            if key not in self.packed:
                self.prepare([path] if is_test_path(path) else filterfalse(is_test_path, self.paths()))
            if key in self.packed:
                self.unpacked[key] = unpack_facts(self.packed.pop(key))
        return self.unpacked[key]

    def prepare(self, paths: Iterable[str]) -> None:
        """Make facts of these files, reading and parsing in one batch what no cache has."""
        reasons, entries = self.snapshot.reasons, self.snapshot.entries
        wanted = {self.keys[path]: path for path in paths if not reasons.get(entries[path].sha)}
        lacking = [path for key, path in wanted.items() if key not in self.unpacked and key not in self.packed]
        self.absorb(lacking, parse=True)

    def recall(self, paths: Iterable[str]) -> None:
        """Take from the cache what it has of these files."""
        if self.cache is None:
            return
        shas = {self.keys[path]: self.snapshot.entries[path].sha for path in paths}
        for key, blob in self.cache.load(list(shas)).items():
            self.snapshot.reasons[shas[key]] = blob.reason
            if blob.facts:
                self.packed[key] = blob.facts

    def absorb(self, paths: Iterable[str], *, parse: bool) -> None:
        """Read files, learn whether they may be edited, parse them where asked, and remember it."""
        batch: dict[bytes, CachedBlob] = {}
        for path, data in self.snapshot.blobs(paths):
            key, reason = self.keys[path], self.snapshot.editable(path)
            if parse and not reason:
                self.unpacked[key] = read_facts(data, language_of(path))
            if self.cache is not None:
                packed = pack_facts(self.unpacked[key]) if key in self.unpacked else b""
                batch[key] = CachedBlob(reason, packed)
                if len(batch) >= SAVED_AT_ONCE:
                    self.cache.save(batch)
                    batch = {}
        if self.cache is not None and batch:
            self.cache.save(batch)


@cache
def reading(language: str) -> bytes:
    """Digest of everything but the content that facts depend on: the format and the grammar."""
    return hashlib.sha256(f"{FORMAT}/{language}/{grammar_version(language)}".encode()).digest()[:8]


def read_facts(data: bytes, language: str) -> FileFacts:
    """Facts of a file's content, UTF-8."""
    parsed = read_symbols(data, language)
    return FileFacts(
        language=language,
        lines=data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0),
        bytes=len(data),
        symbols=parsed.symbols,
        imports=parsed.imports,
        words=count_words(data.decode("utf-8", "replace")),
        doc_words=count_words(parsed.docs),
        imported=parsed.imported,
    )
