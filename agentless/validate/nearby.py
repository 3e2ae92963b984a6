"""Which test files to run: those near the edits, found without gold.

score = name + import + place + words + spoken, each at most its weight. Measured on the 244 rows of SWE-bench
Verified's development half that have their repository at hand (gold edits, `bench/validation.py`): a gold test
file comes first for 70%, among the first three for 88%. Weights fitted on one half of these rows find it among the
first three for 85% of the other half, where the weights before found 83%.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentless.records import Candidate
from agentless.repo import Index, is_test_path
from agentless.repo.words import count_words
from agentless.validate.changes import Changes, changes_of

NAME, IMPORT, PLACE, FOLDER_NAME, WORDS, IN_ISSUE, IN_EDITS = 3.0, 2.0, 3.0, 1.0, 6.0, 2.0, 1.0
"""Weights of the features."""
ISSUE_SHARE = 0.3
"""What a word of the issue counts, where a word of the edits counts 1."""
LONG_WORDS = 200
"""Different words from which on a file holds more of them by chance."""
TEST_FILE = re.compile(r"^(?:test_.*|.*_tests?|tests?)\.py$")
SOURCE_ROOTS = frozenset({"src", "lib", "python"})
DULL = frozenset({"test", "tests", "testing", "src", "lib", "py", "init"})


@dataclass(frozen=True, slots=True)
class Edited:
    """One edited file as a test may refer to it."""

    stem: frozenset[str]
    folders: frozenset[str]
    module: str
    """Dotted name as it is imported, without `src`."""
    weight: float
    """Share of the samples that edit it."""


def choose_test_files(index: Index, issue: str, candidates: Sequence[Candidate], limit: int) -> tuple[str, ...]:
    """Paths of test files that are likely to notice the edits, best first; Python only.

    Test files that a candidate edits are no special case: they run with the original's text (see `protect`).
    """
    tests = [path for path in index.paths() if runs_as_test(path)]
    changes = changes_of(candidates)
    if not tests or not changes.files or limit < 1:
        return ()
    words = word_scores(index, tests, changes, issue)
    total = sum(count for _, count in changes.files)
    edited = [describe(path, count / total) for path, count in changes.files]
    said = frozenset(count_words(issue))
    scores = {
        path: words[path] + spoken(path, said, changes.words) + max(nearness(index, path, file) for file in edited)
        for path in tests
    }
    return tuple(sorted(tests, key=lambda path: (-scores[path], path))[:limit])


def runs_as_test(path: str) -> bool:
    """Whether a test tool collects the file: by its name, and not a fixture beside tests."""
    name = path.rpartition("/")[2]
    return is_test_path(path) and TEST_FILE.match(name) is not None


def describe(path: str, weight: float) -> Edited:
    """An edited path as names and words."""
    *folders, name = PurePosixPath(path).with_suffix("").parts
    inside = [folder for folder in folders if folder not in SOURCE_ROOTS]
    module = ".".join(inside if name == "__init__" else [*inside, name])
    own = folders[-1] if name in ("__init__", "base", "core", "main") and folders else name
    return Edited(words_of(own), frozenset().union(*map(words_of, inside)), module, weight)


def words_of(name: str) -> frozenset[str]:
    """Words of one name of a path, without those that every test path has."""
    return frozenset(count_words(name)) - DULL


def nearness(index: Index, test: str, edited: Edited) -> float:
    """How close a test file is to one edited file by name, import and place."""
    name, around = names_of(test)
    score = NAME * overlap(name, edited.stem) + PLACE * overlap(around, edited.folders)
    # a folder named after the module, tests/forms_tests/ for forms.py
    score += FOLDER_NAME * overlap(around, edited.stem)
    score += IMPORT * import_score(index, test, edited.module)
    return score * (0.5 + 0.5 * edited.weight)


def names_of(test: str) -> tuple[frozenset[str], frozenset[str]]:
    """Words of a test file's name and of its folders."""
    *folders, name = PurePosixPath(test).with_suffix("").parts
    if name in ("tests", "test"):  # tests/aggregation/tests.py is named by its folder
        name = folders[-1] if folders else name
    return words_of(name), frozenset[str]().union(*map(words_of, folders))


def spoken(test: str, issue: frozenset[str], edits: frozenset[str]) -> float:
    """How much of a test file's path the issue and the edits speak of."""
    own = frozenset[str]().union(*names_of(test))
    if not own:
        return 0.0
    return (IN_ISSUE * len(own & issue) + IN_EDITS * len(own & edits)) / len(own)


def overlap(found: frozenset[str], wanted: frozenset[str]) -> float:
    """Harmonic mean of the shares of common words, 0 to 1."""
    return 2 * len(found & wanted) / (len(found) + len(wanted)) if found and wanted else 0.0


def import_score(index: Index, test: str, module: str) -> float:
    """1 for an import of the module itself, less for a package above it, 0 for none."""
    facts = index.facts(test)
    best = 0.0
    for name in facts.targets:
        if name == module or name.startswith(f"{module}."):
            return 1.0
        if module.startswith(f"{name}."):
            best = max(best, 0.5 * (name.count(".") + 1) / (module.count(".") + 1))
    return best


def word_scores(index: Index, tests: Sequence[str], changes: Changes, issue: str) -> dict[str, float]:
    """Shared words by inverse document frequency over the test files, at most `WORDS` for the best file."""
    wanted = dict.fromkeys(count_words(issue), ISSUE_SHARE)
    wanted.update(dict.fromkeys(changes.words, 1.0))
    present = {path: [word for word in wanted if word in index.facts(path).words] for path in tests}
    frequency = Counter(word for words in present.values() for word in words)
    worth = {word: wanted[word] * math.log(1 + len(tests) / count) for word, count in frequency.items()}
    # long files hold many words by chance
    raw = {
        path: sum(worth[word] for word in words) / math.sqrt(1 + len(index.facts(path).words) / LONG_WORDS)
        for path, words in present.items()
    }
    best = max(raw.values(), default=0.0)
    return {path: WORDS * score / best if best else 0.0 for path, score in raw.items()}
