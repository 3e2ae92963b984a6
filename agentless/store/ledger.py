"""Records by key in one append-only file: what was paid for stays, whatever was running when the process died.

One gzip member per record, as in the call trace. Names of tests repeat, so members take a tenth of their JSON.
"""

import json
import threading
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from agentless.members import append_member, read_members
from agentless.store.instance import adapter, as_line

Record = TypeVar("Record")


class FileLedger:
    """Keeps records by key; the last one of a key counts. Read whole at the first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, Any] | None = None
        self.guard = threading.Lock()

    def load(self, key: str, kind: type[Record]) -> Record | None:
        """The record of a key; None when there is none, or it is none of this kind.

        Raises:
            StoreError: the file is there but cannot be read.
        """
        with self.guard:
            found = self.known().get(key)
        if found is None:
            return None
        try:
            return cast(Record, adapter(cast(Hashable, kind)).validate_python(found))
        except (ValueError, RecursionError):
            return None

    def save(self, key: str, record: object) -> None:
        """Append a record in one write.

        Raises:
            StoreError: the disk is full or read-only; what was kept before is untouched.
        """
        line = as_line({"key": key, "record": record})
        with self.guard:
            known = self.known()
            append_member(self.path, line)
            known[key] = json.loads(line)["record"]

    def known(self) -> dict[str, Any]:
        """All records, read once."""
        if self.records is None:
            lines = read_lines(self.path)
            self.records = {line["key"]: line["record"] for line in lines if isinstance(line.get("key"), str)}
        return self.records


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of the file in order, none where there is no file; cut and foreign members are skipped.

    Raises:
        StoreError: the file is there but cannot be read.
    """
    for text in read_members(path, missing_ok=True):
        line = parsed(text)
        if line is not None:
            yield line


def parsed(text: bytes) -> dict[str, Any] | None:
    """The JSON object of a member with a record in it, None for anything else."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and "record" in line else None
