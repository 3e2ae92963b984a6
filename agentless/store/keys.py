"""Keys: the digest of everything that a step depends on.

A value's digest is the SHA-256 of its canonical JSON: sorted keys, no blanks, records and configurations as
objects. Tuples and lists are equal, and so are a record in memory and the same record read back from disk.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel


def key_of(*parts: object) -> str:
    """32 hex digits that change when any part changes; the order of the parts counts.

    Raises:
        TypeError: a part is neither JSON, a dataclass, a pydantic model, a path nor an enum.
    """
    return hashlib.sha256(canonical(parts)).hexdigest()[:32]


def digest_of(record: object) -> str:
    """`key_of` one record or a tuple of records."""
    return key_of(record)


def canonical(value: object) -> bytes:
    """Canonical JSON in UTF-8; a lone surrogate, which no file can hold, becomes `?`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=as_json)
    return text.encode("utf-8", "replace")


def as_json(value: object) -> Any:
    """What `json` writes for a value that it does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} cannot be part of a key: {value!r}")
