"""`--issue FILE|-|TEXT`."""

import sys
from pathlib import Path

from agentless.errors import InputError

LONGEST_NAME = 255


def read_issue(value: str) -> str:
    """Text of the issue: a file's when the value names one, standard input for `-`, else the value itself.

    Raises:
        InputError: empty, not UTF-8, or a word that looks like the path of a missing file.
    """
    if value == "-":
        text = decode(sys.stdin.buffer.read(), "standard input")
    elif names_file(value):
        text = decode(Path(value).read_bytes(), value)
    else:
        text = value
        if looks_like_path(value):
            raise InputError(
                f"--issue {value}: no such file; give a file, the text itself, or - for standard input"
            )
    if not text.strip():
        raise InputError("the issue is empty; give --issue a file, the text itself, or - for standard input")
    return text


def names_file(value: str) -> bool:
    """Whether the value is the path of a readable file."""
    return "\n" not in value and len(value) <= LONGEST_NAME * 16 and "\0" not in value and is_file(value)


def is_file(value: str) -> bool:
    """Path.is_file for any string: a name that the system refuses is no file."""
    try:
        return bool(value) and Path(value).is_file()
    except OSError:
        return False


def looks_like_path(value: str) -> bool:
    """One word with a text file's suffix or a folder separator: a mistyped path rather than an issue."""
    words = value.split()
    return len(words) == 1 and (value.endswith((".md", ".txt", ".rst")) or "/" in value)


def decode(data: bytes, name: str) -> str:
    """UTF-8 with or without a byte order mark.

    Raises:
        InputError: other encodings.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the issue in {name} is not UTF-8; convert it, e.g. with iconv -t UTF-8") from error
