from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.records import Candidate
from agentless.select.criteria import changes_source, jaccard, likeness, pool_of, scores_of, tokens
from tests.select.pools import Files, candidate, diff, evidence, validation

bags = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4)).map(Counter)


def scores(criterion: str, *classes: Candidate, **found: object) -> list[float]:
    made = found.get("validation", validation())
    return scores_of(pool_of(classes, made), criterion)  # type: ignore[arg-type]  # a plain name in these tests


def test_broken_tests_are_all_that_do_not_pass() -> None:
    classes = [candidate(name, place) for place, name in enumerate("abcde")]
    found = validation(
        evidence("a", "pppp"), evidence("b", "ppff"), evidence("c", "ppuu"), evidence("d", "pp--"), baseline=4
    )
    assert scores("regression", *classes, validation=found) == [0, 2, 2, 2, 4]


def test_tests_outside_the_baseline_do_not_count() -> None:
    found = validation(evidence("a", "ppfff"), baseline=2)
    assert scores("regression", candidate("a", 0), validation=found) == [0]


def test_only_kept_reproduction_tests_count_and_unknown_adds_nothing() -> None:
    classes = [candidate(name, place) for place, name in enumerate("abcd")]
    found = validation(
        evidence("a", "", "ppffp"), evidence("b", "", "pu--p"), evidence("c", "", "uuuuu"), kept=4, dropped=1
    )
    assert scores("reproduction", *classes, validation=found) == [0.5, 0.25, 0.0, 0.0]


def test_one_pass_among_unknowns_is_not_a_perfect_score() -> None:
    classes = [candidate("a", 0), candidate("b", 1)]
    found = validation(evidence("a", "", "puuuuuuu"), evidence("b", "", "pppppppf"), kept=8)
    mostly_unknown, mostly_passed = scores("reproduction", *classes, validation=found)
    assert mostly_unknown < mostly_passed


def test_without_tests_nobody_is_better() -> None:
    classes = [candidate("a", 0), candidate("b", 1)]
    assert scores("regression", *classes) == [0, 0]
    assert scores("reproduction", *classes) == [0, 0]


def test_votes_first_and_length() -> None:
    long = Candidate(key="l", patch=diff("x", "a\n", "b\nc\nd\n"), attempts=(4, 7, 9))
    short = Candidate(key="s", patch=diff("x", "a\n", "a\nb\n"), attempts=(5,))
    assert scores("votes", long, short) == [3, 1]
    assert scores("first", long, short) == [4, 5]
    assert scores("shortest", long, short) == [4, 1]
    assert scores("shortest", Candidate(key="n", patch="no patch\n\nof files", attempts=(0,))) == [3]


@given(bags, bags)
def test_jaccard_is_a_likeness(left: Counter[str], right: Counter[str]) -> None:
    value = jaccard(left, right)
    assert 0 <= value <= 1
    assert value == jaccard(right, left)
    assert (value == 1) == (left == right)


def test_jaccard_counts_repeats() -> None:
    assert jaccard(Counter("aab"), Counter("ab")) == pytest.approx(2 / 3)
    assert jaccard(Counter("a"), Counter("b")) == 0


def test_tokens_are_those_of_changed_lines_with_their_sign() -> None:
    assert tokens(diff("x", "same\nold(1)\n", "same\nnew(1, 1)\n")) == Counter(
        {"-old": 1, "-(": 1, "-1": 1, "-)": 1, "+new": 1, "+(": 1, "+1": 2, "+,": 1, "+)": 1}
    )


def test_the_medoid_is_in_the_middle_of_the_crowd() -> None:
    classes = [
        candidate("a", 0, line="x = compute(1)"),
        candidate("b", 1, line="x = compute(1, 2)"),
        candidate("c", 2, line="x = compute(1, 2, 3)"),
        candidate("odd", 3, line="raise SystemExit"),
    ]
    values = likeness(classes)
    assert max(values) == values[1]
    assert min(values) == values[3] == 0


def test_a_class_counts_once_per_sample() -> None:
    twins, other = candidate("a", 0, 1, line="x = 1"), candidate("b", 2, line="raise SystemExit")
    assert likeness([twins, other]) == [0.5, 0.0]
    assert likeness([candidate("a", 0)]) == [1.0]
    apart = [candidate("a", 0, line="x = 1"), candidate("a2", 1, line="x = 1"), other]
    assert likeness(apart) == [0.5, 0.5, 0.0]


FILES = Files({"src/app.py": "x = 1\n", "tests/test_app.py": "x = 1\n", "docs/a.rst": "x\n", "README.md": "x\n"})


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        (diff("src/app.py", "x = 1\n", "x = 2\n"), True),
        (diff("tests/test_app.py", "x = 1\n", "x = 2\n"), False),
        (diff("docs/a.rst", "x\n", "y\n"), False),
        (diff("README.md", "x\n", "y\n"), False),
        (diff("src/app.py", "x = 1\n", "x = 1  # ok\n"), False),
        (diff("src/app.py", "x = 1\n", "x = 2\n") + diff("README.md", "x\n", "y\n"), True),
        (diff("src/app.py", "does not fit\n", "x = 2\n"), True),
        ("no patch", False),
        ("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n cut", False),
    ],
)
def test_tests_documents_and_comments_are_no_source(patch: str, expected: bool) -> None:
    assert changes_source(FILES, patch) is expected
