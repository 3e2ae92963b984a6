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
"""Comments and strings of Python, and of most other languages well enough. Unlike `tokenize` it takes any text: a
reply may be indented in any way."""

COMMENTS = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
QUOTED = r"|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?"
ESCAPING = re.compile(COMMENTS + r"|`(?:\\.|[^`\\])*`?" + QUOTED, re.DOTALL)
"""Of JavaScript: a template may have many lines, and a backslash before a backtick."""
RAW = re.compile(COMMENTS + r"|`[^`]*`?" + QUOTED, re.DOTALL)
"""Of Go: a backslash means nothing between backticks."""
TOKENS = {"javascript": ESCAPING, "typescript": ESCAPING, "tsx": ESCAPING, "go": RAW}


def inside_strings(lines: Sequence[str], language: str = "python") -> frozenset[int]:
    """Indexes of the lines that begin inside a string token; linear in the text.

    `language` as `repo.language_of` says; block comments are no strings.
    """
    text = "\n".join(lines)
    found: set[int] = set()
    line = at = 0
    for token in TOKENS.get(language, TOKEN).finditer(text):
        line += text.count("\n", at, token.start())
        length = text.count("\n", token.start(), token.end())
        if not token.group().startswith("/*"):
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
