"""The code of a reply that rewrites one element: which fence, and which lines of it are the element."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agentless.records import Location
from agentless.repair.match import indent_of
from agentless.repair.outcome import Refusal
from agentless.repair.paths import clip
from agentless.repair.strings import inside_strings
from agentless.repo import Symbol, parse_symbols, syntax_error

FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^`]*)$")
CODE_START = re.compile(
    r"(?:@\w|async def |def |class |function |export |public |private |static |func |fn |pub )"
)
IN_CLASS = ("class NAME {", "}")
IN_OBJECT = ("({", "})")
WRAPPERS = {
    "javascript": (IN_CLASS, IN_OBJECT),
    "typescript": (IN_CLASS, IN_OBJECT),
    "tsx": (IN_CLASS, IN_OBJECT),
    "java": (IN_CLASS,),
    "cpp": (("class NAME {", "};"),),
}
"""Lines around a method for the languages whose grammars take none alone."""
MAX_CLOSINGS = 6
"""Fence lines that are tried as the end of a fence: code may hold fences in its docstrings."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Code of a reply, its symbols, and the one that is the element."""

    lines: list[str]
    """Without the indentation of the whole."""
    raw: list[str]
    """The same lines as they stand in the reply."""
    symbols: tuple[Symbol, ...]
    target: Symbol
    salvaged: tuple[str, ...] = ()

    def target_lines(self) -> list[str]:
        """The element's own lines as the reply has them, decorators included."""
        return self.raw[self.target.start_line - 1 : self.target.end_line]


def find_fragment(answer: str, element: Location, language: str) -> Fragment | Refusal:
    """The first piece of code that holds the element by name and parses.

    Without one, the reason: no code (`no_edit`), broken code (`syntax_error`), or other names (`malformed_edit`).
    """
    broken = ""
    others: list[str] = []
    pieces = 0
    for piece, note in code_pieces(answer):
        pieces += 1
        lines = dedented(piece, language)
        symbols, error = symbols_of(lines, element, language)
        if error:
            broken = broken or error
            continue
        target = named(symbols, element)
        if target is not None:
            return Fragment(lines, piece, symbols, target, (note,) if note else ())
        others += [symbol.name for symbol in symbols if symbol.kind not in {"constant", "import"}]
    if broken:
        return Refusal("syntax_error", f"the rewritten {element.name} does not parse: {broken}")
    if others:
        return Refusal(
            "malformed_edit", f"asked to rewrite {element.name}, the reply has {clip(', '.join(others))}"
        )
    if pieces:
        return Refusal("malformed_edit", f"the code in the reply defines no {element.name}")
    return Refusal("no_edit", "no code in the reply")


def symbols_of(lines: list[str], element: Location, language: str) -> tuple[tuple[Symbol, ...], str]:
    """What the code defines, read alone or as part of a class, and the syntax error of both."""
    text = "\n".join(lines) + "\n"
    error = syntax_error(element.path, text)
    if "nonlocal" in error:  # an inner function has its names outside of the reply
        error = ""
    symbols = () if error else parse_symbols(text, language)
    if named(symbols, element) is not None:
        return symbols, ""
    outer = element.name.rpartition(".")[0].rpartition(".")[2]
    for before, after in WRAPPERS.get(language, ()):
        wrapped = f"{before.replace('NAME', outer or 'Outer')}\n{text}{after}\n"
        inner = [s for s in parse_symbols(wrapped, language) if s.start_line > 1]
        moved = tuple(replace(s, start_line=s.start_line - 1, end_line=s.end_line - 1) for s in inner)
        if syntax_error(element.path, wrapped):
            continue
        if named(moved, element) is not None:
            return moved, ""
        symbols, error = symbols or moved, ""
    return symbols, error


def code_pieces(answer: str) -> Iterator[tuple[list[str], str]]:
    """Lines inside each fence, each possible end tried, with a note on what was not exact; else the bare code."""
    lines = answer.split("\n")
    at = 0
    fences = 0
    while at < len(lines) and fences < 50:
        opening = FENCE.match(lines[at]) if len(lines[at]) < 500 else None
        if opening is None:
            at += 1
            continue
        fences += 1
        closings = closing_lines(lines, at + 1, opening.group(1))
        for number, closing in enumerate(closings):
            yield unfenced(lines[at + 1 : closing], lines[at]), "" if number == 0 else "fence with fences inside"
        if not closings:
            yield unfenced(lines[at + 1 :], lines[at]), "fence that never closes"
        at = closings[0] + 1 if closings else len(lines)
    if not fences:
        start = next((n for n, line in enumerate(lines) if CODE_START.match(line.lstrip())), None)
        if start is not None:
            yield lines[start:], "code without a fence"


def closing_lines(lines: list[str], start: int, mark: str) -> list[int]:
    """Lines that may close a fence opened with the mark, nearest first."""
    found: list[int] = []
    for number in range(start, len(lines)):
        text = lines[number].strip()
        if len(text) >= len(mark) and not text.strip(mark[0]):
            found.append(number)
            if len(found) == MAX_CLOSINGS:
                break
    return found


def unfenced(lines: list[str], fence: str) -> list[str]:
    """The lines without the fence's own indentation, where all have it: a list item indents strings as well."""
    indent = indent_of(fence)
    if not indent or not all(line.startswith(indent) or not line.strip() for line in lines):
        return lines
    return [line.removeprefix(indent) for line in lines]


def dedented(lines: list[str], language: str) -> list[str]:
    """The lines without the indentation that the first line with text has; a reply may indent its whole code.

    Lines that begin inside a string stay as they are.
    """
    first = next((line for line in lines if line.strip()), "")
    indent = indent_of(first)
    if not indent:
        return lines
    fixed = inside_strings(lines, language)
    return [
        line if number in fixed else line.removeprefix(indent) if line.startswith(indent) else line.lstrip(" \t")
        for number, line in enumerate(lines)
    ]


def named(symbols: tuple[Symbol, ...], element: Location) -> Symbol | None:
    """The symbol that is the element: by qualified name, else by its last part where that is said once."""
    wanted_class = element.kind == "class"
    fitting = [s for s in symbols if (s.kind == "class") == wanted_class and s.kind not in {"constant", "import"}]
    exact = [symbol for symbol in fitting if symbol.name == element.name]
    if exact:
        return exact[0]
    last = element.name.rpartition(".")[2]
    loose = [symbol for symbol in fitting if symbol.name.rpartition(".")[2] == last]
    flat = [symbol for symbol in loose if symbol.name == last]
    return flat[0] if flat else loose[0] if len(loose) == 1 else None
