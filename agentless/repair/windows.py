"""Which lines of which files a prompt shows: whole files while they fit, else located elements and signatures."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentless.records import Location
from agentless.repo import Symbol

GAP_CHARS = 32
"""What a line that stands for hidden ones costs."""
HEAD_CHARS = 64
"""What the lines around one file cost, its path aside."""
CLASS_HEAD_LINES = 30
"""Lines of a long class that are shown for the class itself; its methods are elements of their own."""
LONG_CLASS_LINES = 120


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be shown."""

    path: str
    lines: list[str]
    symbols: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A file as a prompt shows it."""

    path: str
    code: str
    spans: tuple[tuple[int, int], ...] | None = None
    """Lines shown, 1-based with both ends included; None = the whole file."""


@dataclass(slots=True)
class Sheet:
    """The lines of one file chosen so far."""

    source: Source
    shown: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shown = [False] * len(self.source.lines)

    def cost(self, extra: Sequence[int] = ()) -> int:
        """Characters of the view, with extra line indexes shown as well; 0 when nothing is."""
        more = set(extra)
        total, gap = 0, True
        for number, line in enumerate(self.source.lines):
            visible = self.shown[number] or number in more
            if visible:
                total += len(line) + 1 + (GAP_CHARS if gap else 0)
            gap = not visible
        return total + HEAD_CHARS + len(self.source.path) if total else 0

    def add(self, lines: Sequence[int], room: int) -> int:
        """Show the lines when their cost fits into the room; what was spent."""
        cost = self.cost(lines) - self.cost()
        if cost > room:
            return 0
        for number in lines:
            self.shown[number] = True
        return cost

    def view(self) -> View:
        """What the prompt holds."""
        if all(self.shown):
            return View(self.source.path, "\n".join(self.source.lines))
        spans = spans_of(self.shown)
        return View(self.source.path, with_gaps(self.source.lines, spans), spans)


def plan_views(
    sources: Sequence[Source], elements: Sequence[Location], window: int, room: int, *, focused: bool = False
) -> list[View]:
    """Views of the files within `room` characters, in the files' order; files that show nothing are left out.

    All files whole when they fit. Else the elements, best first, `window` lines around each; then whole files in
    rank order; then signatures of the others; and where nothing at all would show, the head of the best file.
    `focused` shows the elements alone.
    """
    sheets = {source.path: Sheet(source) for source in sources}
    left = room
    everything = sum(sheet.cost(range(len(sheet.shown))) for sheet in sheets.values())
    if everything > room or focused:
        for element in elements:
            if element.path in sheets:
                left -= add_element(sheets[element.path], element, window, left, first=left == room)
    if not focused:
        for sheet in sheets.values():
            left -= sheet.add(range(len(sheet.shown)), left)
        for sheet in sheets.values():
            if not all(sheet.shown):
                left -= sheet.add(signature_lines(sheet.source), left)
    if left == room and sheets:
        best = next(iter(sheets.values()))
        best.add(fitting_head(best.source.lines, range(len(best.shown)), room - len(best.source.path)), room)
    return [sheet.view() for sheet in sheets.values() if any(sheet.shown)]


def add_element(sheet: Sheet, element: Location, window: int, room: int, *, first: bool) -> int:
    """Show an element with its surroundings; the very first one is cut at its end rather than dropped."""
    lines = element_lines(element, len(sheet.source.lines), window)
    spent = sheet.add(lines, room)
    if spent or not first:
        return spent
    bare = element_lines(element, len(sheet.source.lines), 0)
    return sheet.add(fitting_head(sheet.source.lines, bare, room - len(sheet.source.path)), room)


def element_lines(element: Location, total: int, window: int) -> range:
    """Indexes of the element's lines and `window` more on both sides."""
    end = element.end_line
    if element.kind == "class" and end - element.start_line > LONG_CLASS_LINES:
        end = element.start_line + CLASS_HEAD_LINES
    return range(max(element.start_line - 1 - window, 0), max(min(end + window, total), 0))


def signature_lines(source: Source) -> list[int]:
    """Indexes of the lines that open each definition, decorators included, up to ten lines each."""
    wanted: set[int] = set()
    for symbol in source.symbols:
        last = min(symbol.end_line, symbol.start_line + 9, len(source.lines))
        for number in range(symbol.start_line - 1, last):
            wanted.add(number)
            if source.lines[number].rstrip().endswith((":", "{")):
                break
    return sorted(wanted)


def fitting_head(lines: list[str], wanted: range, room: int) -> range:
    """The first of the wanted lines that fit."""
    left = room - HEAD_CHARS - GAP_CHARS
    end = wanted.start
    while end < wanted.stop and len(lines[end]) + 1 <= left:
        left -= len(lines[end]) + 1
        end += 1
    return range(wanted.start, end)


def spans_of(shown: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    """Runs of shown lines, 1-based, both ends included."""
    spans: list[tuple[int, int]] = []
    for number, visible in enumerate(shown, 1):
        if visible and spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        elif visible:
            spans.append((number, number))
    return tuple(spans)


def with_gaps(lines: list[str], spans: Sequence[tuple[int, int]]) -> str:
    """The spans' lines, with a line for each run that is hidden."""
    parts: list[str] = []
    at = 1
    for start, end in spans:
        if start > at:
            parts.append(f"[lines {at}-{start - 1} not shown]")
        parts.extend(lines[start - 1 : end])
        at = end + 1
    if at <= len(lines):
        parts.append(f"[lines {at}-{len(lines)} not shown]")
    return "\n".join(parts)
