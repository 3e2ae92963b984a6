import pytest

from agentless.cli.summary import listed, print_summary
from agentless.report import Summary
from agentless.report.summary import InstanceLine, StageCost


def summary(**changes: object) -> Summary:
    fields: dict[str, object] = {
        "folder": "runs/a",
        "model": "tiny",
        "preset": "embedded",
        "instances": {"predicted": 1, "infra": 1},
        "samples": {"patch": 3, "no_op": 1},
        "rollouts": {},
        "reproduction_tests": {},
        "regression_tests": {"baseline": 36, "flaky": 0},
        "verdicts": {"pass": 30, "fail": 6},
        "unexecuted": {},
        "stages": {"repair": StageCost(calls=4, prompt_tokens=4000, completion_tokens=900, seconds=61.0)},
        "lines": (
            InstanceLine(instance_id="a__b-1", state="predicted", note="3 of 3 [agree]", samples=4, candidates=2),
            InstanceLine(instance_id="a__b-2", state="infra", note="x" * 300),
        ),
    }
    return Summary(**{**fields, **changes})  # type: ignore[arg-type]  # fields of the right types, as one mapping


def test_every_count_is_shown_with_its_sum(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary())
    shown = capsys.readouterr().out
    assert "samples: 4 (3 patch, 1 no op)" in shown
    assert "instances: 2 (1 predicted, 1 infra)" in shown
    assert "regression tests: 36 (36 baseline)" in shown
    assert "calls of repair: 4 with 4,000 prompt and 900 output tokens in 61 s" in shown


def test_empty_counts_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary(regression_tests={"baseline": 0, "flaky": 0}))
    shown = capsys.readouterr().out
    assert "rollouts" not in shown
    assert "regression" not in shown


def test_notes_are_shortened_and_never_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary())
    shown = capsys.readouterr().out
    assert "3 of 3 [agree]" in shown
    assert "x" * 300 not in shown.replace("\n", "").replace(" ", "")
    assert "…" in shown


def test_listed() -> None:
    assert listed({"server_error": 2, "patch": 0}) == "2 (2 server error)"
