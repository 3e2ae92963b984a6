"""The order of the candidates by the configured criteria, and one line that says why the first one won."""

from collections import Counter
from collections.abc import Sequence

from agentless.config import Criterion, SelectConfig
from agentless.records import Candidates, Ranked, Sample, Selection, Validation
from agentless.select.criteria import LESS_IS_BETTER, Pool, changes_source, passed, pool_of, scores_of
from agentless.select.normalize import Texts

DECIDED = {
    "source": "it alone changes source code",
    "regression": "fewest broken tests",
    "reproduction": "most reproduction tests passed",
    "votes": "most samples agree",
    "medoid": "most like all other samples",
    "shortest": "smallest change",
    "first": "earliest sample",
}


def rank(index: Texts, candidates: Candidates, validation: Validation, config: SelectConfig) -> Selection:
    """The whole ranking, best first.

    Candidates that change no source code (only tests, documents, comments) come last. The criteria of
    `config.order` follow, each breaks the ties of those before it; then the earlier attempt wins.
    """
    if not candidates.candidates:
        reason = f"no patch: {outcomes(candidates.samples)}"
        return Selection(instance_id=candidates.instance_id, reason=reason)
    pool = pool_of(candidates.candidates, validation)
    scores: dict[str, list[float]] = {
        "source": [float(changes_source(index, candidate.patch)) for candidate in pool.candidates]
    }
    scores.update({criterion: scores_of(pool, criterion) for criterion in config.order})
    order = sorted(range(len(pool.candidates)), key=lambda place: place_key(pool, scores, place))
    return Selection(
        instance_id=candidates.instance_id,
        ranking=tuple(
            Ranked(key=pool.candidates[place].key, scores={name: column[place] for name, column in scores.items()})
            for place in order
        ),
        reason=reason_of(pool, scores, order, config.order),
        patch=pool.candidates[order[0]].patch,
    )


def place_key(pool: Pool, scores: dict[str, list[float]], place: int) -> tuple[float, ...]:
    """What the candidates are sorted by, smallest first."""
    ordered = [column[place] if name in LESS_IS_BETTER else -column[place] for name, column in scores.items()]
    return (*ordered, float(min(pool.candidates[place].attempts, default=0)), float(place))


def reason_of(
    pool: Pool, scores: dict[str, list[float]], order: Sequence[int], criteria: Sequence[Criterion]
) -> str:
    """One line for people: agreement, tests, and what decided."""
    first = order[0]
    votes = len(pool.candidates[first].attempts)
    total = sum(len(candidate.attempts) for candidate in pool.candidates)
    parts = [f"{votes} of {total} samples agree" if total > 1 else "the only sample with a patch"]
    if "regression" in criteria:
        parts.append(regression_part(pool, first))
    if "reproduction" in criteria and pool.kept:
        share = round(scores["reproduction"][first] * len(pool.kept))
        parts.append(f"passes {share} of {len(pool.kept)} reproduction tests")
    if not scores["source"][first]:
        parts.append("changes no source code")
    if len(order) > 1:
        parts.append(f"decided by: {decisive(scores, order)}")
    return "; ".join(parts)


def regression_part(pool: Pool, place: int) -> str:
    """How the regression tests went for one candidate."""
    if not pool.baseline:
        return "no regression test was run"
    note = pool.evidence[place].note
    text = f"passes {passed(pool, place)} of {len(pool.baseline)} regression tests"
    return f"{text} ({note})" if note else text


def decisive(scores: dict[str, list[float]], order: Sequence[int]) -> str:
    """The first criterion in which the winner differs from the second."""
    winner, second = order[0], order[1]
    for name, column in scores.items():
        if column[winner] != column[second]:
            return DECIDED[name]
    return DECIDED["first"]


def outcomes(samples: Sequence[Sample]) -> str:
    """How the samples ended, the most frequent first: `3 no_edit, 1 truncated`."""
    counts = Counter(sample.outcome for sample in samples)
    listed = ", ".join(
        f"{count} {name}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return listed or "no sample was made"
