"""Equal patches become one candidate: the same text, or the same code after parsing.

Each changed file is brought to a normal form after the patch. Python files: their syntax tree without comments,
formatting, docstrings and `pass`. Other files, and Python that does not parse: text with blanks made equal. A file
whose code is unchanged adds nothing, except when its docstrings changed and nothing else: some are grammars.
Modes and copies count; a patch of binary content equals only its own text.
"""

from collections.abc import Sequence
from typing import Protocol

from agentless.records import Candidate, Sample
from agentless.select.changes import FileChange, apply_pieces, read_patch
from agentless.select.trees import changed_code, code_form, whole_form
from agentless.texts import text_digest


class Texts(Protocol):
    """What is read of a `repo.Index`."""

    def text(self, path: str) -> str:
        """The file's text, "" when there is none to show."""


def group(index: Texts | None, samples: Sequence[Sample]) -> tuple[Candidate, ...]:
    """The classes of equal patches, in the order of their first attempts; samples without a patch are left out.

    Args:
        index: the original tree; without it patches are equal when they change the same lines of the same files.
    """
    classes: dict[str, list[Sample]] = {}
    keys: dict[str, str] = {}
    for sample in sorted(samples, key=lambda sample: sample.attempt):
        if sample.outcome == "patch" and sample.patch.strip():
            if sample.patch not in keys:
                keys[sample.patch] = patch_key(index, sample.patch) if index else lines_key(sample.patch)
            classes.setdefault(keys[sample.patch], []).append(sample)
    return tuple(
        Candidate(
            key=key,
            patch=members[0].patch,
            attempts=tuple(sample.attempt for sample in members),
            files=tuple(dict.fromkeys(change.path for change in read_patch(members[0].patch) or ())),
        )
        for key, members in classes.items()
    )


def patch_key(index: Texts, patch: str) -> str:
    """16 hex digits, the same for equal patches; one that does not fit the index equals only its own text."""
    changes = read_patch(patch)
    forms = None if changes is None or any(each.binary for each in changes) else changed_forms(index, changes)
    if changes is None or forms is None:
        return text_digest(f"text\0{patch}")
    parts = [f"{path}\0{form}" for path, form in sorted(forms.items())]
    said = sorted(f"{change.path}\0{line}" for change in changes for line in change.said)
    return text_digest("\0".join([*parts, *said]))


def lines_key(patch: str) -> str:
    """16 hex digits, the same for patches that change the same lines in the same places.

    Blanks at the ends of lines and the context that is shown do not count.
    """
    changes = read_patch(patch)
    if changes is None or any(change.binary for change in changes):
        return text_digest(f"text\0{patch}")
    files = [
        (change.path, change.before, change.deleted, change.said, change.numbers,
         *(line.rstrip() for line in change.lines))
        for change in changes
    ]  # fmt: skip
    return text_digest(repr(sorted(files, key=repr)))


def changed_forms(index: Texts, changes: Sequence[FileChange]) -> dict[str, str] | None:
    """Path -> normal form of every file whose code changes; None when a hunk does not fit the file.

    A file that comes twice has its later hunks applied to what the earlier ones made of it.
    """
    forms: dict[str, str] = {}
    made: dict[str, str] = {}
    for change in changes:
        old = index.text(change.before) if change.before else ""
        new = apply_pieces(made.get(change.before, old), change.pieces)
        if new is None:
            return None
        if not change.deleted:
            made[change.path] = new
        forms.pop(change.path, None)
        if change.deleted:
            forms[change.path] = "deleted"
        elif change.binary:
            forms[change.path] = "binary"
        elif change.before != change.path:
            forms[change.path] = f"from {change.before}\0{normal_form(change.path, new)}"
        elif form := changed_form(change.path, old, new):
            forms[change.path] = form
    return forms


def changed_form(path: str, old: str, new: str) -> str:
    """The new text's normal form, "" when it is that of the old text."""
    code = changed_code(old, new) if is_python(path) else ""
    form = code or text_digest(blank_text(new))
    if form != normal_form(path, old):
        return form
    if not code:
        return ""
    form = whole_form(new)
    return form if form != whole_form(old) else ""


def normal_form(path: str, text: str) -> str:
    """Digest of the code of a text."""
    return (code_form(text) if is_python(path) else "") or text_digest(blank_text(text))


def is_python(path: str) -> bool:
    """Whether Python's own parser may read it."""
    return path.endswith((".py", ".pyi", ".pyw"))


def blank_text(text: str) -> str:
    """The text without blank lines, line-end differences and runs of blanks; indentation is kept."""
    lines = []
    for line in text.splitlines():
        content = line.lstrip()
        if content:
            lines.append(line[: len(line) - len(content)] + " ".join(content.split()))
    return "\n".join(lines)
