"""Texts of files -> packed facts, many at a time."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agentless.repo.collector import no_collection
from agentless.repo.facts import Head, pack_facts
from agentless.repo.lexicon import MOST_TEXTS, Lexicon
from agentless.repo.parts import KEPT_BYTES, Parts, Read
from agentless.repo.symbols import read_symbols
from agentless.repo.vocabulary import Vocabulary

Learn = Callable[[Iterable[str]], Vocabulary | None]
"""Gives the vocabulary with these words; None where they cannot be kept."""


class Source(NamedTuple):
    """A file to read."""

    data: bytes
    """UTF-8."""
    language: str
    """As `paths.language_of` names it, "" for plain text."""


class Reader:
    """Reads files by the words of one vocabulary. Safe for threads."""

    def __init__(self, vocabulary: Vocabulary, max_bytes: int = KEPT_BYTES) -> None:
        self.max_bytes = max_bytes
        self.guard = threading.Lock()
        self.begin(vocabulary)

    @property
    def lexicon(self) -> Lexicon:
        """Numbers of what was read."""
        return self.parts.lexicon

    def begin(self, vocabulary: Vocabulary) -> None:
        """Forget everything that was read."""
        self.parts = Parts(Lexicon(vocabulary), self.max_bytes)

    def read(self, sources: Sequence[Source], learn: Learn) -> tuple[list[bytes], Vocabulary] | None:
        """The facts of each file and the vocabulary that they are of; None where that cannot learn their words."""
        with self.guard, no_collection():
            try:
                return self.read_here(sources, learn)
            except BaseException:  # stopped anywhere: numbers may be without words, or words without their ends
                self.begin(self.lexicon.vocabulary)
                raise

    def read_here(self, sources: Sequence[Source], learn: Learn) -> tuple[list[bytes], Vocabulary] | None:
        """See `read`; the guard is held."""
        if self.lexicon.full:
            self.begin(self.lexicon.vocabulary)
        files = [self.read_one(source) for source in sources]
        learned = self.lexicon.look_up(learn)
        if learned is not None and learned is not self.lexicon.vocabulary:  # another one took its place
            self.begin(learned)
            files = [self.read_one(source) for source in sources]
            learned = self.lexicon.look_up(learn)
        if learned is not self.lexicon.vocabulary:
            return None
        starts = range(0, len(files), MOST_TEXTS)
        parts = [(sources[start : start + MOST_TEXTS], files[start : start + MOST_TEXTS]) for start in starts]
        return [packed for part in parts for packed in self.packed(*part)], learned

    def read_alone(self, sources: Sequence[Source]) -> tuple[list[bytes], Vocabulary]:
        """The same by a vocabulary that nobody else has, and that learns whatever comes."""
        vocabulary = self.lexicon.vocabulary
        return self.read(sources, vocabulary.learned) or ([], vocabulary)

    def read_one(self, source: Source) -> Read:
        """One file by its language."""
        if source.language == "python":
            return self.parts.read(source.data)
        words = [self.lexicon.stream(source.data)]
        parsed = read_symbols(source.data, source.language)
        names = [symbol.name.encode() for symbol in parsed.symbols if symbol.kind != "import"]
        imports, imported = ([name.encode() for name in found] for found in (parsed.imports, parsed.imported))
        return Read(names, imports, imported, words, [self.lexicon.stream(parsed.docs.encode())])

    def packed(self, sources: Sequence[Source], files: Sequence[Read]) -> list[bytes]:
        """Count the words of at most `MOST_TEXTS` files, and pack."""
        counted = self.lexicon.count([file.words for file in files], [file.docs for file in files])
        made = []
        for source, file, columns in zip(sources, files, counted, strict=True):
            texts = (b"\n".join(names) for names in (file.names, file.imports, file.imported))
            made.append(pack_facts(Head(len(source.data), *texts), columns, self.lexicon.vocabulary))
        return made
