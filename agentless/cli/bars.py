"""Progress bars with a line of text below them. Imports rich: load it only where bars are shown."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text


class NoteColumn(TextColumn):
    """A task's note on one line; it and the bar give way where the terminal is narrow, the figures never."""

    def __init__(self) -> None:
        super().__init__(
            "{task.fields[note]}", style="dim", markup=False, table_column=Column(overflow="ellipsis")
        )

    def render(self, task: Task) -> Text:
        """The note, cut with an ellipsis instead of wrapped."""
        text = super().render(task)
        text.no_wrap = True
        return text


class Bars(Progress):
    """Bars on stderr, each with a note; `line` stands below all of them."""

    line: str = ""

    def __init__(self) -> None:
        super().__init__(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            NoteColumn(),
            console=Console(stderr=True),
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, then the line."""
        yield from super().get_renderables()
        if self.line:
            yield Text(self.line, style="cyan")
