"""Which lines of code begin inside a string: their blanks are part of a value and may not be shifted."""

import re
from collections.abc import Sequence

TOKEN = re.compile(
    r"#[^\n]*"
    r"|(\"\"\"|''')(?:\\.|(?!\1).)*(?:\1|\Z)"
    r"|\"(?:\\.|[^\"\\\n])*\"?"
    r"|'(?:\\.|[^'\\\n])*'?",
    re.DOTALL,
)
"""Comments and strings of Python. Unlike `tokenize` it takes any text: a reply may be indented in any way."""


def inside_strings(lines: Sequence[str]) -> frozenset[int]:
    """Indexes of the lines that begin inside a string token; linear in the text."""
    text = "\n".join(lines)
    found: set[int] = set()
    line = at = 0
    for token in TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        length = text.count("\n", token.start(), token.end())
        found.update(range(line + 1, line + length + 1))
        line, at = line + length, token.end()
    return frozenset(found)


def string_end(lines: Sequence[str], start: int) -> int:
    """Index after the last line of the string that the line begins with, `start` when it begins with none."""
    opening = re.match(r"[rRuU]?(?=[\"'])", lines[start])
    if opening is None:
        return start
    token = TOKEN.match("\n".join([lines[start][opening.end() :], *lines[start + 1 :]]))
    return start + 1 + token.group().count("\n") if token else start
