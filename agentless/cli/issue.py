"""`--issue FILE|-|TEXT`."""

import sys
from pathlib import Path

from agentless.errors import InputError


def read_issue(value: str) -> str:
    """Text of the issue: a file's when the value names one, standard input for `-`, else the value itself.

    Raises:
        InputError: empty, not UTF-8, not readable, or one word that names no file: a mistyped path.
    """
    if value == "-":
        text = decode(sys.stdin.buffer.read(), "standard input")
    elif names_file(value):
        text = decode(read(Path(value)), value)
    else:
        text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if len(value.split()) == 1:
            fix = "give a file, the text itself, or - for standard input"
            raise InputError(f"--issue {text}: no such file; {fix}")
    if not text.strip():
        raise InputError("the issue is empty; give --issue a file, the text itself, or - for standard input")
    return text


def names_file(value: str) -> bool:
    """Whether the value is the path of a file or a pipe; a name that the system refuses is none."""
    try:
        return bool(value) and "\0" not in value and Path(value).exists() and not Path(value).is_dir()
    except OSError:
        return False


def read(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"--issue {path}: {error.strerror or error}") from error


def decode(data: bytes, name: str) -> str:
    """UTF-8 with or without a byte order mark.

    Raises:
        InputError: other encodings.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the issue in {name} is not UTF-8; convert it, e.g. with iconv -t UTF-8") from error
