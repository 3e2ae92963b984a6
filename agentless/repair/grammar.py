"""A GBNF grammar of SEARCH/REPLACE replies whose SEARCH can only be lines that were shown, unique in their file.

Form of GBNF as llama.cpp documents it (grammars/README.md there). Small models copy badly: forced this way a 1.5B
model fixed 10 of 18 one-line bugs, 4 of 18 without (docs/design). New lines may not begin like a marker or a
fence: a small model that loses its place would write those into the file.
"""

import re
from collections.abc import Mapping, Sequence

from agentless.records import Location
from agentless.repair.windows import View
from agentless.repo import language_of

CODE_RULES = (
    'rest ::= [^\\r\\n]* "\\n"',
    'line ::= [ \\t]* (first [^\\r\\n]*)? "\\n"',
    'first ::= [^` \\t\\r\\n] | "`" [^`\\r\\n] | "``" [^`\\r\\n]',
)
"""Lines of code: quotes of code inside docstrings may begin a line, a fence may not."""

MAX_LINES = 400
"""Shown lines above which the reply is left free: each token would be checked against every line."""
MAX_START_LINES = 20
"""Lines that may be needed to tell a SEARCH from the same lines elsewhere; where more are, none begins."""
MAX_BLOCKS = 3
MAX_REPLACE_LINES = 80
MAX_HEAD_LINES = 10
"""Lines of annotations and the like that may stand above an element's name."""


def edit_grammar(views: Sequence[View], lines: Mapping[str, list[str]]) -> str:
    """The grammar for these views, "" when they show too much or nothing to search for.

    Args:
        views: what the prompt shows.
        lines: every line of each file, since SEARCH must be unique in the whole of it.
    """
    rules: list[str] = []
    blocks: list[str] = []
    shown = [view.spans or ((1, len(lines[view.path])),) for view in views]
    if sum(end - start + 1 for spans in shown for start, end in spans) > MAX_LINES:
        return ""
    for number, (view, spans) in enumerate(zip(views, shown, strict=True)):
        file = lines[view.path]
        text = "\n" + joined(file)
        starts = [item for start, end in spans for item in start_items(f"f{number}", file, text, start - 1, end)]
        if not starts:
            continue
        for start, end in spans:
            rules += tail_rules(f"f{number}", file, start - 1, end)
        head = literal(f"### {view.path}\n<<<<<<< SEARCH\n")
        rules.append(f'f{number} ::= {head} ({" | ".join(starts)}) "=======\\n" line{{0,{MAX_REPLACE_LINES}}} end')
        blocks.append(f"f{number}")
    if not blocks:
        return ""
    root = f'root ::= "```\\n" ({" | ".join(blocks)}){{1,{MAX_BLOCKS}}} "```"'
    tail = ['line ::= ([^<=>`\\r\\n] [^\\r\\n]*)? "\\n"', 'end ::= ">>>>>>> REPLACE\\n"']
    return "\n".join([root, *rules, *tail]) + "\n"


def rewrite_grammar(text: str, element: Location) -> str:
    """The grammar of one fenced block that begins like the element, "" when its definition is not found.

    Without it a small model drifts to another name, explains, or never closes the block. What follows the name
    stays free, so that parameters can change; a line of code never begins with a fence. The fence names the
    file's language: a model that is made to open another one writes in that.

    Args:
        text: the element's file.
        element: a function, method or class; its name is the qualified one.
    """
    lines = text.replace("\r\n", "\n").split("\n")[element.start_line - 1 : element.end_line]
    name = element.name.rpartition(".")[2]
    language = language_of(element.path)
    head = python_head(lines, name) if language == "python" else head_of(lines, name)
    if not head:
        return ""
    body = "line line*" if language == "python" else "line*"  # braces may close on the first line
    fence = literal(f"```{language}\n")
    root = f'root ::= {fence} {literal(head)} rest {body} "```"'
    return "\n".join([root, *CODE_RULES]) + "\n"


def python_head(lines: list[str], name: str) -> str:
    """The definition up to its name; decorators are not asked for, the original's are kept."""
    definition = re.compile(rf"[ \t]*(?:async[ \t]+def|def|class)[ \t]+{re.escape(name)}\b")
    return next((found.group() for found in map(definition.match, lines) if found), "")


def head_of(lines: list[str], name: str) -> str:
    """Everything up to the name, where it stands first: modifiers, annotations, a receiver or a result's type."""
    said = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    for number, line in enumerate(lines[:MAX_HEAD_LINES]):
        if name and (found := said.search(line)):
            return joined(lines[:number]) + line[: found.end()]
    return ""


def start_items(name: str, file: list[str], text: str, start: int, end: int) -> list[str]:
    """One alternative per line that a SEARCH can begin at: as many lines as make it unique, then the rest.

    `text` is the whole file, a line end before it.
    """
    items = []
    for first in range(start, end):
        if not file[first].strip():
            continue
        last = first + 1
        stop = min(end, first + MAX_START_LINES)
        while last <= stop and repeated(text, "\n" + joined(file[first:last])):
            last += 1
        if last <= stop:
            items.append(f"{literal(joined(file[first:last]))} {name}t{last}")
    return items


def repeated(text: str, part: str) -> bool:
    """Whether the part stands in the text again, overlaps included."""
    return text.find(part, text.find(part) + 1) >= 0


def tail_rules(name: str, file: list[str], start: int, end: int) -> list[str]:
    """After line number n of the span (1-based): stop, or take the next line."""
    rules = [f"{name}t{n} ::= ({literal(joined(file[n : n + 1]))} {name}t{n + 1})?" for n in range(start + 1, end)]
    return [*rules, f'{name}t{end} ::= ""']


def joined(lines: list[str]) -> str:
    """Lines, each with its end."""
    return "".join(line + "\n" for line in lines)


def literal(text: str) -> str:
    """A GBNF string."""
    parts = []
    for char in text:
        if char in '"\\':
            parts.append("\\" + char)
        elif char == "\n":
            parts.append("\\n")
        elif char == "\t":
            parts.append("\\t")
        elif ord(char) < 32 or ord(char) == 127:
            parts.append(f"\\x{ord(char):02X}")
        else:
            parts.append(char)
    return '"' + "".join(parts) + '"'
