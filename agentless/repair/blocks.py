"""A reply's text -> SEARCH/REPLACE blocks, line by line and in linear time, whatever fences stand around them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentless.repair.outcome import Refusal

MARK = re.compile(r"^([ \t]*)(<{5,}|>{5,})[ \t]*(.*)$", re.MULTILINE)
DIVIDER = re.compile(r"^[ \t]*(={5,9})[ \t]*$", re.MULTILINE)
FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})[ \t]*(.*)")
LABELS = frozenset({"", "SEARCH", "HEAD", "ORIGINAL", "OLD", "BEFORE", "FIND"})
END_LABELS = frozenset({"REPLACE", "UPDATED", "NEW", "AFTER"})
LONGEST_MARK = 9
"""Longer runs are markers only with a label that says so."""
ADORNED = re.compile(
    r"^(?:[#>*\-+\d.)]+[ \t]+|//[ \t]*)*(?:(?:file|path|filename)[ \t]*[:=][ \t]*)?", re.IGNORECASE
)
LINE_SUFFIX = re.compile(r"(?::\d+(?:-\d+)?|:L\d+(?:-L?\d+)?)$")
MAX_LINE = 1200
"""Longer lines name no path."""
LOOK_BACK = 8000
"""Characters above a block in which its path is looked for."""
MAX_DIVIDERS = 8
"""Readings of one block that are tried."""


@dataclass(slots=True)
class Block:
    """One edit as it stands in the reply."""

    path: str = ""
    """As named above the block; "" when no line names one."""
    hints: tuple[str, ...] = ()
    """What the lines right above may name, nearest first; to be checked against the tree."""
    body: list[str] = field(default_factory=list)
    dividers: list[int] = field(default_factory=list)
    """Line numbers in the body that may part SEARCH from REPLACE."""
    indent: str = ""
    """Blanks before the first marker."""
    salvaged: list[str] = field(default_factory=list)


def read_blocks(text: str) -> list[Block] | Refusal:
    """Every block of the answer in order, [] without a start marker; a refusal when markers do not pair up.

    `text` has no "\\r\\n". Linear in its length: only marker lines are looked at, and a bounded part above each.
    """
    blocks: list[Block] = []
    opened: re.Match[str] | None = None
    path, end = "", 0
    for mark in marks_in(text):
        number, is_start = len(blocks) + 1, mark[2].startswith("<")
        if opened is None and is_start:
            opened = mark
        elif opened is not None and is_start and label_of(mark[3]) in LABELS:
            return Refusal("malformed_edit", f"block {number} begins again before it ends")
        elif opened is not None and not is_start:
            block = block_of(
                text[opened.end() + 1 : mark.start()],
                opened,
                text[max(end, opened.start() - LOOK_BACK) : opened.start()],
            )
            if not block.dividers:
                return Refusal("malformed_edit", f"block {number} has no ======= line")
            path = block.path = block.path or ("" if block.hints else path)
            blocks.append(block)
            opened, end = None, mark.end()
        elif opened is None:
            return Refusal("malformed_edit", f"a >>>>>>> line ends block {number}, which no line begins")
    if opened is not None:
        return Refusal("malformed_edit", f"block {len(blocks) + 1} has no >>>>>>> REPLACE line")
    return blocks


def marks_in(text: str) -> Iterator[re.Match[str]]:
    """Lines that begin or end a block, or would if one were open; none in a text without a start marker."""
    for mark in MARK.finditer(text) if "<<<<<" in text else ():
        known = LABELS - {""} if mark[2].startswith("<") else END_LABELS
        if len(mark[2]) <= LONGEST_MARK or label_of(mark[3]) in known:
            yield mark


def block_spans(text: str) -> list[tuple[int, int]]:
    """Where the blocks stand in the text, from each start marker to its end marker, in order.

    A block that another one begins in is none: a draft that was given up must not hide what follows it.
    """
    spans = []
    opened: re.Match[str] | None = None
    for mark in marks_in(text):
        is_start = mark[2].startswith("<")
        if is_start and (opened is None or label_of(mark[3]) in LABELS):
            opened = mark
        elif opened is not None and not is_start:
            spans.append((opened.start(), mark.end()))
            opened = None
    return spans


def block_of(body: str, start: re.Match[str], above: str) -> Block:
    """The block between two markers, with what the lines above it name."""
    path, hints = names_in(above)
    block = Block(path, hints, body.removesuffix("\n").split("\n") if body else [], dividers_in(body), start[1])
    label = label_of(start[3])
    if label not in {"SEARCH", ""}:
        block.salvaged.append(f"marker <<<<<<< {start[3][:40].strip()} read as SEARCH")
    named = start[3].split(maxsplit=1)[-1] if label not in LABELS or " " in start[3].strip() else ""
    block.path = path_in(named) or block.path
    return block


def dividers_in(body: str) -> list[int]:
    """Numbers of the lines that are exactly the middle marker; without one, of those that nearly are."""
    found = {True: [0] * 0, False: [0] * 0}
    line, counted = 0, 0
    for divider in DIVIDER.finditer(body):
        exact = len(divider[1]) == 7
        if len(found[exact]) < MAX_DIVIDERS:
            line += body.count("\n", counted, divider.start())
            counted = divider.start()
            found[exact].append(line)
        elif exact:
            break
    return found[True] or found[False]


def names_in(above: str) -> tuple[str, tuple[str, ...]]:
    """The last path that a whole line names, and the hints after it, nearest first."""
    path, hints = "", [""] * 0
    for line in above.split("\n"):
        stripped = line.strip()
        if not stripped or len(line) > MAX_LINE:
            continue
        fence = FENCE.match(line)
        if fence:
            words = re.split(r"[\s:=\"']+", fence.group(1))
            path = next((path_in(word) for word in words if path_in(word)), path)
            continue
        found = path_in(stripped)
        if found:
            path, hints = found, []
        else:
            hints = [*hints, *hints_in(stripped)][-6:]
    return path, tuple(reversed(hints))


def label_of(text: str) -> str:
    """The word after a start marker."""
    words = text.split(maxsplit=1)
    return words[0].strip(":<>`").upper() if words else ""


def path_in(line: str) -> str:
    """The path that a whole line names, adornment taken off; "" when it looks like anything else."""
    text = undecorated(line)
    if not text or len(text) > MAX_LINE or any(char.isspace() for char in text):
        return ""
    if any(char in "(){}<>=;,\"'|*`$" for char in text):
        return ""
    looks = "/" in text or "\\" in text or re.search(r"\w\.\w+$|^\.\w+$", text)
    return text if looks and not text.startswith(("http://", "https://")) else ""


def undecorated(line: str) -> str:
    """A line without heading marks, bullets, quotes, `File:` and a line number at the end."""
    text = line.strip()
    for prefix in ("--- a/", "+++ b/", "--- ", "+++ "):
        if text.startswith(prefix):
            text = text.removeprefix(prefix)
            break
    text = ADORNED.sub("", text, count=1).strip(" \t*`'\":")
    return LINE_SUFFIX.sub("", text)


def hints_in(line: str) -> list[str]:
    """Names of files that a line of prose may hold; a heading's whole text comes last, so it is the nearest."""
    words = [word.strip("`*'\"(),:;.") for word in line.split()[:50]]
    found = [word for word in words if "." in word or "/" in word]
    return [*found, undecorated(line)] if line.startswith("#") else found
