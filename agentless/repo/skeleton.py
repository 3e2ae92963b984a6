"""A file without the bodies of its functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from agentless.repo.outline import clipped
from agentless.repo.symbols import Symbol

LOOSE_LINES = 3
"""Lines kept of a run at the top level that is no symbol: licence, module docstring, main block."""
FIELD_LINES = 12
"""Lines kept of a run in a class body that is no method: fields, their comments."""
CONSTANT_LINES = 4
"""Lines kept of a top-level assignment."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown."""

    docs: bool
    loose: int
    fields: int
    constants: int


DETAILS = (
    Detail(docs=True, loose=LOOSE_LINES, fields=FIELD_LINES, constants=CONSTANT_LINES),
    Detail(docs=False, loose=1, fields=3, constants=1),
    Detail(docs=False, loose=0, fields=0, constants=0),
)
"""From rich to poor: the first one within the budget is taken."""


@dataclass(slots=True)
class Marks:
    """What each line is, by its index from 0: `keep`, `hide`, `loose`, `field:<symbol>` or `constant:<symbol>`."""

    lines: list[str]
    kinds: list[str] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    """Line -> what stands in place of the hidden lines that begin there."""

    def mark(self, first: int, last: int, kind: str) -> None:
        """Mark 1-based lines, both included."""
        for number in range(max(first, 1) - 1, min(last, len(self.kinds))):
            self.kinds[number] = kind

    def hide(self, first: int, last: int, note: str) -> None:
        """Hide 1-based lines behind a note, indented like the first of them that is not blank."""
        if first > last:
            return
        self.mark(first, last, "hide")
        inside = next((line for line in self.lines[first - 1 : last] if line.strip()), "")
        indent = inside[: len(inside) - len(inside.lstrip())]
        self.notes[first - 1] = "\n".join(indent + line for line in note.split("\n"))


def skeleton_text(text: str, symbols: Sequence[Symbol], *, max_chars: int = 0, numbers: bool = False) -> str:
    """Signatures, first lines of docstrings, class bodies and imports; function bodies are `...`.

    Args:
        text: source as `parse_symbols` saw it.
        symbols: its symbols, in order of position.
        max_chars: characters allowed, 0 = no limit; docstrings and loose lines go first, then what stands last.
        numbers: put the 1-based line number before each kept line.
    """
    lines = text.split("\n")
    shown = ""
    for detail in DETAILS:
        shown = "\n".join(render(marked(lines, symbols, detail), symbols, detail, numbers))
        if not max_chars or len(shown) <= max_chars:
            return shown
    return clipped(shown, max_chars)


def marked(lines: list[str], symbols: Sequence[Symbol], detail: Detail) -> Marks:
    """Decide on every line; symbols inside a hidden body are hidden with it."""
    marks = Marks(lines, ["loose"] * len(lines))
    for number, symbol in enumerate(symbols):
        if symbol.start_line > len(lines) or marks.kinds[symbol.start_line - 1] == "hide":
            continue
        body = symbol.body_line or symbol.start_line + 1
        if symbol.kind == "import":
            marks.mark(symbol.start_line, symbol.end_line, "keep")
        elif symbol.kind == "constant":
            marks.mark(symbol.start_line, symbol.end_line, f"constant:{number}")
        else:
            marks.mark(symbol.start_line, body - 1, "keep")
            hide_body(marks, symbol, number, body, detail)
    return marks


def hide_body(marks: Marks, symbol: Symbol, number: int, body: int, detail: Detail) -> None:
    """A function's body becomes its docstring's first line and `...`; a class only shortens its docstring."""
    first, last = symbol.doc_lines
    head = symbol.doc if detail.docs else ""
    doc = f'"""{head}"""' if head else ""
    if symbol.kind == "class":
        marks.mark(body, symbol.end_line, f"field:{number}")
        marks.hide(first, last, doc) if first else None
        return
    end = symbol.end_line
    if body <= end and marks.lines[min(end, len(marks.lines)) - 1].strip().startswith("}"):
        end -= 1
    marks.hide(body, end, f"{doc}\n..." if doc else "...")


def render(marks: Marks, symbols: Sequence[Symbol], detail: Detail, numbers: bool) -> Iterator[str]:
    """The kept lines; blank ones are left out but for one before each definition at the top level."""
    allowed = {"loose": detail.loose, "field": detail.fields, "constant": detail.constants}
    starts = {symbol.start_line - 1 for symbol in symbols if symbol.kind not in ("import", "constant")}
    begun = False
    for kind, group in groupby(range(len(marks.lines)), key=lambda number: marks.kinds[number]):
        left = allowed.get(kind.partition(":")[0], len(marks.lines))
        for number in group:
            note = marks.notes.get(number, "")
            yield from (labelled(None, part, numbers) for part in note.split("\n") if note)
            line = marks.lines[number]
            if kind == "hide" or not line.strip():
                continue
            left -= 1
            if left >= 0:
                if begun and number in starts and line[:1].strip():
                    yield ""
                yield labelled(number, line, numbers)
                begun = True
            elif left == -1 and any(allowed.values()):
                yield labelled(None, line[: len(line) - len(line.lstrip())] + "...", numbers)


def labelled(number: int | None, line: str, numbers: bool) -> str:
    """The line behind its 1-based number where numbers are wanted; what is no line of the file has none."""
    label = "" if number is None else str(number + 1)
    return f"{label:>6} {line}" if numbers else line
