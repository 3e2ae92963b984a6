"""A unified diff in a reply -> Edits matched by text: models count lines badly, so hunk numbers are not used."""

from dataclasses import dataclass, field

from agentless.records import Edit
from agentless.repair.filetext import text_from
from agentless.repair.outcome import Refusal
from agentless.repair.patch import unquote

MAX_CHARS = 1_000_000
"""Longer answers are not searched for diffs."""
NO_EDIT = Refusal("no_edit", "no SEARCH/REPLACE block in the reply")


@dataclass(slots=True)
class Hunk:
    """Old and new lines of one hunk."""

    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FileDiff:
    """Hunks of one file; None stands for /dev/null."""

    source: str | None
    target: str | None
    hunks: list[Hunk] = field(default_factory=list)


def read_diff(answer: str) -> list[Edit] | Refusal:
    """The edits of every file diff in the text; `no_edit` when there is none."""
    if len(answer) > MAX_CHARS or "+++ " not in answer:
        return NO_EDIT
    files: list[FileDiff] = []
    hunk: Hunk | None = None
    lines = answer.split("\n")
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("--- ") and following.startswith("+++ "):
            files.append(FileDiff(name_in(line), name_in(following)))
            hunk = None
        elif line.startswith("@@") and files:
            hunk = Hunk()
            files[-1].hunks.append(hunk)
        elif line.startswith(("```", "~~~", "diff --git ")):
            hunk = None
        elif hunk is not None:
            take(hunk, line)
    edits = [edit for file in files for edit in edits_of(file)]
    return edits or NO_EDIT


def take(hunk: Hunk, line: str) -> None:
    """One line of a hunk; a line without a mark counts as context that lost its blank."""
    if line.startswith("\\"):
        return
    mark, rest = (line[0], line[1:]) if line[:1] in {"-", "+", " "} else (" ", line)
    if mark in "- ":
        hunk.old.append(rest)
    if mark in "+ ":
        hunk.new.append(rest)


def edits_of(file: FileDiff) -> list[Edit]:
    """Replacements of one file, or its creation or deletion."""
    if file.target is None:
        return [Edit(path=file.source, action="delete")] if file.source else []
    if file.source is None:
        added = [line for hunk in file.hunks for line in hunk.new]
        return [Edit(path=file.target, action="create", replace=text_from(added))]
    edits = []
    for hunk in file.hunks:
        while hunk.old and hunk.new and not hunk.old[-1].strip() and not hunk.new[-1].strip():
            hunk.old.pop()  # a blank line before the closing fence is not part of the file
            hunk.new.pop()
        if hunk.old != hunk.new:
            edits.append(
                Edit(path=file.target, action="replace", search=text_from(hunk.old), replace=text_from(hunk.new))
            )
    return edits


def name_in(line: str) -> str | None:
    """The path of a `---` or `+++` line, None for /dev/null."""
    name = unquote(line[4:].split("\t", 1)[0].strip())
    if name == "/dev/null":
        return None
    return name[2:] if name[:2] in {"a/", "b/"} else name
