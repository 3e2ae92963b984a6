"""What a rewriting reply holds beside its element: imports and helpers are kept only where the element needs them.

Rules (Python): an import is added when the new element uses a name that it binds and the file knows no such name.
A helper definition is added when the new element uses it and the file defines no such name: after the element when
it is called on `self` or `cls`, else before the top-level definition that holds the element. All else is dropped.
"""

import re

from agentless.repair.fragment import Fragment
from agentless.repair.match import indent_of
from agentless.repair.strings import inside_strings, string_end
from agentless.repo import Symbol

IMPORT = re.compile(r"(?:from[ \t]+(?P<source>[\w.]+)[ \t]+)?import[ \t]+(?P<names>[\w., \t*()]+)$")
FIRST_LINES = re.compile(r"#!|#.*?coding[:=]")
FUTURE = re.compile(r"from[ \t]+__future__[ \t]+import\b")
WORD = re.compile(r"[^\W\d]\w*")


def needed_imports(fragment: Fragment, file: list[str], element: list[str]) -> list[str]:
    """Top-level import lines of the reply that the new element needs."""
    used = words_of(element)
    known = words_of([line for line in file if re.match(r"[^\s#]|[ \t]+(?:from|import)\b", line)])
    wanted = []
    for line in joined(fragment.lines):
        found = IMPORT.match(line[:500])
        if found is None or found["source"] == "__future__":
            continue
        if any(name in used and name not in known for name in bound(found["names"], bool(found["source"]))):
            wanted.append(line)
    return wanted


def joined(lines: list[str]) -> list[str]:
    """The lines with imports in parentheses put on one line."""
    result: list[str] = []
    pending = ""
    for line in lines:
        code = line.partition("#")[0].rstrip()
        if pending:
            pending += " " + code.strip()
            if ")" in code or len(pending) > 1000:
                result.append(re.sub(r"\(\s*|,?\s*\)", "", pending))
                pending = ""
        elif re.match(r"from[ \t]+[\w.]+[ \t]+import[ \t]*\([^)]*$", code[:500]):
            pending = code
        else:
            result.append(code)
    return result


def bound(names: str, from_form: bool) -> list[str]:
    """Names that an import's list binds."""
    result = []
    for item in names.strip("() \t").split(","):
        parts = item.split()
        if len(parts) == 3 and parts[1] == "as":
            result.append(parts[2])
        elif len(parts) == 1 and parts[0] != "*":
            result.append(parts[0] if from_form else parts[0].partition(".")[0])
    return result


def import_place(file: list[str], symbols: tuple[Symbol, ...]) -> int:
    """Index after the last import of the file's head, before the first class or function and at top level.

    Without an import it is below what must come first: shebang, coding line, docstring, `__future__`.
    """
    first = min(
        (symbol.start_line for symbol in symbols if symbol.kind not in {"constant", "import"}), default=10**9
    )
    heads = [s.end_line for s in symbols if s.kind == "import" and s.end_line < first]
    at = [end for end in heads if end <= len(file) and not file[end - 1].startswith((" ", "\t"))]
    return max([*at, head_end(file)])


def head_end(file: list[str]) -> int:
    """Index after the comments of the file's head, the module docstring and `__future__` imports.

    Comments right above code speak of that code: then only a shebang and a coding line count.
    """
    comments = next((n for n, line in enumerate(file) if not line.startswith("#")), len(file))
    end = comments
    if comments < len(file) and file[comments].strip():
        end = max((n for n in range(min(comments, 2)) if FIRST_LINES.match(file[n])), default=-1) + 1
    code = next((n for n, line in enumerate(file) if line.strip() and not line.startswith("#")), len(file))
    after = string_end(file, code) if code < len(file) else code
    return max(after if code < after else end, future_end(file))


def future_end(file: list[str]) -> int:
    """Index after the last `from __future__` import, 0 without one; the index of a file does not name them."""
    found = [number for number, line in enumerate(file) if FUTURE.match(line)]
    strings = inside_strings(file) if found else frozenset()
    outside = [number for number in found if number not in strings]
    if not outside:
        return 0
    end = outside[-1]
    if "(" in file[end]:
        return next((n for n in range(end, len(file)) if ")" in file[n].partition("#")[0]), end) + 1
    while end + 1 < len(file) and file[end].endswith("\\"):
        end += 1
    return end + 1


def needed_helpers(fragment: Fragment, known: set[str], element: list[str]) -> tuple[list[Symbol], list[Symbol]]:
    """New definitions of the reply that the element uses: called on self or cls, and others."""
    text = "\n".join(element)
    members: list[Symbol] = []
    others: list[Symbol] = []
    for symbol in fragment.symbols:
        name = symbol.name.rpartition(".")[2]
        outer = symbol.name.rpartition(".")[0]
        inside = fragment.target.start_line <= symbol.start_line <= fragment.target.end_line
        nested = outer and outer != fragment.target.name.rpartition(".")[0]
        if symbol.kind in {"constant", "import"} or inside or nested or name in known:
            continue
        if re.search(rf"\b(?:self|cls)\.{re.escape(name)}\b", text):
            members.append(symbol)
        elif not outer and re.search(rf"\b{re.escape(name)}\b", text):
            others.append(symbol)
    return members, others


def indented(lines: list[str], indent: str) -> list[str]:
    """A definition's lines moved to an indentation; lines that begin inside a string stay as they are."""
    have = indent_of(next((line for line in lines if line.strip()), ""))
    if have == indent:
        have = indent = ""
    fixed = inside_strings(lines)
    return [
        line if number in fixed else indent + line.removeprefix(have).rstrip() if line.strip() else ""
        for number, line in enumerate(lines)
    ]


def words_of(lines: list[str]) -> set[str]:
    """Every identifier in the lines."""
    return {word for line in lines for word in WORD.findall(line)}
