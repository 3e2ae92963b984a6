"""What a person reads at the end, on stderr, so that stdout stays data."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agentless.cli.machine import Finding
    from agentless.pipeline import Outcome
    from agentless.records import Candidates, Validation
    from agentless.report.summary import StageCost


def console(*, stderr: bool = True) -> "Console":
    """A console that never reads markup out of data."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, soft_wrap=True)


def two_columns(rows: list[tuple[str, str]]) -> "Table":
    """A borderless table of names and values."""
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def print_solution(outcome: "Outcome", costs: "Mapping[str, StageCost]", seconds: float) -> None:
    """Files, samples, tests, the reason, tokens and seconds."""
    from rich.text import Text

    candidates = outcome.candidates
    rows = [
        (
            "files",
            "\n".join(f"{file.path}  {short(file.reasons)}".rstrip() for file in outcome.localization.files),
        ),
        ("samples", samples_line(candidates)),
        ("tests", tests_line(outcome.validation)),
        ("choice", outcome.selection.reason),
        ("cost", cost_lines(costs, seconds)),
    ]
    if not outcome.prediction.model_patch:
        lost = [f"{s.attempt}: {s.outcome}  {s.detail}".rstrip() for s in candidates.samples]
        rows.append(("no usable patch", "\n".join(lost) or "no sample was made"))
    out = console()
    out.print()
    table = two_columns([])
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    out.print(table)
    out.print()


def short(reasons: tuple[str, ...]) -> str:
    """The two strongest reasons."""
    return f"({', '.join(reasons[:2])})" if reasons else ""


def samples_line(candidates: "Candidates") -> str:
    """Samples by outcome, and how many different patches they are."""
    outcomes = Counter(sample.outcome for sample in candidates.samples)
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in outcomes.most_common())
    return f"{len(candidates.samples)} ({counted}), {len(candidates.candidates)} different"


def tests_line(validation: "Validation") -> str:
    """What was executed on how much."""
    parts = []
    if validation.baseline:
        files = ", ".join(validation.regression_files)
        parts.append(f"{len(validation.baseline)} regression tests pass on the original ({files})")
    if validation.flaky:
        parts.append(f"{len(validation.flaky)} flaky ones dropped")
    if validation.reproduction_tests:
        kept = sum(test.outcome == "kept" for test in validation.reproduction_tests)
        parts.append(f"{kept} of {len(validation.reproduction_tests)} reproduction tests kept")
    if validation.note:
        parts.append(validation.note)
    return "; ".join(parts) or "none"


def cost_lines(costs: "Mapping[str, StageCost]", seconds: float) -> str:
    """Calls, tokens and model seconds of each stage, and the time that passed."""
    lines = [
        f"{stage}: {cost.calls} calls, {cost.prompt_tokens:,} prompt and {cost.completion_tokens:,} output tokens,"
        f" {cost.seconds:.0f} s of the model"
        for stage, cost in costs.items()
    ]
    return "\n".join([*lines, f"{seconds:.0f} s in all"])


def print_findings(findings: "list[Finding]") -> None:
    """The doctor's table on stdout."""
    from rich.table import Table
    from rich.text import Text

    marks = {"ok": Text("ok", "green"), "missing": Text("missing", "red"), "optional": Text("-", "yellow")}
    table = Table(box=None, pad_edge=False, show_header=False)
    for style in ("bold", None, None):
        table.add_column(style=style, overflow="fold")
    for finding in findings:
        text = Text(finding.detail)
        if finding.state != "ok" and finding.fix:
            text.append(f"\n-> {finding.fix}", "dim")
        table.add_row(Text(finding.name), marks[finding.state], text)
    console(stderr=False).print(table)
