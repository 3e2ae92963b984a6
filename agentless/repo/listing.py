"""The entries of a tree, folder by folder, so that folders which the last tree had as well are not read again.

Tree objects come from `cat-file` processes, one question for all folders of a depth. A tree that git would not
write (a name twice, odd modes, a folder that is none) is left to `ls-tree`, which knows them all.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, filterfalse, islice, repeat
from operator import attrgetter, lt
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.catfile import CatFileError
from agentless.repo.lender import LENDER, Lender
from agentless.repo.plumbing import Git
from agentless.repo.rules import entry_reason
from agentless.repo.sizes import store_of
from agentless.repo.tree import Entry, entries_of, whole_listing

FOLDER = b"40000"
MODES = {mode.encode(): mode for mode in ("100644", "100755", "120000", "160000")}
LINES = {width: re.compile(rb"\d+ [^\0]+\0.{%d}" % width, re.DOTALL) for width in (20, 32)}
"""Lines of a tree object by the bytes of an id: mode, name and id."""
PATH = attrgetter("path")
MOST_BYTES = 32_000_000
"""Of the folders of one depth, each as often as it stands there: some 700,000 files, about 1 GB here."""
MOST_LISTINGS = 4
MOST_ENTRIES = 60_000
"""Of all listings that are kept, about 30 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A tree object at its place in the whole tree."""

    line: bytes
    """How it stands in the folder above."""
    lines: Mapping[bytes, tuple[Entry, ...]]
    """What stands in it -> the entry of a file, or those of a folder."""
    folders: Mapping[bytes, "Folder"]
    """By name."""
    entries: tuple[Entry, ...]
    """All files in it and below, in git's order."""


NOTHING = Folder(b"", {}, {}, ())


@dataclass(slots=True, eq=False)
class Unread:
    """A folder that the last tree did not have, at least not at this path."""

    line: bytes
    prefix: str
    """Path of the folder with `/` at its end, "" for the root."""
    tree_id: str
    last: Folder
    """What lay at this path in the last tree."""
    lines: dict[bytes, tuple[Entry, ...]] = field(default_factory=dict)
    """As in `Folder`; of those that are new () at first."""
    below: dict[bytes, "Unread"] = field(default_factory=dict)
    """Folders in it that have to be read as well, by name."""
    new: list[tuple[bytes, str, str, str]] = field(default_factory=list)
    """Files that the last tree did not have here: line, path, id, mode."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A tree, whole."""

    tree_id: str
    entries: Mapping[str, Entry]
    """By path, sorted by it; not to be changed."""
    candidates: tuple[str, ...]
    """Paths of those that `rules.entry_reason` lets be edited, sorted."""
    refused: frozenset[str]
    """The other paths."""
    root: Folder
    """Empty where `ls-tree` made the list."""


EMPTY = Listing("", {}, (), frozenset(), NOTHING)


class ListingMemo:
    """The last listing of each of a few object stores. Safe for threads."""

    def __init__(self) -> None:
        self.listings: OrderedDict[tuple[Path, str], Listing] = OrderedDict()
        self.guard = threading.Lock()

    def get(self, git: Git) -> Listing | None:
        """The store's last listing."""
        return self.listings.get(store_of(git))

    def put(self, git: Git, listing: Listing) -> None:
        """Remember a listing; the oldest go."""
        with self.guard:
            store = store_of(git)
            self.listings[store] = listing
            self.listings.move_to_end(store)
            while len(self.listings) > MOST_LISTINGS or self.size() > MOST_ENTRIES:
                self.listings.popitem(last=False)

    def size(self) -> int:
        """Entries of all listings."""
        return sum(len(each.entries) for each in self.listings.values())


LAST = ListingMemo()
"""Shared by all snapshots of a process."""


def list_tree(git: Git, tree_id: str, memo: ListingMemo = LAST, lender: Lender = LENDER) -> Listing:
    """Every entry of a tree.

    Raises:
        RepositoryError: the tree cannot be read, an object is missing (partial clone), a path is unsafe, or there
            are too many of them.
    """
    last = memo.get(git)
    if last is not None and last.tree_id == tree_id:
        return last
    listing = read_listing(git, tree_id, last or EMPTY, lender)
    if listing is None:
        entries = whole_listing(git, tree_id)
        listing = made_listing(tree_id, entries, refusals(entries.values()), NOTHING)
    memo.put(git, listing)
    return listing


def read_listing(git: Git, tree_id: str, last: Listing, lender: Lender) -> Listing | None:
    """The listing of a tree that is read folder by folder; None where `ls-tree` should be asked.

    Raises:
        RepositoryError: a blob is missing, a path is unsafe, or there are too many of them.
    """
    depths = [[Unread(b"", "", tree_id, last.root)]]
    while depths[-1]:
        if not read_folders(git, depths[-1], lender):
            return None
        depths.append([below for each in depths[-1] for below in each.below.values()])
    new = [(path, sha, mode) for depth in depths for each in depth for _, path, sha, mode in each.new]
    if not all(mode for _, _, mode in new):
        return None
    fresh = entries_of(git, new)
    made: dict[Unread, Folder] = {}
    for depth in reversed(depths[:-1]):
        made = {each: made_folder(each, fresh, made) for each in depth}
    (root,) = made.values()
    entries = by_path(root.entries)
    if len(entries) != len(root.entries):
        return None
    kept = {path for path in last.refused if path in entries and path not in fresh}
    return made_listing(tree_id, entries, refusals(fresh.values()) | kept, root)


def by_path(found: tuple[Entry, ...]) -> dict[str, Entry]:
    """The entries by path, sorted; git sorts by bytes, which differs only where a name is not UTF-8."""
    paths = list(map(PATH, found))
    if all(map(lt, paths, islice(paths, 1, None))):
        return dict(zip(paths, found, strict=True))
    return {entry.path: entry for entry in sorted(found, key=PATH)}


def made_listing(tree_id: str, entries: dict[str, Entry], refused: frozenset[str], root: Folder) -> Listing:
    """The listing of entries that are sorted by path."""
    return Listing(tree_id, entries, tuple(filterfalse(refused.__contains__, entries)), refused, root)


def refusals(entries: Iterable[Entry]) -> frozenset[str]:
    """Paths of the entries that may not be edited, as far as these tell."""
    return frozenset(entry.path for entry in entries if entry_reason(entry))


def read_folders(git: Git, unread: list[Unread], lender: Lender) -> bool:
    """Fill in what these folders hold; False where one is not there, or not as git would write it.

    Raises:
        RepositoryError: there is too much in them; a few small trees that hold each other often make any number.
    """
    ids = list(dict.fromkeys(each.tree_id for each in unread))
    try:
        contents = dict(zip(ids, lender.contents(git, ids), strict=True))
    except CatFileError:
        return False
    if sum(len(content[1]) for each in unread if (content := contents[each.tree_id])) > MOST_BYTES:
        raise RepositoryError(f"a tree in {git.folder} holds too many files to be listed; give another commit")
    for each in unread:
        content = contents[each.tree_id]
        if content is None or content[0] != "tree":
            return False
        width = len(each.tree_id) // 2
        lines = LINES[width].findall(content[1])
        if sum(map(len, lines)) != len(content[1]):
            return False
        last = each.last.lines
        each.lines = dict(zip(lines, map(last.get, lines, repeat(())), strict=True))
        for line in filterfalse(last.__contains__, lines):
            add_new(each, line, width)
    return True


def add_new(each: Unread, line: bytes, width: int) -> None:
    """Note a line that the last tree did not have here; `width` is that of an id, in bytes."""
    mode, _, rest = line.partition(b" ")
    name = rest[: -width - 1]
    path = each.prefix + name.decode("utf-8", "surrogateescape")
    sha = rest[-width:].hex()
    if mode == FOLDER:
        each.below[name] = Unread(line, f"{path}/", sha, each.last.folders.get(name, NOTHING))
    else:
        each.new.append((line, path, sha, MODES.get(mode, "")))


def made_folder(each: Unread, fresh: Mapping[str, Entry], made: Mapping[Unread, Folder]) -> Folder:
    """The folder out of what the last tree had, new entries by path, and the folders in it."""
    lines = each.lines
    folders = {name: folder for name, folder in each.last.folders.items() if folder.line in lines}
    for line, path, _, _ in each.new:
        lines[line] = (fresh[path],)
    for name, below in each.below.items():
        folders[name] = made[below]
        lines[below.line] = made[below].entries
    return Folder(each.line, lines, folders, tuple(chain.from_iterable(lines.values())))
