"""Which paths an edit may name. Paths come from a model and are hostile until shown to be files of the tree."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agentless.repair.outcome import Refusal

SYMLINK = "120000"
SUBMODULE = "160000"
MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
"""A file name's limit on Linux file systems."""

DRIVE = re.compile(r"[A-Za-z]:")


class HasMode(Protocol):
    """An entry of a tree, as far as paths care."""

    @property
    def mode(self) -> str:
        """Git's six octal digits."""


class Tree(Protocol):
    """What editing needs of a repository; `repo.RepoSnapshot` is one."""

    @property
    def entries(self) -> Mapping[str, HasMode]:
        """Every entry of the tree by path."""

    def editable(self, path: str) -> str:
        """ "" when the file may be edited, else the reason in one line."""

    def text(self, path: str) -> str | None:
        """The file's text with its own line ends, None when it may not be edited."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path that is safe to edit, and how it was understood when the reply named it otherwise."""

    path: str
    salvaged: str = ""


def unsafe(path: str) -> str:
    """Why a path may not be used whatever the tree holds, "" when it may."""
    if not path or path.isspace():
        return "empty path"
    if any(ord(char) < 32 or ord(char) == 127 for char in path):
        return "control character in the path"
    if "\\" in path or DRIVE.match(path):
        return "backslash or drive letter in the path"
    if path.startswith(("/", "~")):
        return "absolute path"
    parts = path.split("/")
    if ".." in parts:
        return "`..` in the path"
    if any(is_git_folder(part) for part in parts):
        return "path inside .git"
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return "path is not Unicode text"
    if max(sizes) > MAX_NAME_BYTES or sum(sizes) + len(sizes) > MAX_PATH_BYTES:
        return "path too long"
    return ""


def is_git_folder(part: str) -> bool:
    """Whether any file system would take the name for `.git`.

    Covers what git itself refuses (core.protectHFS, core.protectNTFS): any case, ignorable characters, trailing
    blanks and dots, alternate streams, and the short name `git~1`.
    """
    visible = "".join(char for char in part if unicodedata.category(char) != "Cf")
    name = unicodedata.normalize("NFKC", visible).casefold().split(":", 1)[0].rstrip(". ")
    return name in {".git", "git~1"}


def resolve(tree: Tree, named: str, shown: Collection[str] = (), *, creating: bool = False) -> Resolved | Refusal:
    """The file of the tree that a reply means, or why there is none.

    A path that names no file is matched by unique suffix, among the shown files first. With `creating` the path is
    taken as it stands and must be free.
    """
    reason = unsafe(named)
    if reason:
        return Refusal("outside_repository", f"{clip(named)}: {reason}")
    path = "/".join(part for part in named.split("/") if part not in {"", "."})
    if not path:
        return Refusal("outside_repository", f"{clip(named)}: names no file")
    refused = through_parent(tree, path)
    if refused is not None:
        return refused
    salvaged = "" if path == named else f"path {clip(named)} read as {clip(path)}"
    if path in tree.entries or creating:
        return checked(tree, path, salvaged)
    found = by_suffix(tree, path, shown)
    if found is None:
        return Refusal("file_not_found", f"no file {clip(named)}")
    return checked(tree, found, f"path {clip(named)} read as {clip(found)}")


def checked(tree: Tree, path: str, salvaged: str) -> Resolved | Refusal:
    """The path, unless the tree forbids to edit what is there."""
    if path in tree.entries:
        reason = tree.editable(path)
        return Refusal("not_editable", f"{clip(path)}: {reason}") if reason else Resolved(path, salvaged)
    if any(other.startswith(path + "/") for other in tree.entries):
        return Refusal("not_editable", f"{clip(path)}: a folder")
    return Resolved(path, salvaged)


def clash(path: str, others: Iterable[str]) -> Refusal | None:
    """Refuses a path that another of the same draft stands under, or that stands under it: no tree holds both."""
    for other in others:
        if other.startswith(path + "/") or path.startswith(other + "/"):
            return Refusal("malformed_edit", f"{clip(path)} and {clip(other)} cannot both be files")
    return None


def through_parent(tree: Tree, path: str) -> Refusal | None:
    """Refuses a path that leads through a symbolic link, a submodule or a plain file."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        parent = "/".join(parts[:end])
        entry = tree.entries.get(parent)
        if entry is None:
            continue
        if entry.mode == SYMLINK:
            return Refusal("outside_repository", f"{clip(path)}: through the symbolic link {clip(parent)}")
        kind = "in the submodule" if entry.mode == SUBMODULE else "under the file"
        return Refusal("not_editable", f"{clip(path)}: {kind} {clip(parent)}")
    return None


def by_suffix(tree: Tree, path: str, shown: Collection[str]) -> str | None:
    """The only editable file that ends with the path, or that the path ends with."""
    for pool in (shown, tree.entries):
        found = [
            other
            for other in pool
            if (other.endswith("/" + path) or path.endswith("/" + other)) and other in tree.entries
        ]
        editable = [other for other in found if not tree.editable(other)] if found else []
        if len(editable) == 1:
            return editable[0]
        if editable:
            return None
    return None


def clip(text: str, limit: int = 120) -> str:
    """A path or line for a message: printable and short."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return short if short.isprintable() else ascii(short)[1:-1]
