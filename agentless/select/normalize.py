"""Equal patches become one candidate: the same text, or the same code after parsing.

Each changed file is brought to a normal form after the patch. Python files: their syntax tree without comments,
formatting, docstrings and `pass`. Other files, and Python that does not parse: text with blanks made equal. A file
whose code is unchanged adds nothing, except when its docstrings changed and nothing else: some are grammars.
"""

import ast
import hashlib
import threading
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from agentless.records import Candidate, Sample
from agentless.select.changes import FileChange, apply_pieces, read_patch

BLOCKS = ("body", "orelse", "finalbody")
END = object()
PARSING = threading.Lock()


class Texts(Protocol):
    """What is read of a `repo.Index`."""

    def text(self, path: str) -> str:
        """The file's text, "" when there is none to show."""


def group(index: Texts, samples: Sequence[Sample]) -> tuple[Candidate, ...]:
    """The classes of equal patches, in the order of their first attempts; samples without a patch are left out."""
    classes: dict[str, list[Sample]] = {}
    keys: dict[str, str] = {}
    for sample in sorted(samples, key=lambda sample: sample.attempt):
        if sample.outcome == "patch" and sample.patch.strip():
            if sample.patch not in keys:
                keys[sample.patch] = patch_key(index, sample.patch)
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
    forms = None if changes is None else changed_forms(index, changes)
    if forms is None:
        return digest(f"text\0{patch}")
    return digest("\0".join(f"{path}\0{form}" for path, form in sorted(forms.items())))


def changed_forms(index: Texts, changes: Sequence[FileChange]) -> dict[str, str] | None:
    """Path -> normal form of every file whose code changes; None when a hunk does not fit the file."""
    forms: dict[str, str] = {}
    for change in changes:
        old = index.text(change.before) if change.before else ""
        new = apply_pieces(old, change.pieces)
        if new is None:
            return None
        if change.deleted:
            forms[change.path] = "deleted"
        elif change.before != change.path:
            forms[change.path] = f"from {change.before}\0{normal_form(change.path, new)}"
        elif form := changed_form(change.path, old, new):
            forms[change.path] = form
    return forms


def changed_form(path: str, old: str, new: str) -> str:
    """The new text's normal form, "" when it is that of the old text."""
    form = normal_form(path, new)
    if form != normal_form(path, old):
        return form
    if not is_python(path):
        return ""
    form = tree_digest(new, keep_docstrings=True)
    return form if form != tree_digest(old, keep_docstrings=True) else ""


def normal_form(path: str, text: str) -> str:
    """Digest of the code of a text."""
    form = tree_digest(text, keep_docstrings=False) if is_python(path) else ""
    return form or digest(blank_text(text))


def is_python(path: str) -> bool:
    """Whether Python's own parser may read it."""
    return path.endswith((".py", ".pyi", ".pyw"))


@lru_cache(maxsize=128)
def tree_digest(text: str, *, keep_docstrings: bool) -> str:
    """Digest of the syntax tree, "" when this Python cannot parse the text. About 10 ms for 500 lines."""
    try:
        with PARSING, warnings.catch_warnings():  # the warnings filter is one for all threads
            warnings.simplefilter("ignore")  # about escapes in the repository's strings
            tree = ast.parse(text)
        return digest(" ".join(tree_words(tree, keep_docstrings=keep_docstrings)))
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
        return ""  # SystemError: CPython 3.11 when the garbage collector parses something in the middle of it


def tree_words(tree: ast.AST, *, keep_docstrings: bool) -> list[str]:
    """The tree as words from which it could be built again: node names, values, and the ends of lists.

    Takes half the time of `ast.dump`, and no recursion: hostile code is deep.
    """
    words: list[str] = []
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.AST):
            words.append("]" if node is END else repr(node))
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


def blank_text(text: str) -> str:
    """The text without blank lines, line-end differences and runs of blanks; indentation is kept."""
    lines = []
    for line in text.splitlines():
        content = line.lstrip()
        if content:
            lines.append(line[: len(line) - len(content)] + " ".join(content.split()))
    return "\n".join(lines)


def digest(text: str) -> str:
    """First 16 hex digits of the SHA-256; a lone surrogate counts as `?`."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
