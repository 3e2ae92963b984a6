"""Replies become samples; every way to fail is an outcome of the closed set."""

import time
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentless.ports import Reply, ReplyOutcome
from agentless.records import Location, Sample, SampleOutcome
from agentless.repair.context import Context
from agentless.repair.patch import apply_patch_text
from agentless.repair.read import breaks, differs, read_reply
from agentless.repair.windows import View
from agentless.repo.index import Index

SHAPES = "src/geometry/shapes.py"
WHOLE = Context((), "", (View(SHAPES, ""), View("src/geometry/scales.py", "")))
CIRCLE = Location(path=SHAPES, start_line=28, end_line=29, kind="function", name="circle_area")
ONE = Context((), "", (View(SHAPES, "", ((28, 29),)),), CIRCLE)


def block(path: str, search: str, replace: str) -> str:
    return f"```\n### {path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


def sample(text: str, index: Index, context: Context = WHOLE) -> Sample:
    return read_reply(Reply(attempt=7, outcome="ok", text=text, prompt_tokens=5), context, index.snapshot)


def test_a_good_reply_is_a_patch(index: Index) -> None:
    text = block(SHAPES, "    return math.pi * radius\n", "    return math.pi * radius**2\n")
    good = sample(text, index)
    assert (good.outcome, good.attempt, good.prompt_tokens) == ("patch", 7, 5)
    assert good.detail == "1 edit in src/geometry/shapes.py"
    old = index.text(SHAPES)
    assert apply_patch_text({SHAPES: old}, good.patch) == {SHAPES: old.replace("* radius", "* radius**2")}


def test_a_rewritten_element_is_a_patch(index: Index) -> None:
    good = sample("```python\ndef circle_area(radius):\n    return math.pi * radius**2\n```", index, ONE)
    assert good.outcome == "patch", good.detail
    assert "+    return math.pi * radius**2\n" in good.patch
    assert [edit.action for edit in good.edits] == ["rewrite"]


@pytest.mark.parametrize("outcome", [outcome for outcome in get_args(ReplyOutcome) if outcome != "ok"])
def test_a_reply_that_is_none_keeps_its_outcome(outcome: ReplyOutcome, index: Index) -> None:
    text = block(SHAPES, "import math\n", "import cmath\n")
    lost = read_reply(Reply(attempt=1, outcome=outcome, text=text, error="why\nnot"), WHOLE, index.snapshot)
    assert (lost.outcome, lost.patch, lost.edits) == (outcome, "", ())
    assert lost.detail == "why\\nnot"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("no_answer", ""),
        ("no_edit", "Nothing to do."),
        ("malformed_edit", f"### {SHAPES}\n<<<<<<< SEARCH\nx\n"),
        ("search_not_found", block(SHAPES, "def nothing():\n", "")),
        ("search_ambiguous", block("src/geometry/scales.py", "    return value * factor\n", "    return 1\n")),
        ("file_not_found", block("src/none.py", "x\n", "y\n")),
        ("outside_repository", block("../x.py", "", "y\n")),
        ("outside_repository", block("link/passwd", "", "y\n")),
        ("not_editable", block("link", "x\n", "y\n")),
        ("not_editable", block("data/blob.bin", "x\n", "y\n")),
        ("syntax_error", block(SHAPES, "import math\n", "import\n")),
        ("syntax_error", block("new.py", "", "def f(:\n")),
        ("syntax_error", block("new.py", "", "x = '\0'\n")),
        ("no_op", block(SHAPES, "import math\n", "import math\n")),
        ("no_op", block(SHAPES, "import math\n", "import math  \n")),
        ("truncated", "<think>\nhm"),
    ],
)
def test_every_lost_sample_has_its_reason(outcome: SampleOutcome, text: str, index: Index) -> None:
    lost = sample(text, index)
    assert (lost.outcome, lost.patch) == (outcome, "")
    assert lost.detail
    assert lost.detail.isprintable()


def test_an_unchanged_element_is_a_no_op(index: Index) -> None:
    lost = sample("```python\ndef circle_area(radius):\n    return math.pi * radius\n```", index, ONE)
    assert lost.outcome == "no_op"


def test_an_edit_may_not_make_a_huge_file(index: Index) -> None:
    assert sample(block("new.txt", "", "x\n" * 600_000), index).outcome == "not_editable"


def test_an_edit_by_a_lone_surrogate_is_written_as_a_question_mark(index: Index) -> None:
    assert "+x?y\n" in sample(block("new.txt", "", "x\ud800y\n"), index).patch


def test_a_suffix_and_blanks_are_logged(index: Index) -> None:
    salvaged = sample(block("shapes.py", "import math  \n", "import cmath\n"), index).salvaged
    assert len(salvaged) == 2


def test_a_file_that_was_broken_before_may_stay_so() -> None:
    assert breaks("a.py", "def f(:\n", "def g(:\n") == ""
    assert breaks("a.py", "x = 1\n", "def g(:\n") != ""
    assert breaks("a.txt", None, "def g(:\n") == ""
    assert breaks("a.py", "x = 1\n", None) == ""


def test_what_counts_as_a_change() -> None:
    assert not differs("a\nb", "a  \nb\n")
    assert differs("a\nb\n", "a\n\nb\n")
    assert differs("a", " a")
    assert differs(None, "")
    assert not differs(None, None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), path=st.text(max_size=20), search=st.text(max_size=20), new=st.text(max_size=20))
def test_no_reply_raises(index: Index, text: str, path: str, search: str, new: str) -> None:
    for reply in (text, block(path, search, new), block(SHAPES, "import math\n", new)):
        for context in (WHOLE, ONE):
            result = sample(reply, index, context)
            assert result.outcome in get_args(SampleOutcome)
            assert (result.outcome == "patch") == bool(result.patch)


@pytest.mark.parametrize(
    "unit", ["x", "\n", "```python\n", "def circle_area(radius):\n", "<<<<<<< SEARCH\n=======\n"]
)
def test_ten_megabytes_are_read_in_less_than_two_seconds(unit: str, index: Index) -> None:
    text = unit * (10_000_000 // len(unit))
    begun = time.process_time()
    for context in (WHOLE, ONE):
        assert sample(text, index, context).outcome != "patch"
    assert time.process_time() - begun < 2
