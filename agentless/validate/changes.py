"""What a pool of candidates edits: files by how many candidates touch them, and the words they change."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agentless.records import Candidate
from agentless.repo.words import count_words

HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@(.*)$")


@dataclass(frozen=True, slots=True)
class Changes:
    """The edits of all candidates together."""

    files: tuple[tuple[str, int], ...]
    """(path, samples that edit it), most first; tests are edits too."""
    words: frozenset[str]
    """Words of changed lines and of the definitions that hunks name."""


def changes_of(candidates: Sequence[Candidate]) -> Changes:
    """What the candidates edit."""
    files: Counter[str] = Counter()
    words: set[str] = set()
    for candidate in candidates:
        for path in candidate.files:
            files[path] += max(1, len(candidate.attempts))
        words.update(count_words(changed_text(candidate.patch)))
    ranked = sorted(files.items(), key=lambda item: (-item[1], item[0]))
    return Changes(tuple(ranked), frozenset(words))


def changed_text(patch: str) -> str:
    """Added and removed lines, and what follows the second `@@` of hunks."""
    kept = []
    for line in patch.splitlines():
        if match := HUNK.match(line):
            kept.append(match[1])
        elif line[:1] in ("+", "-") and not line.startswith(("+++", "---")):
            kept.append(line[1:])
    return "\n".join(kept)
