"""A reply of the model -> the text of a test script, or why there is none. The reply is hostile text."""

import ast
import hashlib
import re
import warnings
from dataclasses import dataclass
from typing import Literal

MAX_CODE = 64 * 1024
"""Characters of a test; a longer one is not a test."""
FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*$")
PYTHON = frozenset({"", "python", "py", "python3", "python2", "pycon"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTest:
    """What a reply holds."""

    outcome: Literal["ok", "no_test", "syntax_error"]
    code: str = ""
    digest: str = ""
    """Equal for scripts with equal syntax trees: comments, quotes and layout do not count."""
    detail: str = ""


def parse_reply(text: str) -> ParsedTest:
    """The last fenced block that is a Python program; a reply without fences may be a program as a whole."""
    blocks = python_blocks(text.replace("\r\n", "\n"))
    if not blocks and "```" not in text and "~~~" not in text:
        whole = read_program(text.replace("\r\n", "\n"))
        return whole if whole.outcome == "ok" else ParsedTest(outcome="no_test", detail="no code block")
    found = [read_program(block) for block in blocks]
    programs = [test for test in found if test.outcome == "ok"]
    broken = [test for test in found if test.outcome == "syntax_error"]
    nothing = ParsedTest(outcome="no_test", detail="no block of Python")
    return next(iter([*programs[-1:], *broken[-1:], *found[-1:], nothing]))


def python_blocks(text: str) -> list[str]:
    """Bodies of fenced blocks of Python or of no language; an unclosed last one counts.

    A block ends at a fence of the same kind that is at least as long, so longer fences may hold shorter ones.
    """
    blocks: list[str] = []
    body: list[str] = []
    fence = language = ""
    for line in text.split("\n"):
        match = FENCE.match(line)
        if fence:
            closes = match and match[1].startswith(fence) and not match[2]
            if not closes:
                body.append(line)
                continue
            blocks += ["\n".join(body)] if language in PYTHON else []
            fence = ""
        elif match:
            fence, language, body = match[1], match[2].lower(), []
    if fence and body and language in PYTHON:
        blocks.append("\n".join(body))
    return blocks


def read_program(code: str) -> ParsedTest:
    """The code if it parses and does something."""
    if len(code) > MAX_CODE:
        return ParsedTest(outcome="no_test", detail=f"{len(code)} characters are no small script")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a string is the test's business
            tree = ast.parse(code)
            digest = hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()
    except SyntaxError as error:
        return ParsedTest(outcome="syntax_error", detail=f"line {error.lineno}: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return ParsedTest(outcome="syntax_error", detail=f"not parsed: {type(error).__name__}")
    if not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)):
        return ParsedTest(outcome="no_test", detail="the code imports nothing, so it tests nothing")
    return ParsedTest(outcome="ok", code=code.rstrip("\n") + "\n", digest=digest)
