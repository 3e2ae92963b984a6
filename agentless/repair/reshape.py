"""A rewritten element made to fit where the old one stood: indentation, decorators, docstring, blanks."""

import re
from difflib import SequenceMatcher

from agentless.repair.match import indent_of
from agentless.repair.strings import inside_strings

DEFINITION = re.compile(r"[ \t]*(?:async[ \t]+def|def|class)\b")
DOCSTRING = re.compile(r"[ \t]*[rRuU]?(\"\"\"|'''|\"|')")
ELISION = re.compile(
    r"[ \t]*(?:#|//|/\*)[ \t]*(?:\.\.\.|…|.*\b(?:rest of (?:the|your)|existing (?:code|implementation)"
    r"|remains? (?:the same|unchanged)|same as before|code unchanged|previous code)\b)",
    re.IGNORECASE,
)


def left_out(new: list[str], old: list[str]) -> str:
    """A comment of the reply that stands for code it left out, "" when there is none."""
    known = {line.strip() for line in old}
    return next((line.strip() for line in new if line.strip() not in known and ELISION.match(line[:200])), "")


def reshape(new: list[str], old: list[str], language: str = "python") -> tuple[list[str], list[str]]:
    """The new element's lines in the old one's place, and notes on what was put right.

    Decorators and a docstring of Python that the reply omits are kept: models shorten what they do not mean to
    change. Elements of other languages begin on their first line, and only their indentation is fitted.
    """
    notes: list[str] = []
    if language != "python":
        return tidy(fit_indent(new, old, language), old), notes
    lines = fit_indent(new, old, language)
    kept = old[: definition_at(old)]
    if kept and definition_at(lines) == 0:
        lines = kept + lines
        notes.append("decorators kept")
    docstring = docstring_of(old)
    end = header_end(lines)
    if docstring and end and not docstring_of(lines):
        lines = lines[:end] + old[docstring[0] : docstring[1]] + lines[end:]
        notes.append("docstring kept")
    return tidy(lines, old), notes


def definition_at(lines: list[str]) -> int:
    """Index of the `def` or `class` line, after decorators; 0 when there is none."""
    return next((number for number, line in enumerate(lines) if DEFINITION.match(line)), 0)


def fit_indent(new: list[str], old: list[str], language: str = "python") -> list[str]:
    """The new lines with the definition where the old one is, the body along with it.

    Code that already stands there is taken as it is. Lines that begin inside a string are not moved, see `fixed`.
    """
    python = language == "python"
    old_at, new_at = (definition_at(old), definition_at(new)) if python else (0, 0)
    want, have = indent_of(old[old_at]), indent_of(new[new_at])
    old_body, new_body = body_indent(old, old_at, python), body_indent(new, new_at, python)
    if "\t" in old_body and new_body and "\t" not in new_body:
        unit = len(new_body) - len(have) or 4
        lines = [tabbed(line, len(have), unit) for line in new]
        moved = [want + line if line else "" for line in lines]
    elif want == have:
        return new
    elif not python and first_alone(new, want, have, language):
        moved = [want + new[0].removeprefix(have), *new[1:]]
    elif new_body and new_body == old_body:  # only the head lost its indentation, the body was copied with it
        lines = [line if line.startswith(old_body) else want + line.removeprefix(have) for line in new]
        moved = [line if line.strip() else "" for line in lines]
    else:
        moved = [want + line.removeprefix(have) if line.strip() else "" for line in new]
    keep = fixed(new, moved, old, new_body, language)
    return [line if number in keep else moved[number] for number, line in enumerate(new)]


def first_alone(new: list[str], want: str, have: str, language: str) -> bool:
    """Whether only the first line lost its indentation: all others, a closing brace too, are deep enough."""
    strings = inside_strings(new, language)
    rest = [line for number, line in enumerate(new) if number and line.strip() and number not in strings]
    return want.startswith(have) and all(line.startswith(want) for line in rest)


def fixed(new: list[str], moved: list[str], old: list[str], body: str, language: str) -> set[int]:
    """Indexes of the lines whose blanks belong to a string.

    Not the lines of a docstring that is indented along with the body, whose indentation means nothing, nor those
    that the old element has just as they would be moved: the reply took their indentation away with the code's.
    """
    keep = set(inside_strings(new, language))
    docstring = docstring_of(new) if language == "python" else None
    if docstring:
        doc = keep & set(range(*docstring))
        if all(new[number].startswith(body) or not new[number].strip() for number in doc):
            keep -= doc
    known = set(old)
    return {number for number in keep if new[number] in known or moved[number] not in known}


def tabbed(line: str, base: int, unit: int) -> str:
    """A line indented with blanks, in tabs and without the base indentation."""
    if not line.strip():
        return ""
    width = max(len(indent_of(line)) - base, 0)
    return "\t" * (width // unit) + " " * (width % unit) + line.lstrip(" \t")


def body_indent(lines: list[str], at: int, python: bool) -> str:
    """Indentation of the first line below the head that is deeper than it."""
    base = len(indent_of(lines[at]))
    start = (header_end(lines) if python else 0) or at + 1
    return next((indent_of(line) for line in lines[start:] if line.strip() and len(indent_of(line)) > base), "")


def header_end(lines: list[str]) -> int:
    """Index of the first line after the signature; 0 when the body stands on its line or no end is found."""
    depth = 0
    start = definition_at(lines)
    for number in range(start, min(start + 60, len(lines))):
        code = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", lines[number][:500])
        depth += sum(code.count(char) for char in "([{") - sum(code.count(char) for char in ")]}")
        if depth <= 0 and ":" in code:
            return number + 1 if code.rstrip().endswith(":") else 0
    return 0


def docstring_of(lines: list[str]) -> tuple[int, int] | None:
    """Index range of the docstring's lines, end excluded."""
    start = header_end(lines)
    while start and start < len(lines) and not lines[start].strip():
        start += 1
    opening = DOCSTRING.match(lines[start]) if start and start < len(lines) else None
    if opening is None:
        return None
    quote, rest = opening.group(1), lines[start][opening.end() :]
    if quote in rest:
        after = rest.partition(quote)[2].strip()
        return (start, start + 1) if not after or after.startswith("#") else None
    if len(quote) == 1:
        return None
    end = next((n for n in range(start + 1, len(lines)) if quote in lines[n]), None)
    return None if end is None else (start, end + 1)


def tidy(new: list[str], old: list[str]) -> list[str]:
    """New lines without blanks at their ends; lines equal to old ones up to such blanks keep the old bytes."""
    stripped = [line.rstrip() for line in new]
    result = list(stripped)
    matcher = SequenceMatcher(
        None, [line.rstrip() for line in old], stripped, autojunk=len(old) * len(new) > 10**6
    )
    for i, j, size in matcher.get_matching_blocks():
        result[j : j + size] = old[i : i + size]
    return result
