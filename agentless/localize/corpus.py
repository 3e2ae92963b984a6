"""The files that may be edited, as documents with four fields: content, docstrings, symbol names, path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from agentless.localize.tokens import WORD
from agentless.repo import FileFacts, Index
from agentless.repo.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in path order; all sequences run parallel to `paths`."""

    paths: tuple[str, ...]
    facts: tuple[FileFacts, ...]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    """Of the words that the facts hold packed."""

    @classmethod
    def of(
        cls, index: Index, paths: Sequence[str], content: Callable[[str], bool] = lambda path: True
    ) -> "Corpus":
        """The documents of these paths, sorted; where `content` says no, all fields but the path are empty."""
        ordered = tuple(sorted(paths))
        # what lacks is read at once, and files whose words do not count are not read
        index.prepare(filter(content, ordered))
        facts = tuple(index.facts(path) if content(path) else NOTHING for path in ordered)
        return cls(ordered, facts, index.vocabulary)


NOTHING = FileFacts()


def own_names(facts: FileFacts) -> list[str]:
    """`__init__` for `Blueprint.__init__`: the class counts once, where it is defined."""
    return [name.rpartition(".")[2] for name in facts.names]


@lru_cache(maxsize=1 << 16)
def path_names(path: str) -> tuple[str, ...]:
    """Components without the extension: `src/flask/blueprints.py` -> src, flask, blueprints."""
    return tuple(WORD.findall(path.rpartition(".")[0] or path))
