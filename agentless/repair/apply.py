"""Edits -> new file texts, in order: a later edit sees what the earlier ones made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentless.records import Edit
from agentless.repair.filetext import FileText, lines_in
from agentless.repair.match import Spans, find
from agentless.repair.outcome import Refusal
from agentless.repair.paths import Tree, clash, clip, resolve


@dataclass(frozen=True, slots=True)
class Applied:
    """Old and new texts of the files that edits name; None means no such file."""

    old: Mapping[str, str | None]
    new: Mapping[str, str | None]
    salvaged: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """Texts while edits are applied."""

    tree: Tree
    shown: Mapping[str, Spans]
    old: dict[str, str | None] = field(default_factory=dict)
    new: dict[str, FileText | None] = field(default_factory=dict)
    spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    salvaged: list[str] = field(default_factory=list)

    def load(self, path: str) -> FileText | None:
        """The file as it stands now, None when there is none."""
        if path not in self.new:
            text = self.tree.text(path) if path in self.tree.entries else None
            self.old[path] = text
            self.new[path] = None if text is None else FileText.of(text)
            if path in self.shown:
                self.spans[path] = list(self.shown[path])
        return self.new[path]

    def moved(self, path: str, start: int, end: int, length: int) -> None:
        """Keep the shown spans true after lines [start, end) became `length` lines."""
        delta = length - (end - start)
        if path in self.spans:
            self.spans[path] = [
                (first + delta if first > end else first, last + delta if last > start else last)
                for first, last in self.spans[path]
            ]


def apply_edits(edits: Sequence[Edit], tree: Tree, shown: Mapping[str, Spans] | None = None) -> Applied | Refusal:
    """All edits or none; the first one that cannot be applied is the refusal.

    `shown` maps files of which the model saw parts to those parts; files that it does not name count as whole.
    """
    draft = Draft(tree, shown or {})
    for number, edit in enumerate(edits, 1):
        refused = apply_one(edit, draft)
        if refused is not None:
            return Refusal(refused.outcome, f"edit {number} of {len(edits)}: {refused.detail}")
    new = {path: None if text is None else text.text() for path, text in draft.new.items()}
    return Applied(draft.old, new, tuple(draft.salvaged))


def apply_one(edit: Edit, draft: Draft) -> Refusal | None:
    """Apply one edit to the draft, or say why not."""
    resolved = resolve(draft.tree, edit.path, creating=edit.action == "create" or edit.path in draft.new)
    if isinstance(resolved, Refusal):
        return resolved
    path = resolved.path
    refused = clash(path, draft.new)
    if refused is not None:
        return refused
    file = draft.load(path)
    if edit.action == "delete":
        if file is None:
            return Refusal("file_not_found", f"no file {clip(path)} to delete")
        draft.new[path] = None
        return None
    if edit.action == "create" or not edit.search:
        if file is not None and file.lines:
            return Refusal("search_ambiguous", f"{clip(path)}: empty SEARCH on a file that has text")
        draft.new[path] = FileText(lines_in(edit.replace))
        return None
    if file is None:
        return Refusal("file_not_found", f"no file {clip(path)}")
    found = find(file.plain(), lines_in(edit.search), lines_in(edit.replace), draft.spans.get(path))
    if isinstance(found, Refusal):
        return Refusal(found.outcome, f"{clip(path)}: {found.detail}")
    if found.salvaged:
        draft.salvaged.append(f"{clip(path)}: {found.salvaged}")
    file.replace(found.start, found.end, found.replace)
    draft.moved(path, found.start, found.end, len(found.replace))
    return None
