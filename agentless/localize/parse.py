"""Reply of a rollout -> paths of the repository.

The prompt asks for one path per line in a bare fence. Models add bullets, numbers, backticks, line numbers and
reasons, and drop or invent leading folders; all of that is understood here. A path is only ever looked up among
the repository's own paths, so nothing outside it can come back. A reply is text of unknown size and intent: it is
never evaluated, and the work is linear in its length.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

REPLY_CHARS = 200_000
"""Only this much of the end of a reply is read: the answer stands last."""
MAX_LINE = 1024
"""A longer line is no path as a whole; files named in it still count."""
MAX_UNRESOLVED = 20
"""Wrong paths kept for the record; a reply may hold thousands."""

FENCE = re.compile(r"^\s*(?:>\s*)?(`{3,}|~{3,})")
DECORATION = re.compile(r"^\s*(?:>\s*)?(?:[-*+\u2022]\s+|\(?\d{1,3}[.):]\s*|#{1,6}\s+)*")
TOKEN = re.compile(r"[^\s`'\"<>|:*?,;()\[\]{}=#]+")
EXTENSION = re.compile(r"[^/\\]\.[A-Za-z][A-Za-z0-9_]{0,7}$")


@dataclass(frozen=True, slots=True)
class ParsedPaths:
    """Paths of one reply, most important first, and those that name nothing."""

    paths: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PathLookup:
    """The repository's paths, found by their full name or by a unique suffix."""

    known: frozenset[str]
    by_end: dict[str, tuple[str, ...]] = field(repr=False)
    """Paths by their last component, and by their last two."""

    @classmethod
    def of(cls, paths: Iterable[str]) -> "PathLookup":
        """Index the paths by their ends."""
        every = frozenset(paths)
        ends: dict[str, list[str]] = {}
        for path in sorted(every):
            parts = path.rsplit("/", 2)
            for end in {parts[-1], "/".join(parts[-2:])}:
                ends.setdefault(end, []).append(path)
        return cls(every, {end: tuple(group) for end, group in ends.items()})

    def resolve(self, text: str) -> str:
        """The repository's path that the text means, "" when none or more than one.

        Exact, else the only path that ends in the text (missing folders), else the same after dropping leading
        folders while two components are left (invented folders). `..` never resolves.
        """
        cleaned = text.replace("\\", "/").strip().strip("`'\"*")
        parts = [part for part in cleaned.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            return ""
        if "/".join(parts) in self.known:
            return "/".join(parts)
        same_end = self.by_end.get("/".join(parts[-2:]), ())
        deepest = max((path.count("/") + 1 for path in same_end), default=0)
        # what has more components than any of these paths ends none of them
        for cut in range(max(0, len(parts) - deepest), max(1, len(parts) - 1)):
            suffix = "/".join(parts[cut:])
            if cut and suffix in self.known:
                return suffix
            matches = [path for path in same_end if path.endswith("/" + suffix)]
            if matches:
                return matches[0] if len(matches) == 1 else ""
        return ""


def parse_paths(reply: str, lookup: PathLookup, limit: int) -> ParsedPaths:
    """The paths that a reply names, in its order, at most `limit`.

    The last fenced block that names a file of the repository counts; without one, the whole text does.
    """
    text = reply[-REPLY_CHARS:].replace("\x00", "")
    best = ParsedPaths()
    for block in (*reversed(fenced_blocks(text)), text.splitlines()):
        found = paths_of_lines(block, lookup, limit)
        if found.paths:
            return found
        if not best.unresolved:
            best = found
    return best


def fenced_blocks(text: str) -> list[list[str]]:
    """The lines of every fenced block, in order; a fence that never closes ends with the text."""
    blocks: list[list[str]] = []
    current: list[str] | None = None
    mark = ""
    for line in text.splitlines():
        fence = FENCE.match(line)
        if fence and current is None:
            current, mark = [], fence[1]
        elif fence and current is not None and fence[1].startswith(mark):
            blocks.append(current)
            current = None
        elif current is not None:
            current.append(line)
    if current:
        blocks.append(current)
    return blocks


def paths_of_lines(lines: Sequence[str], lookup: PathLookup, limit: int) -> ParsedPaths:
    """Resolved and unresolved paths of the lines, each once, in order."""
    paths: dict[str, None] = {}
    unresolved: dict[str, None] = {}
    for line in lines:
        if len(paths) >= limit:
            break
        bare = DECORATION.sub("", line).strip().strip("`'\"*")
        # a folder or name may hold spaces, but a line with spaces is more often a path and a remark
        short = len(bare) <= MAX_LINE and TOKEN.fullmatch(bare)
        whole = bare if bare in lookup.known else lookup.resolve(bare) if short else ""
        for text in [bare] if whole else path_like(line[:2000]):
            path = whole or lookup.resolve(text)
            if path:
                paths.setdefault(path)
            elif len(unresolved) < MAX_UNRESOLVED:
                unresolved.setdefault(text[:200])
    return ParsedPaths(tuple(paths)[:limit], tuple(unresolved))


def path_like(line: str) -> list[str]:
    """The parts of a line that look like files: they end in an extension."""
    tokens = (token.rstrip(".!") for token in TOKEN.findall(line))
    return [token for token in tokens if EXTENSION.search(token)]
