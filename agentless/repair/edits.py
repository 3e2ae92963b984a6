"""A reply's text -> Edits, or the reason why there are none. Never raises on what a model wrote.

Accepted: SEARCH/REPLACE blocks in any fence or none, with or without `<solution>`, CRLF, indented, with labels of
merge conflicts; several blocks and files; an empty REPLACE (deletion); an empty SEARCH on a free path (new file);
and, logged as salvage, a unified diff whose hunks are matched by text. One block that cannot be read refuses the
whole reply: half of a change is another change.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentless.records import Edit
from agentless.repair.blocks import Block, block_spans, read_blocks
from agentless.repair.filetext import FileText, text_from
from agentless.repair.match import find_lines
from agentless.repair.outcome import Refusal
from agentless.repair.paths import Tree, resolve
from agentless.repair.unified import read_diff

CLOSE_THINK = re.compile(r"^[ \t]*</think>|</think>[ \t]*$", re.MULTILINE)
OPEN_THINK = re.compile(r"^[ \t]*<think>", re.MULTILINE)
OPEN_SOLUTION = re.compile(r"^[ \t]*<solution>", re.MULTILINE)
CLOSE_SOLUTION = re.compile(r"</solution>[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Edits as understood, and what was not exact about them."""

    edits: tuple[Edit, ...]
    salvaged: tuple[str, ...] = ()


def answer_of(text: str) -> str | Refusal:
    """The part of a reply that counts: after the thinking, inside the last `<solution>` when there is one.

    A tag counts at the start of a line, a closing one at the end of a line too: code that mentions it does not,
    nor does the text of a whole SEARCH/REPLACE block.
    """
    answer = text.replace("\r\n", "\n")
    closed = last(tags(CLOSE_THINK, answer, "</think>"))
    answer = answer[closed.end() :] if closed else answer
    opened = next(tags(OPEN_THINK, answer, "<think>"), None)
    if opened:
        answer = answer[: opened.start()]
        if not answer.strip():
            return Refusal("truncated", "the thinking never closed")
    solution = last(tags(OPEN_SOLUTION, answer, "<solution>"))
    if solution:
        answer = answer[solution.end() :]
        end = next(tags(CLOSE_SOLUTION, answer, "</solution>"), None)
        answer = answer[: end.start()] if end else answer
    return answer


def tags(pattern: re.Pattern[str], text: str, tag: str) -> Iterator[re.Match[str]]:
    """The matches of a tag's pattern that stand in no block; linear in the text."""
    if tag not in text:
        return
    spans = block_spans(text)
    at = 0
    for match in pattern.finditer(text):
        place = text.find(tag, match.start())
        while at < len(spans) and spans[at][1] <= place:
            at += 1
        if at == len(spans) or place < spans[at][0]:
            yield match


def last(matches: Iterable[re.Match[str]]) -> re.Match[str] | None:
    """The last match."""
    found = None
    for match in matches:
        found = match
    return found


def parse_edits(text: str, tree: Tree, shown: Sequence[str] = ()) -> Parsed | Refusal:
    """The edits of a reply, their paths resolved against the tree.

    `shown` names the files of the prompt: a block without a path means the only one, or the one with its text.
    """
    answer = answer_of(text)
    if isinstance(answer, Refusal):
        return answer
    if not answer.strip():
        return Refusal("no_answer", "empty reply")
    blocks = read_blocks(answer)
    if isinstance(blocks, Refusal):
        return blocks
    files = tuple(shown)
    if not blocks:
        return from_diff(answer, tree, files)
    edits: list[Edit] = []
    salvaged: list[str] = []
    for number, block in enumerate(blocks, 1):
        edit = edit_of(block, tree, files, edits, salvaged)
        if isinstance(edit, Refusal):
            return Refusal(edit.outcome, f"block {number}: {edit.detail}")
        salvaged.extend(block.salvaged)
        edits.append(edit)
    return Parsed(tuple(edits), tuple(dict.fromkeys(salvaged)))


def edit_of(
    block: Block, tree: Tree, files: tuple[str, ...], earlier: list[Edit], salvaged: list[str]
) -> Edit | Refusal:
    """One block as an Edit."""
    named = block.path or from_hints(block, tree)
    if not named:
        named = implied(block, tree, files, earlier)
        if not named:
            return Refusal("malformed_edit", "no line names the file")
        salvaged.append(f"a block without a path read as one of {named}")
    made = any(edit.path == named for edit in earlier)
    creating = made or (named not in tree.entries and not splits(block)[0][0])
    resolved = resolve(tree, named, files, creating=creating)
    if isinstance(resolved, Refusal):
        return resolved
    if resolved.salvaged:
        salvaged.append(resolved.salvaged)
    best = best_split(block, tree, resolved.path)
    if isinstance(best, Refusal):
        return best
    search, replace, note = best
    if note:
        salvaged.append(note)
    fresh = not search and resolved.path not in tree.entries and not made
    action: Literal["create", "replace"] = "create" if fresh else "replace"
    return Edit(path=resolved.path, action=action, search=text_from(search), replace=text_from(replace))


def from_hints(block: Block, tree: Tree) -> str:
    """A file of the tree that the prose right above names exactly; for a new file the heading's own text."""
    for hint in block.hints:
        if hint in tree.entries:
            return hint
    fresh = block.hints[0] if block.hints and not splits(block)[0][0] else ""
    return fresh if fresh and not any(char.isspace() for char in fresh) else ""


def implied(block: Block, tree: Tree, files: tuple[str, ...], earlier: list[Edit]) -> str:
    """The file that a block without a path means: the one before, the only one shown, or the one with its text."""
    if earlier:
        return earlier[-1].path
    if len(files) == 1:
        return files[0]
    search = splits(block)[0][0]
    holders = [path for path in files if search and find_lines(plain_lines(tree, path), search)]
    return holders[0] if len(holders) == 1 else ""


def best_split(block: Block, tree: Tree, path: str) -> tuple[list[str], list[str], str] | Refusal:
    """SEARCH and REPLACE lines: as written, or of several readings the longest SEARCH that stands in the file."""
    readings = splits(block)
    if len(readings) == 1:
        return readings[0]
    lines = plain_lines(tree, path)
    if not lines and not readings[0][0]:
        return readings[0]
    standing = [reading for reading in readings if find_lines(lines, reading[0], limit=1)]
    if standing:
        return max(standing, key=lambda reading: len(reading[0]))
    if len(block.dividers) > 1:
        return Refusal(
            "malformed_edit", "several ======= lines, and none of them ends a SEARCH that is in the file"
        )
    return readings[-1]


def splits(block: Block) -> list[tuple[list[str], list[str], str]]:
    """Every reading of a block: each possible divider, as written and without the markers' own indentation."""
    readings = []
    body = block.body
    for divider in block.dividers:
        note = "" if body[divider].strip() == "=======" else f"divider {body[divider].strip()} read as ======="
        readings.append((body[:divider], body[divider + 1 :], note))
    indent = block.indent
    if indent and all(line.startswith(indent) or not line.strip() for line in body):
        inner = [line[len(indent) :] for line in body]
        whole = "block indented as a whole"
        readings += [(inner[:at], inner[at + 1 :], whole) for at in block.dividers]
    return readings


def plain_lines(tree: Tree, path: str) -> list[str]:
    """The file's lines as a model sees them, [] when there is no such file."""
    text = tree.text(path) if path in tree.entries else None
    return FileText.of(text).plain() if text is not None else []


def from_diff(answer: str, tree: Tree, files: tuple[str, ...]) -> Parsed | Refusal:
    """Edits of a unified diff in the answer."""
    read = read_diff(answer)
    if isinstance(read, Refusal):
        return read
    edits: list[Edit] = []
    salvaged = ["a unified diff read as edits, hunks matched by text"]
    for edit in read:
        resolved = resolve(tree, edit.path, files, creating=edit.action == "create")
        if isinstance(resolved, Refusal):
            return resolved
        if resolved.salvaged:
            salvaged.append(resolved.salvaged)
        edits.append(Edit(path=resolved.path, action=edit.action, search=edit.search, replace=edit.replace))
    return Parsed(tuple(edits), tuple(dict.fromkeys(salvaged)))
