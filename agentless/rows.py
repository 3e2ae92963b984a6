"""Rows of a JSON file, one error for whatever is wrong with it."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agentless.errors import DatasetError

Numbered = Iterator[tuple[int, Any]]


def jsonl_rows(path: Path) -> Numbered:
    """One JSON value per line with the line's number from 1; blank lines are skipped.

    Lines end at LF alone: U+2028 may stand in a text.

    Raises:
        DatasetError: the file cannot be read, or a line is no JSON in UTF-8; the text names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, parsed(line, f"{path} line {number}")
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise no_text(path) from error


def json_rows(path: Path) -> Numbered:
    """The elements of a list, or the values of an object, counted from 1.

    Raises:
        DatasetError: the file cannot be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise no_text(path) from error
    content = parsed(text, str(path))
    if not isinstance(content, list | dict):
        raise DatasetError(f"{path} holds {type(content).__name__}, not a list of rows")
    yield from enumerate(content.values() if isinstance(content, dict) else content, start=1)


READERS: Mapping[str, Callable[[Path], Numbered]] = {".jsonl": jsonl_rows, ".json": json_rows}
"""By the file's suffix in small letters."""


def parsed(text: str, place: str) -> Any:
    """One JSON value.

    Raises:
        DatasetError: it is none; the text begins with the place.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{place} is not JSON: {error}") from error


def unreadable(path: Path, error: OSError) -> DatasetError:
    """The error of a file that cannot be opened or read."""
    return DatasetError(f"cannot read {path}: {error.strerror or error}")


def no_text(path: Path) -> DatasetError:
    """The error of a file in another encoding."""
    return DatasetError(f"{path} is not UTF-8 text")
