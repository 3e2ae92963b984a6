"""Problems: rows of a SWE-bench dataset, or an issue with the user's own repository.

A row is reduced to the fields of `Instance` at the door. Gold answers (patch, test patch, test lists, hints) are
never kept, and not even read from a parquet file.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agentless.errors import DatasetError, InputError
from agentless.records import Instance
from agentless.rows import READERS, unreadable
from agentless.texts import encodable

REQUIRED = ("instance_id", "repo", "base_commit", "problem_statement")
OPTIONAL = ("version", "image")

Row = Mapping[str, Any]


def load_instances(path: str | Path, *, ids: Sequence[str] = (), limit: int | None = None) -> list[Instance]:
    """The instances of a dataset file, in its order.

    Args:
        path: a `.jsonl`, `.json` (a list of rows, or an object of rows by id) or `.parquet` file; rows of
            SWE-bench 5, and classic rows of twelve columns (these name no image).
        ids: only these; all when empty.
        limit: at most so many, counted after `ids`.

    Raises:
        DatasetError: unreadable file, a row without a field or with an empty issue, an id twice, an unknown id;
            the text names the row.
    """
    source = Path(path)
    if limit is not None and limit < 1:
        raise DatasetError(f"limit {limit}: name at least 1 instance")
    instances: dict[str, Instance] = {}
    rows: dict[str, int] = {}
    for number, row in read_rows(source):
        instance = read_instance(row, f"{source} row {number}")
        if instance.instance_id in instances:
            raise DatasetError(
                f"{source} row {number}: {instance.instance_id} is already in row {rows[instance.instance_id]}"
            )
        instances[instance.instance_id] = instance
        rows[instance.instance_id] = number
    if not instances:
        raise DatasetError(f"{source} has no rows")
    check_known(ids, instances)
    chosen = [instance for instance in instances.values() if not ids or instance.instance_id in set(ids)]
    return chosen[:limit]


def own_instance(repo_path: str | Path, issue_text: str, commit: str = "") -> Instance:
    """An issue about a repository of the user's own.

    The id is the folder's name with a digest of issue and commit, so that another issue is another instance.

    Raises:
        InputError: the issue is empty.
    """
    if not issue_text.strip():
        raise InputError("the issue is empty; give --issue a file, - for standard input, or the text itself")
    folder = Path(repo_path).resolve()
    digest = hashlib.sha256(f"{commit}\n{issue_text}".encode("utf-8", "replace")).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip(".-")[:80] or "repository"
    return Instance(
        instance_id=f"{name}-{digest}",
        repo=str(folder),
        base_commit=commit,
        problem_statement=encodable(issue_text),
    )


def dataset_digest(path: str | Path) -> str:
    """First 16 hex digits of the SHA-256 of the dataset file; goes into the manifest.

    Raises:
        DatasetError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise unreadable(Path(path), error) from error


def read_instance(row: Row, place: str) -> Instance:
    """The row's own six fields; everything else is dropped here.

    Raises:
        DatasetError: a field is missing, no text, or empty.
    """
    named = row.get("instance_id")
    place = f"{place} ({named})" if isinstance(named, str) and named else place
    missing = [name for name in REQUIRED if row.get(name) is None]
    if missing:
        raise DatasetError(f"{place} lacks {', '.join(missing)}; a row needs {', '.join(REQUIRED)}")
    fields = {name: row[name] for name in (*REQUIRED, *OPTIONAL) if row.get(name) is not None}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise DatasetError(f"{place}: {name} is {type(value).__name__}, not text")
        if name in REQUIRED and not value.strip():
            raise DatasetError(f"{place}: {name} is empty")
    return Instance(**{name: encodable(value) for name, value in fields.items()})


def check_known(ids: Iterable[str], instances: Mapping[str, Instance]) -> None:
    """Refuse ids that the dataset lacks.

    Raises:
        DatasetError: names the unknown ids, each with the id that looks most like it.
    """
    unknown = []
    for wanted in ids:
        if wanted not in instances:
            close = get_close_matches(wanted, list(instances), n=1)
            unknown.append(f"{wanted} (did you mean {close[0]}?)" if close else wanted)
    if unknown:
        raise DatasetError(f"not in the dataset: {', '.join(unknown)}")


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Rows with their numbers, counted from 1 (lines, for .jsonl).

    Raises:
        DatasetError: the file or a row of it cannot be read.
    """
    reader = {**READERS, ".parquet": parquet_rows}.get(path.suffix.lower())
    if reader is None:
        raise DatasetError(f"{path}: a dataset is a .jsonl, .json or .parquet file")
    for number, row in reader(path):
        if not isinstance(row, Mapping):
            raise DatasetError(f"{path} row {number} is {type(row).__name__}, not an object with fields")
        yield number, row


def parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows with only our columns; pyarrow comes with the `parquet` extra.

    Raises:
        DatasetError: no pyarrow, or no readable file.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise DatasetError(f"{path} needs pyarrow: pip install 'agentless-swe[parquet]'") from error
    try:
        with parquet.ParquetFile(path) as file:
            columns = [name for name in (*REQUIRED, *OPTIONAL) if name in file.schema_arrow.names]
            rows = file.read(columns=columns).to_pylist()
    except OSError as error:
        raise unreadable(path, error) from error
    except ArrowException as error:
        raise DatasetError(f"{path} is no readable parquet file: {str(error).splitlines()[0]}") from error
    yield from enumerate(rows, start=1)
