"""A repository, and its files, small enough for a prompt: a tree, or the names in a file.

Budgets are in characters (about four to a token of code); 0 means no limit. A text over its budget loses what
matters least first, and says what is missing.
"""

from collections.abc import Iterable, Iterator, Sequence

from agentless.repo.symbols import Symbol


def tree_text(paths: Iterable[str], *, max_chars: int = 0) -> str:
    """Folders (ending in `/`) and files, one a line, two blanks of indentation for each level.

    Over budget, the deepest folders are folded first: `locale/ (98 files)`.
    """
    kept = sorted(set(paths))
    depth = max((path.count("/") for path in kept), default=0)
    text = "\n".join(tree_lines(kept, depth))
    while max_chars and len(text) > max_chars and depth > 0:
        depth -= 1
        text = "\n".join(tree_lines(kept, depth))
    return clipped(text, max_chars)


def tree_lines(paths: Iterable[str], depth: int) -> Iterator[str]:
    """The tree's lines down to a number of folders above each file; what lies deeper is counted."""
    shown: tuple[str, ...] = ()
    for folders, name in folded(paths, depth):
        same = shared(shown, folders)
        yield from ("  " * level + f"{folders[level]}/" for level in range(same, len(folders)))
        yield "  " * len(folders) + name
        shown = folders


def folded(paths: Iterable[str], depth: int) -> list[tuple[tuple[str, ...], str]]:
    """(folders, name) of each line, a folder's files before its folders; too deep a folder becomes one name."""
    leaves: list[tuple[tuple[str, ...], str]] = []
    counts: dict[tuple[str, ...], int] = {}
    for path in paths:
        *folders, name = path.split("/")
        if len(folders) <= depth:
            leaves.append((tuple(folders), name))
        else:
            key = tuple(folders[: depth + 1])
            counts[key] = counts.get(key, 0) + 1
    leaves += [(key[:-1], f"{key[-1]}/ ({count} files)") for key, count in counts.items()]
    return sorted(leaves)


def shared(left: Sequence[str], right: Sequence[str]) -> int:
    """Number of equal components at the start."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def outline_text(path: str, symbols: Iterable[Symbol], *, max_chars: int = 0) -> str:
    """The file's path, then the names it defines, nested; imports are left out.

    Over budget constants go first, then methods, then what stands last.
    """
    definitions = [symbol for symbol in symbols if symbol.kind != "import"]
    without_constants = [symbol for symbol in definitions if symbol.kind != "constant"]
    top = [symbol for symbol in without_constants if symbol.kind == "class" or "." not in symbol.name]
    text = ""
    for shown in (definitions, without_constants, top):
        text = names_text(path, shown)
        if not max_chars or len(text) <= max_chars:
            break
    return clipped(text, max_chars)


def names_text(path: str, symbols: Iterable[Symbol]) -> str:
    """`class A`, `def f`, `NAME`: one a line below the path, indented by the scopes around them."""
    lines = [path]
    around: list[Symbol] = []
    for symbol in symbols:
        while around and not around[-1].start_line <= symbol.start_line <= symbol.end_line <= around[-1].end_line:
            around.pop()
        name = symbol.name.removeprefix(f"{around[-1].name}.") if around else symbol.name
        word = {"class": "class ", "constant": ""}.get(symbol.kind, "def ")
        lines.append("  " * (len(around) + 1) + word + name)
        if symbol.kind != "constant":
            around.append(symbol)
    return "\n".join(lines)


def clipped(text: str, max_chars: int) -> str:
    """Whole lines up to the budget, and how many are missing."""
    if not max_chars or len(text) <= max_chars:
        return text
    lines = text.split("\n")
    kept, used = 0, len("... (999999 more lines)")
    while kept < len(lines) and used + len(lines[kept]) + 1 <= max_chars:
        used += len(lines[kept]) + 1
        kept += 1
    return "\n".join([*lines[:kept], f"... ({len(lines) - kept} more lines)"])
