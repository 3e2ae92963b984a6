"""Facts of every file of a snapshot, parsed once per blob and remembered on disk."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache, cached_property

from agentless.repo.cache import BlobCache, CachedBlob
from agentless.repo.facts import FORMAT, FileFacts, is_covered, unpack_facts
from agentless.repo.grammars import grammar_version
from agentless.repo.history import Past
from agentless.repo.past import past_of
from agentless.repo.paths import is_test_path, language_of, main_languages
from agentless.repo.reader import Reader, Source
from agentless.repo.rules import entry_reason
from agentless.repo.snapshot import RepoSnapshot
from agentless.repo.symbols import Symbol, parse_symbols
from agentless.repo.vocabulary import Vocabulary

BYTES_AT_ONCE = 4_000_000
"""Text between two writes to the cache: an interrupted first run keeps what it has."""
FILES_AT_ONCE = 5000
"""The same as a number of files."""
NOTHING = FileFacts()
HISTORY_FOLDER = "history"
"""Histories lie below the folder of the blob cache."""


class Keys(dict[str, bytes]):
    """Path -> what its facts depend on: its content, and how it is read. Made when asked for."""

    def __init__(self, snapshot: RepoSnapshot) -> None:
        super().__init__()
        self.entries = snapshot.entries
        self.main = main_languages(path for path in snapshot.candidates() if not is_test_path(path))
        """Files of other languages are read as plain text: they are many, large, and rarely meant."""

    def __missing__(self, path: str) -> bytes:
        key = self[path] = bytes.fromhex(self.entries[path].sha) + reading(self.language(path))
        return key

    def language(self, path: str) -> str:
        """How a file is read, "" as plain text."""
        language = language_of(path)
        return language if language in self.main else ""


class Index:
    """Everything localization and repair ask of a snapshot. Not meant to be filled by several threads at once."""

    def __init__(self, snapshot: RepoSnapshot, cache: BlobCache | None = None) -> None:
        self.snapshot = snapshot
        self.cache = cache
        self.keys = Keys(snapshot)
        self.packed: dict[bytes, bytes] = {}
        self.own = Reader(Vocabulary(), max_bytes=0)
        """Reads what no cache keeps."""
        self.vocabulary = cache.vocabulary if cache is not None else self.own.lexicon.vocabulary
        """Words of what is packed."""
        self.unpacked: dict[bytes, FileFacts] = {}
        self.parsed: dict[bytes, tuple[Symbol, ...]] = {}
        self.asked: set[bytes] = set()
        """What the cache was asked for."""

    @classmethod
    def build(cls, snapshot: RepoSnapshot, cache: BlobCache | None = None) -> "Index":
        """Take the facts of all sources that are no tests; other files get theirs when somebody asks.

        Args:
            snapshot: stays open as long as the index is used.
            cache: facts of blobs seen before; None reads everything.

        Raises:
            RepositoryError: an object is missing.
        """
        index = cls(snapshot, cache)
        index.prepare(path for path in snapshot.candidates() if language_of(path) and not is_test_path(path))
        return index

    def paths(self, *, tests: bool = True) -> list[str]:
        """Files whose text may be shown and edited, sorted; reads those whose content nobody has looked at.

        Args:
            tests: also tests, by path.
        """
        wanted = [path for path in self.snapshot.candidates() if tests or not is_test_path(path)]
        self.recall(self.snapshot.unscreened(wanted))
        self.absorb(self.snapshot.unscreened(wanted), parse=False)
        reasons, entries = self.snapshot.reasons, self.snapshot.entries
        return [path for path in wanted if not reasons[entries[path].sha]]

    def text(self, path: str) -> str:
        """Text of a file, "" when it may not be edited."""
        return self.snapshot.text(path) or ""

    def symbols(self, path: str) -> tuple[Symbol, ...]:
        """Definitions, top-level assignments and imports of a file in order of position, parsed when asked for."""
        if self.snapshot.editable(path):
            return ()
        key = self.keys[path]
        if key not in self.parsed:
            self.parsed[key] = parse_symbols(self.text(path), language_of(path))
        return self.parsed[key]

    def facts(self, path: str) -> FileFacts:
        """Facts of one file; empty when it may not be edited.

        The first question about a test makes those of all tests, and one about another text those of all such
        files: who ranks by content asks for all of them, and one batch is many times faster.
        """
        entry = self.snapshot.entries.get(path)
        if entry is None or entry_reason(entry) or self.snapshot.reasons.get(entry.sha):
            return NOTHING
        key = self.keys[path]
        if key not in self.unpacked and key not in self.packed:
            tests = is_test_path(path)
            self.prepare(other for other in self.snapshot.candidates() if is_test_path(other) == tests)
        if key in self.packed:
            self.unpacked[key] = unpack_facts(self.packed.pop(key), self.vocabulary)
        return self.unpacked.get(key, NOTHING)

    @cached_property
    def past(self) -> Past | None:
        """The commit's history, HEAD's for a work tree; None where there is too little (shallow clone)."""
        folder = self.cache.file.parent / HISTORY_FOLDER if self.cache is not None else None
        return past_of(self.snapshot.reader.git, self.snapshot.commit_id, folder)

    def prepare(self, paths: Iterable[str]) -> None:
        """Make facts of these files, reading in one batch what no cache has."""
        reasons, entries = self.snapshot.reasons, self.snapshot.entries
        wanted = {self.keys[path]: path for path in paths}
        self.recall(wanted.values())
        lacking = [
            path
            for key, path in wanted.items()
            if key not in self.unpacked and key not in self.packed and not reasons.get(entries[path].sha)
        ]
        self.absorb(lacking, parse=True)

    def recall(self, paths: Iterable[str]) -> None:
        """Take from the cache what it has of these files and was not asked for yet."""
        shas = {self.keys[path]: self.snapshot.entries[path].sha for path in paths}
        new = [key for key in shas if key not in self.asked]
        self.asked.update(new)
        if self.cache is None or not new:
            return
        found = self.cache.load(new)
        if not self.packed:
            self.vocabulary = self.cache.vocabulary
        for key, blob in found.items():
            self.snapshot.reasons[shas[key]] = blob.reason
            if self.vocabulary is self.cache.vocabulary and is_covered(blob.facts, self.vocabulary):
                self.packed[key] = blob.facts

    def absorb(self, paths: Iterable[str], *, parse: bool) -> None:
        """Read files, learn whether they may be edited, take their facts where asked, and remember it."""
        reasons: dict[bytes, str] = {}
        sources: dict[bytes, Source] = {}
        waiting = 0
        for path, data in self.snapshot.blobs(paths):
            key = self.keys[path]
            reasons[key] = self.snapshot.editable(path)
            if parse and not reasons[key]:
                sources[key] = Source(data, self.keys.language(path))
            waiting += len(data)
            if waiting >= BYTES_AT_ONCE or len(reasons) >= FILES_AT_ONCE:
                self.settle(reasons, sources)
                reasons, sources, waiting = {}, {}, 0
        self.settle(reasons, sources)

    def settle(self, reasons: Mapping[bytes, str], sources: Mapping[bytes, Source]) -> None:
        """Take the facts of texts, and remember them."""
        texts = list(sources.values())
        kept = self.cache.read_texts(texts) if self.cache is not None else None
        packed, vocabulary = kept or self.own.read_alone(texts)
        facts = dict(zip(sources, packed, strict=True))
        if vocabulary is self.vocabulary:
            self.packed.update(facts)
        else:
            self.unpacked.update((key, unpack_facts(value, vocabulary)) for key, value in facts.items())
        if self.cache is not None and reasons:
            known = facts if kept is not None else {}
            self.cache.save({key: CachedBlob(reason, known.get(key, b"")) for key, reason in reasons.items()})


@cache
def reading(language: str) -> bytes:
    """Digest of everything but the content that facts depend on: the format and the grammar."""
    return hashlib.sha256(f"{FORMAT}/{language}/{grammar_version(language)}".encode()).digest()[:8]
