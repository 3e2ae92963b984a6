"""The answers of a dataset row: gold patch, test patch and the tests that decide. Never given to a stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentless.errors import DatasetError

FIELDS = ("instance_id", "repo", "base_commit", "patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What scoring one instance needs to know."""

    instance_id: str
    repo: str
    """`owner/name`; decides how the tests are run and read."""
    base_commit: str
    patch: str
    """The maintainers' fix, as a unified diff."""
    test_patch: str
    """Their tests, as a unified diff; applied after the candidate."""
    fail_to_pass: tuple[str, ...]
    """Tests that the fix must turn green, as the log names them."""
    pass_to_pass: tuple[str, ...]
    """Tests that must stay green."""


def read_gold(row: Mapping[str, Any]) -> Gold:
    """The gold fields of one dataset row.

    Args:
        row: a SWE-bench row; the two test lists are lists, or JSON texts of lists.

    Raises:
        DatasetError: a field is missing or of the wrong type; the text names it.
    """
    missing = [name for name in FIELDS if name not in row]
    if missing:
        raise DatasetError(f"row {row.get('instance_id', '?')!r} has no {', '.join(missing)}; scoring needs them")
    texts = {name: text_field(row, name) for name in FIELDS[:5]}
    return Gold(
        **texts, fail_to_pass=names_field(row, "FAIL_TO_PASS"), pass_to_pass=names_field(row, "PASS_TO_PASS")
    )


def text_field(row: Mapping[str, Any], name: str) -> str:
    """A field that must be text.

    Raises:
        DatasetError: it is not.
    """
    value = row[name]
    if not isinstance(value, str):
        raise DatasetError(f"row {row['instance_id']!r}: {name} is {type(value).__name__}, not text")
    return value


def names_field(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of test names, however the dataset stores it.

    Raises:
        DatasetError: neither a list of texts nor a JSON text of one.
    """
    value = row[name]
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise DatasetError(f"row {row['instance_id']!r}: {name} is not a JSON list") from error
    names = list(value) if isinstance(value, list | tuple) else None
    if names is None or not all(isinstance(item, str) for item in names):
        raise DatasetError(f"row {row['instance_id']!r}: {name} is not a list of test names")
    return tuple(names)
