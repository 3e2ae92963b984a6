from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.config import Criterion, SelectConfig, load_config, preset_names
from agentless.records import Candidate, Sample, SampleOutcome, Selection, Validation
from agentless.select import rank
from tests.select.pools import Files, candidate, candidates, evidence, validation

FILES = Files({"src/app.py": "same = 1\n", "tests/test_app.py": "same = 1\n"})


def ranked(
    found: Validation, *classes: Candidate, order: tuple[Criterion, ...] = SelectConfig().order
) -> Selection:
    return rank(FILES, candidates(*classes), found, SelectConfig(order=order))


def order_of(selection: Selection) -> str:
    return "".join(place.key for place in selection.ranking)


def test_each_criterion_breaks_the_ties_of_those_before() -> None:
    classes = [
        candidate("a", 0, 1, 2, 3),
        candidate("b", 4, 5, 6),
        candidate("c", 7, 8, line="c = 1"),
        candidate("d", 9, 10),
    ]
    found = validation(
        evidence("a", "ppf", "pp"), evidence("b", "ppp", "pf"), evidence("c", "ppp", "pp"),
        evidence("d", "ppp", "pp"),
        baseline=3, kept=2,
    )  # fmt: skip
    selection = ranked(found, *classes)
    assert order_of(selection) == "cdba"
    assert selection.patch == classes[2].patch
    assert list(selection.ranking[0].scores) == ["source", "regression", "reproduction", "votes", "shortest"]
    assert selection.ranking[3].scores == {
        "source": 1, "regression": 1, "reproduction": 1, "votes": 4, "shortest": 1
    }  # fmt: skip


@pytest.mark.parametrize("order", [("regression", "reproduction"), ("reproduction", "regression")])
@pytest.mark.parametrize("broken", ["uuu", "---", "", "puu", "pp-", "fff"])
def test_a_crash_never_beats_a_candidate_that_passed(broken: str, order: tuple[Criterion, ...]) -> None:
    """The trap: a run that crashed, timed out or did not apply has no failed test to count."""
    crashed = candidate("x", 0, 1, 2, 3, 4, 5, 6, 7)
    sound = candidate("y", 8)
    found = validation(
        evidence("x", broken, broken, note="timed out"), evidence("y", "ppp", "ppp"), baseline=3, kept=3
    )
    assert order_of(ranked(found, crashed, sound, order=(*order, "votes"))) == "yx"
    assert ranked(found, crashed, sound).ranking[1].scores["regression"] > 0


def test_a_candidate_without_evidence_is_unknown_and_not_perfect() -> None:
    found = validation(evidence("y", "ppf"), baseline=3)
    assert order_of(ranked(found, candidate("x", 0, 1), candidate("y", 2))) == "yx"


letters = st.text("pfu-", min_size=4, max_size=4)


@given(letters, letters, st.integers(1, 9))
def test_more_passes_win_whatever_the_votes(left: str, right: str, votes: int) -> None:
    found = validation(evidence("x", left), evidence("y", right), baseline=4)
    winner = order_of(ranked(found, candidate("x", *range(votes)), candidate("y", 20)))[0]
    if left.count("p") != right.count("p"):
        assert winner == ("x" if left.count("p") > right.count("p") else "y")


def test_candidates_that_touch_only_tests_come_last() -> None:
    only_tests = candidate("t", 0, 1, 2, path="tests/test_app.py")
    comment = candidate("c", 3, 4, line="# note")
    source = candidate("s", 5)
    found = validation(evidence("t", "pp"), evidence("c", "pp"), evidence("s", "ff"), baseline=2)
    assert order_of(ranked(found, only_tests, comment, source)) == "stc"
    alone = ranked(found, only_tests)
    assert alone.patch == only_tests.patch
    assert "changes no source code" in alone.reason


def test_ties_go_to_the_earlier_attempt_whatever_the_order_of_the_candidates() -> None:
    classes = [candidate(name, place) for place, name in enumerate("abc")]
    for shuffled in permutations(classes):
        assert order_of(ranked(validation(), *shuffled)) == "abc"
        assert order_of(ranked(validation(), *shuffled, order=())) == "abc"


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_ranks(preset: str) -> None:
    found = validation(evidence("a", "p"), evidence("b", "f"), baseline=1)
    selection = rank(FILES, candidates(candidate("a", 0), candidate("b", 1)), found, load_config(preset).select)
    assert order_of(selection) == "ab"
    assert selection.reason


def test_the_reason_names_agreement_tests_and_what_decided() -> None:
    classes = [candidate("a", 0, 1, 2), candidate("b", 3, 4), candidate("c", 5)]
    found = validation(
        evidence("a", "ppp", "pf"), evidence("b", "ppf", "pp"), evidence("c", "uuu", note="timed out"),
        baseline=3, kept=2,
    )  # fmt: skip
    assert ranked(found, *classes).reason == (
        "3 of 6 samples agree; passes 3 of 3 regression tests; passes 1 of 2 reproduction tests; "
        "decided by: fewest broken tests"
    )


def test_the_reason_is_honest_about_what_was_not_run() -> None:
    assert ranked(validation(), candidate("a", 0), candidate("b", 1, 2)).reason == (
        "2 of 3 samples agree; no regression test was run; decided by: most samples agree"
    )
    lost = ranked(validation(evidence("a", "--", note="timed out"), baseline=2), candidate("a", 0))
    assert lost.reason == "the only sample with a patch; passes 0 of 2 regression tests (timed out)"


REASONS: list[tuple[tuple[Criterion, ...], str]] = [
    (("medoid",), "most like all other samples"),
    (("shortest",), "smallest change"),
    (("first",), "earliest sample"),
    (("reproduction",), "most reproduction tests passed"),
    ((), "earliest sample"),
]


@pytest.mark.parametrize(("order", "decided"), REASONS)
def test_what_decided_is_named(order: tuple[Criterion, ...], decided: str) -> None:
    classes = [
        candidate("a", 3, line="x = compute(1)"),
        Candidate(key="b", patch=candidate("b", 1).patch.replace("+1,2", "+1,3") + "+more = 1\n", attempts=(1,)),
        Candidate(
            key="c", patch=candidate("c", 2).patch.replace("+1,2", "+1,3") + "+x = compute(1)\n", attempts=(2,)
        ),
    ]
    found = validation(evidence("a", "", "p"), kept=1)
    assert ranked(found, *classes, order=order).reason.endswith(f"decided by: {decided}")


def test_the_only_source_change_decides() -> None:
    selection = ranked(validation(), candidate("t", 0, path="tests/test_app.py"), candidate("s", 1))
    assert selection.reason.endswith("decided by: it alone changes source code")


def test_without_a_candidate_the_reason_counts_the_outcomes() -> None:
    outcomes: list[SampleOutcome] = ["no_edit", "truncated", "no_edit", "server_error"]
    lost = tuple(Sample(attempt=place, outcome=outcome) for place, outcome in enumerate(outcomes))
    selection = rank(FILES, candidates(lost=lost), validation(), SelectConfig())
    assert (selection.patch, selection.ranking) == ("", ())
    assert selection.reason == "no patch: 2 no_edit, 1 server_error, 1 truncated"
    nothing = rank(FILES, candidates(), validation(), SelectConfig())
    assert nothing.reason == "no patch: no sample was made"
