"""What a candidate is worth: one number per criterion.

Unknown is not pass: a test that crashed, timed out, or never ran because the patch did not apply counts against
a candidate exactly as a failed one does. Leaving it out would let the candidate that broke the test run win.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agentless.config import Criterion
from agentless.records import Candidate, Evidence, Validation
from agentless.repo.paths import is_auxiliary_path, is_test_path
from agentless.select.changes import FileChange, read_patch
from agentless.select.normalize import Texts, changed_forms

LESS_IS_BETTER = frozenset({"regression", "shortest", "first"})
"""Criteria whose smaller number is better; of the others the larger one is."""

TOKEN = re.compile(r"\w+|[^\w\s]")
DOCUMENTS = (".md", ".rst", ".txt", ".adoc")


@dataclass(frozen=True, slots=True)
class Pool:
    """All candidates of one instance with their evidence, in the order of the candidates."""

    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]
    baseline: frozenset[str]
    """Regression tests that passed on the original."""
    kept: frozenset[str]
    """Reproduction tests that fail on the original."""


def pool_of(candidates: Sequence[Candidate], validation: Validation) -> Pool:
    """Pair every candidate with its evidence; one without gets evidence that knows nothing."""
    found = {evidence.key: evidence for evidence in validation.evidence}
    evidence = tuple(found.get(candidate.key, Evidence(key=candidate.key)) for candidate in candidates)
    kept = {test.path for test in validation.reproduction_tests if test.outcome == "kept"}
    return Pool(
        candidates=tuple(candidates),
        evidence=evidence,
        baseline=frozenset(validation.baseline) - frozenset(validation.flaky),
        kept=frozenset(kept),
    )


def scores_of(pool: Pool, criterion: Criterion) -> list[float]:
    """One number per candidate, in their order.

    - regression: baseline tests that do not pass any more, unknown and missing ones included
    - reproduction: share of all kept tests that pass, 0 to 1
    - votes: samples in the class
    - medoid: mean likeness to all other samples, 0 to 1
    - shortest: added and removed lines
    - first: the class's first attempt
    """
    if criterion == "medoid":
        return likeness(pool.candidates)
    return [score_of(pool, criterion, place) for place in range(len(pool.candidates))]


def score_of(pool: Pool, criterion: Criterion, place: int) -> float:
    """The number of one candidate for a criterion that does not look at the others."""
    candidate = pool.candidates[place]
    match criterion:
        case "regression":
            return float(broken(pool, place))
        case "reproduction":
            return reproduced(pool, place)
        case "votes":
            return float(len(candidate.attempts))
        case "shortest":
            return float(len(changed_lines(candidate.patch)))
        case "medoid" | "first":
            return float(min(candidate.attempts, default=0))


def passed(pool: Pool, place: int) -> int:
    """Baseline tests that this candidate passes."""
    return sum(pool.evidence[place].regression.get(test) == "pass" for test in pool.baseline)


def broken(pool: Pool, place: int) -> int:
    """Baseline tests that this candidate does not pass, for whatever reason."""
    return len(pool.baseline) - passed(pool, place)


def reproduced(pool: Pool, place: int) -> float:
    """Share of the kept reproduction tests that pass; 0 when none was kept."""
    if not pool.kept:
        return 0.0
    verdicts = pool.evidence[place].reproduction
    return sum(verdicts.get(test) == "pass" for test in pool.kept) / len(pool.kept)


def likeness(candidates: Sequence[Candidate]) -> list[float]:
    """Mean Jaccard index of the changed lines' token multisets to every other sample; 1 for a sample alone.

    A class of n equal samples counts n times. On published pools that mix many systems this chooses right 5 to 14
    points more often than the plain vote; within one system the two are alike.
    """
    bags = [tokens(candidate.patch) for candidate in candidates]
    weights = [max(len(candidate.attempts), 1) for candidate in candidates]
    others = sum(weights) - 1
    if others <= 0:
        return [1.0] * len(bags)
    means = []
    for bag in bags:
        total = sum(weight * jaccard(bag, other) for weight, other in zip(weights, bags, strict=True))
        means.append(round((total - 1) / others, 6))
    return means


def jaccard(left: Counter[str], right: Counter[str]) -> float:
    """Size of the intersection over the size of the union of two multisets; 1 for two empty ones."""
    together = (left | right).total()
    return (left & right).total() / together if together else 1.0


def tokens(patch: str) -> Counter[str]:
    """How often each word or mark stands on an added or removed line, the sign with it."""
    return Counter(line[0] + token for line in changed_lines(patch) for token in TOKEN.findall(line[1:]))


def changed_lines(patch: str) -> list[str]:
    """Added and removed lines with their signs; all lines of a text that is no patch."""
    changes = read_patch(patch)
    if changes is None:
        return [f" {line}" for line in patch.splitlines()]
    return [line for change in changes for line in change.lines]


def changes_source(index: Texts, patch: str) -> bool:
    """Whether the patch changes the code of a file that is neither a test nor documentation.

    A patch whose hunks do not fit the index is given the benefit of the doubt, one that cannot be read is not.
    """
    source = [change for change in read_patch(patch) or () if is_source(change)]
    forms = changed_forms(index, source)
    return forms is None or bool(forms)


def is_source(change: FileChange) -> bool:
    """Whether the file is what the project is made of, by its path."""
    path = change.path
    return not (is_test_path(path) or is_auxiliary_path(path) or path.lower().endswith(DOCUMENTS))
