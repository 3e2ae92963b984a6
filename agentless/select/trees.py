"""The code of a Python text as digests of its statements, so that a changed text is parsed only where it changed.

A text's code is its syntax tree without comments, formatting, docstrings and `pass`. Parsing a file takes
milliseconds and 40 candidates edit the same one: statements that a change does not touch keep their digests.
"""

import ast
import threading
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from agentless.texts import text_digest

BLOCKS = ("body", "orelse", "finalbody")
END = object()
PARSING = threading.Lock()
NOT_PARSED = (SyntaxError, ValueError, RecursionError, MemoryError, SystemError)
"""SystemError: CPython 3.11 when the garbage collector parses something in the middle of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One statement of a module, or of a class in it; lines are counted from 0."""

    start: int
    """First line, decorators included."""
    end: int
    """The line after its last one."""
    code: str
    """Digest, "" for a statement that does nothing."""
    head: str = ""
    """Digest of a class without its body."""
    members: tuple["Part", ...] = ()
    """Statements of a class in the module."""


def code_form(text: str) -> str:
    """Digest of the code of a text, "" when this Python cannot parse it. About 10 ms for 500 lines."""
    parts = parts_of(text)
    return "" if parts is None else joined(parts)


@lru_cache(maxsize=64)
def changed_code(old: str, new: str) -> str:
    """`code_form` of the new text; where the old one is known, only what differs from it is parsed."""
    if "\r" in old or "\r" in new:
        return code_form(new)  # the parser's lines are not ours
    parts = parts_of(old)
    found = spliced(parts, old.split("\n"), new.split("\n")) if parts and in_order(parts) else None
    return code_form(new) if found is None else found


def spliced(parts: Sequence[Part], old: Sequence[str], new: Sequence[str]) -> str | None:
    """The code of the new lines, None when the change cannot be parsed on its own."""
    first, last = difference(old, new)
    shift = len(new) - len(old)
    low, high = touched(parts, first, last)
    if high == low + 1 and parts[low].members and in_order(parts[low].members):
        part = parts[low]
        if part.members[0].start <= first and part.start < first and last < part.end:
            inside = respliced(part.members, new, first, last, shift, part.end)
            if inside is not None:
                changed = Part(part.start, part.end, class_code(part.head, inside))
                return joined([*parts[:low], changed, *parts[high:]])
    begin = parts[low - 1].end if low else 0
    end = parts[high].start + shift if high < len(parts) else len(new)
    found = parsed("\n".join(new[begin:end]) + "\n")
    return None if found is None else joined([*parts[:low], *map(part_of, found.body), *parts[high:]])


def respliced(
    members: Sequence[Part], lines: Sequence[str], first: int, last: int, shift: int, end: int
) -> list[Part] | None:
    """The members of a class after the change, the changed ones parsed between two `pass` of their indentation.

    These make sure that what was cut out begins and ends as a member does.
    """
    low, high = touched(members, first, last)
    begin = members[low - 1].end if low else members[0].start
    stop = members[high].start if high < len(members) else end
    start = lines[members[0].start] if first > members[0].start else ""
    indent = start[: len(start) - len(start.lstrip())]
    if not indent:
        return None
    found = parsed("\n".join(["class _:", f"{indent}pass", *lines[begin : stop + shift], f"{indent}pass", ""]))
    if found is None or len(found.body) != 1 or not isinstance(found.body[0], ast.ClassDef):
        return None
    body = found.body[0].body
    return [*members[:low], *(member_of(each) for each in body[1:-1]), *members[high:]]


def touched(parts: Sequence[Part], first: int, last: int) -> tuple[int, int]:
    """The parts from `low` up to `high` that overlap the old lines of the change, or stand right beside them."""
    low = next((place for place, part in enumerate(parts) if part.end >= first), len(parts))
    high = next((place for place, part in enumerate(parts) if part.start > last), len(parts))
    return low, max(low, high)


def difference(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """The old lines from `first` up to `last` that differ: without the lines that both have before and behind."""
    shorter = min(len(old), len(new))
    first = next((line for line in range(shorter) if old[line] != new[line]), shorter)
    room = shorter - first
    behind = next((line for line in range(room) if old[-1 - line] != new[-1 - line]), room)
    return first, len(old) - behind


def in_order(parts: Sequence[Part]) -> bool:
    """Whether no two statements share a line."""
    return all(left.end <= right.start for left, right in pairwise(parts))


@lru_cache(maxsize=32)
def parts_of(text: str) -> tuple[Part, ...] | None:
    """The statements of the module, None when it cannot be parsed."""
    tree = parsed(text)
    return None if tree is None else tuple(map(part_of, tree.body))


def parsed(text: str) -> ast.Module | None:
    """The syntax tree."""
    try:
        with PARSING, warnings.catch_warnings():  # the warnings filter is one for all threads
            warnings.simplefilter("ignore")  # about escapes in the repository's strings
            return ast.parse(text)
    except NOT_PARSED:
        return None


def part_of(node: ast.stmt) -> Part:
    """One statement of the module."""
    if not isinstance(node, ast.ClassDef):
        return member_of(node)
    members = tuple(map(member_of, node.body))
    outside: list[object] = [node.name, *node.bases, END, *node.keywords, END, *node.decorator_list]
    head = text_digest(" ".join(words_of(outside, keep_docstrings=False)))
    return Part(first_line(node), node.end_lineno or node.lineno, class_code(head, members), head, members)


def member_of(node: ast.stmt) -> Part:
    """One statement that is not looked into."""
    idle = isinstance(node, ast.Pass) or is_text(node)
    code = "" if idle else text_digest(" ".join(words_of([node], keep_docstrings=False)))
    return Part(first_line(node), node.end_lineno or node.lineno, code)


def first_line(node: ast.stmt) -> int:
    """Where the statement or its first decorator begins."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1


def class_code(head: str, members: Iterable[Part]) -> str:
    """Digest of a class."""
    return text_digest(f"class {head} {joined(members)}")


def joined(parts: Iterable[Part]) -> str:
    """Digest of statements in their order."""
    return text_digest(" ".join(part.code for part in parts if part.code))


@lru_cache(maxsize=16)
def whole_form(text: str) -> str:
    """Digest of the syntax tree with its docstrings, "" when it cannot be parsed."""
    tree = parsed(text)
    return "" if tree is None else text_digest(" ".join(words_of([tree], keep_docstrings=True)))


def words_of(nodes: Iterable[object], *, keep_docstrings: bool) -> list[str]:
    """Trees as words from which they could be built again: node names, values, and the ends of lists.

    Takes half the time of `ast.dump`, and no recursion: hostile code is deep.
    """
    words: list[str] = []
    waiting: list[object] = list(nodes)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.AST):
            words.append("]" if node is END else written(node))
            continue
        words.append(type(node).__name__)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                waiting.append(END)
                waiting += statements(value, keep_docstrings) if name in BLOCKS else value
            elif name != "kind":  # u"x" is "x"
                waiting.append(value)
    return words


def written(value: object) -> str:
    """A name or a constant as text; of a whole number in base 16, which unlike base 10 has no limit of digits."""
    return f"{value:#x}" if type(value) is int else repr(value)


def statements(block: list[ast.AST], keep_docstrings: bool) -> list[ast.AST]:
    """The block without `pass` and without text that stands as a statement."""
    return [
        statement
        for statement in block
        if not isinstance(statement, ast.Pass) and (keep_docstrings or not is_text(statement))
    ]


def is_text(statement: ast.AST) -> bool:
    """Whether a statement is a string alone: a docstring, or a comment in quotes."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)
