"""Where a SEARCH text stands in a file: exactly, else by one whitespace-normalised try that must be unique."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentless.repair.outcome import Refusal

Spans = Sequence[tuple[int, int]]
"""1-based line spans, both ends included."""


@dataclass(frozen=True, slots=True)
class Match:
    """Lines [start, end) of the file, and the lines that take their place."""

    start: int
    end: int
    replace: list[str]
    salvaged: str = ""


def find(lines: list[str], search: list[str], replace: list[str], shown: Spans | None) -> Match | Refusal:
    """The one place that the search lines name.

    `shown` are the spans that the model saw, None for the whole file: a text that stands several times in the
    file, but once in what was shown, names that one.
    """
    if not any(line.strip() for line in search):
        return Refusal("search_ambiguous", "SEARCH holds only blank lines")
    places = find_lines(lines, search)
    note = ""
    if len(places) > 1:
        places, note = only_shown(places, len(search), shown)
    if len(places) == 1:
        return Match(places[0], places[0] + len(search), replace, note)
    if places:
        return Refusal("search_ambiguous", f"SEARCH stands {count(places)} in the file")
    return find_normalised(lines, search, replace, shown)


def find_normalised(
    lines: list[str], search: list[str], replace: list[str], shown: Spans | None
) -> Match | Refusal:
    """The same with runs of blanks taken as one and outer blank lines ignored; indentation is put right."""
    head, tail = blank_ends(search)
    wanted = search[head : len(search) - tail]
    places = find_lines([squeeze(line) for line in lines], [squeeze(line) for line in wanted])
    note = ""
    if len(places) > 1:
        places, note = only_shown(places, len(wanted), shown)
    if not places:
        return Refusal("search_not_found", f"SEARCH is not in the file: {first_line(wanted)}")
    if len(places) > 1:
        return Refusal("search_ambiguous", f"SEARCH stands {count(places)} in the file, up to blanks")
    start = places[0]
    there = lines[start : start + len(wanted)]
    new_head, new_tail = blank_ends(replace)
    kept = replace[min(head, new_head) : len(replace) - min(tail, new_tail)]
    new = reindent(wanted, there, kept)
    if new is None:
        return Refusal("search_not_found", f"SEARCH has another indentation than the file: {first_line(wanted)}")
    return Match(start, start + len(wanted), new, "; ".join(filter(None, ["SEARCH matched up to blanks", note])))


def find_lines(lines: list[str], wanted: list[str], limit: int = 1000) -> list[int]:
    """Starts of every run of `lines` that equals `wanted`, overlaps included; linear by str.find."""
    if not wanted or len(wanted) > len(lines):
        return []
    haystack = "\n" + "\n".join(lines) + "\n"
    needle = "\n" + "\n".join(wanted) + "\n"
    places: list[int] = []
    at, line, counted = haystack.find(needle), 0, 0
    while at >= 0 and len(places) < limit:
        line += haystack.count("\n", counted, at)
        counted = at
        places.append(line)
        at = haystack.find(needle, at + 1)
    return places


def only_shown(places: list[int], length: int, shown: Spans | None) -> tuple[list[int], str]:
    """The only place inside the shown spans, or all places."""
    inside = [
        place
        for place in places
        if any(start <= place + 1 and place + length <= end for start, end in shown or ())
    ]
    if len(inside) == 1:
        return inside, f"SEARCH stands {count(places)} in the file, once in what was shown"
    return places, ""


def reindent(wanted: list[str], there: list[str], replace: list[str]) -> list[str] | None:
    """The replacement in the file's own indentation; lines that it shares with the search keep the file's bytes.

    None when the search's indentation means two different ones of the file.
    """
    mapping: dict[str, str] = {}
    for asked, real in zip(wanted, there, strict=True):
        if asked.strip() and mapping.setdefault(indent_of(asked), indent_of(real)) != indent_of(real):
            return None
    same_head = shared(wanted, replace)
    room = min(len(wanted), len(replace)) - same_head
    same_tail = shared(wanted[::-1][:room], replace[::-1][:room])
    middle = [shifted(line, mapping) for line in replace[same_head : len(replace) - same_tail]]
    return there[:same_head] + middle + there[len(there) - same_tail :]


def shifted(line: str, mapping: dict[str, str]) -> str:
    """One line with its indentation taken through the mapping: the longest known prefix, then the rest."""
    if not line.strip():
        return ""
    indent = indent_of(line)
    known: Callable[[str], bool] = indent.startswith
    best = max((key for key in mapping if known(key)), key=len, default=None)
    if best is None:  # outside of everything seen: take the same step as the outermost known indentation
        outer = min(mapping, key=len)
        missing = len(outer) - len(indent)
        target = mapping[outer]
        return target[: max(len(target) - missing, 0)] + line.lstrip(" \t")
    return mapping[best] + line[len(best) :]


def shared(left: list[str], right: list[str]) -> int:
    """How many lines are equal from the start."""
    total = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        total += 1
    return total


def blank_ends(lines: list[str]) -> tuple[int, int]:
    """Blank lines before the first and after the last line with text; all of them count as head."""
    full = [number for number, line in enumerate(lines) if line.strip()]
    return (full[0], len(lines) - 1 - full[-1]) if full else (len(lines), 0)


def squeeze(line: str) -> str:
    """The line with runs of blanks as one and none at its ends."""
    return " ".join(line.split())


def indent_of(line: str) -> str:
    """Leading blanks and tabs."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def first_line(lines: list[str]) -> str:
    """A short printable piece for a message."""
    text = lines[0].strip()[:80]
    return text if text.isprintable() else ascii(text)


def count(places: list[int]) -> str:
    """`3 times`, for messages."""
    return f"{len(places)} times"
