import io
import re

import pytest
from rich.console import Console

from agentless.cli import progress
from agentless.cli.progress import LiveReporter, PlainReporter, reporter


def test_lines_when_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with reporter() as shown:
        shown.update("a", "localize", 0, 1)
        shown.update("a", "repair", 2, 4, "patch")
        shown.update("a", "predict", 1, 1)
        shown.say("hello")
    lines = [re.sub(r"^\[ *[\d.]+ s\] ", "", line) for line in capsys.readouterr().err.splitlines()]
    assert lines == ["localize 0/1", "repair 2/4 patch", "hello"]


def test_of_many_instances_only_ends_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown = PlainReporter(many=True)
    shown.update("a", "repair", 1, 4)
    shown.update("a", "predict", 1, 1)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("] ")[1] for line in lines] == ["a: done"]


def test_a_download_is_a_line_per_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    shown = PlainReporter()
    total = 100 * 1024 * 1024
    for done in range(0, total + 1, 1024 * 1024):
        shown.download("model", done, total)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1].endswith("download model: 100 of 100 MiB")


def test_bars_show_stages_and_text_is_not_markup() -> None:
    shown = LiveReporter()
    written = io.StringIO()
    shown.bars.live.console = Console(file=written, force_terminal=True, width=100)
    with shown:
        shown.update("a", "repair", 3, 6, "patch")
        shown.download("model", 5 * 1024 * 1024, 10 * 1024 * 1024)
        shown.say("[red]not markup[/red]")
    text = written.getvalue()
    assert "repair" in text
    assert "3/6" in text
    assert "5/10" in text
    assert "[red]not markup[/red]" in text


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_costs_the_note_and_the_bar_and_never_figures(width: int) -> None:
    shown = LiveReporter()
    written = io.StringIO()
    shown.bars.live.console = Console(file=written, width=width)
    with shown:
        shown.download("qwen2.5-coder-1.5b", 1065 * 1024 * 1024, 1065 * 1024 * 1024)
        shown.update("a", "localize", 3, 3, "4 files, 12 elements and much more to say than fits")
    lines = [line for line in written.getvalue().splitlines() if line.strip()]
    assert len(lines) == 2, "a note is never wrapped"
    assert "1065/1065 0:00:00" in lines[0]
    assert "where to edit" in lines[1] and "0:00:00 4" in lines[1]


def test_many_instances_are_counted() -> None:
    shown = LiveReporter(instances=3)
    for name in ("a", "b"):
        shown.update(name, "repair", 1, 1)
        shown.update(name, "predict", 1, 1)
    assert shown.bars.tasks[0].completed == 2
    assert shown.bars.tasks[0].total == 3
    assert shown.pace.done == 2


def test_the_projection_stands_below_the_bars_and_is_replaced() -> None:
    shown = LiveReporter(instances=3)
    written = io.StringIO()
    shown.bars.live.console = Console(file=written, force_terminal=True, width=100)
    with shown:
        shown.project("[red]1,000 tokens/s[/red]")
        shown.bars.refresh()
        shown.project("900 tokens/s, ends about 14:32")
    text = written.getvalue()
    assert "[red]1,000 tokens/s[/red]" in text
    assert text.rindex("900 tokens/s") > text.rindex("instances")


def test_without_a_terminal_the_projection_is_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = PlainReporter(many=True)
    shown.project("too early")
    monkeypatch.setattr(progress, "PROJECTION_S", 0.0)
    shown.project("")
    shown.project("1,000 tokens/s")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("] ")[1] for line in lines] == ["1,000 tokens/s"]
