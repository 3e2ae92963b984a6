"""Dataset rows that can be scored: whole, gold included; never given to a stage."""

import asyncio
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from agentless.errors import DatasetError
from agentless.rows import READERS, jsonl_rows
from harness.score_pool import Worker, WorkerError
from harness.score_records import check_id

Row = dict[str, Any]

OFFICIAL = {"verified": "SWE-bench/SWE-bench_Verified"}
"""Names of datasets that stand for a download."""
NEEDED = (
    "instance_id", "repo", "version", "image", "eval_script", "log_parser", "eval_type", "FAIL_TO_PASS",
    "PASS_TO_PASS",
)  # fmt: skip
"""Columns that swebench 5 reads."""
NEW = ("image", "eval_script", "log_parser", "eval_type")
"""Columns that classic rows of twelve columns do not have."""
LOAD_SECONDS = 1800.0


def load_rows(dataset: str) -> dict[str, Row]:
    """The rows by instance id, in the dataset's order.

    Args:
        dataset: a `.jsonl`, `.json` or `.parquet` file, or `verified`, which is downloaded.

    Raises:
        DatasetError: it cannot be read, or a row cannot be scored; the text names the row and what it lacks.
    """
    if dataset in OFFICIAL:
        found = asyncio.run(swebench_rows(OFFICIAL[dataset]))
    else:
        path = Path(dataset)
        if not path.is_file():
            raise DatasetError(f"no dataset file {dataset}; name a .jsonl, .json or .parquet file, or: verified")
        reader = READERS.get(path.suffix.lower())
        found = values(reader(path)) if reader else asyncio.run(swebench_rows(str(path.resolve())))
    rows: dict[str, Row] = {}
    for number, row in enumerate(found, start=1):
        place = f"{dataset} row {number}"
        checked = check_row(row, place)
        if checked["instance_id"] in rows:
            raise DatasetError(f"{place}: {checked['instance_id']} is there twice")
        rows[checked["instance_id"]] = checked
    if not rows:
        raise DatasetError(f"{dataset} has no rows")
    return rows


def check_row(row: object, place: str) -> Row:
    """The row, when swebench 5 can score it.

    Raises:
        DatasetError: it is no object, or lacks a column.
    """
    if not isinstance(row, dict):
        raise DatasetError(f"{place} is {type(row).__name__}, not an object with columns")
    named = f"{place} ({row['instance_id']})" if isinstance(row.get("instance_id"), str) else place
    missing = [name for name in NEEDED if row.get(name) is None]
    if missing and set(missing) <= set(NEW):
        raise DatasetError(
            f"{named} is a classic row without {', '.join(missing)}, which cannot be scored; use the official "
            f"dataset {OFFICIAL['verified']} in its present form: --dataset verified, or a file of it"
        )
    if missing:
        raise DatasetError(f"{named} lacks {', '.join(missing)}; scoring needs them")
    for name in NEEDED[:7]:
        if not isinstance(row[name], str):
            raise DatasetError(f"{named}: {name} is {type(row[name]).__name__}, not text")
    check_id(row["instance_id"])
    return row


def known_ids(wanted: Iterable[str], rows: Collection[str], *, skip: bool) -> list[str]:
    """The wanted ids that have a row.

    Args:
        skip: leave the others out; else they stop the run.

    Raises:
        DatasetError: an id has no row and `skip` is off; or none has one.
    """
    listed = list(wanted)
    known = [name for name in listed if name in rows]
    unknown = [name for name in listed if name not in rows]
    if unknown and not skip:
        shown = ", ".join(name[:80] for name in unknown[:20]) + (", ..." if len(unknown) > 20 else "")
        raise DatasetError(f"{len(unknown)} ids are not in the dataset: {shown}; --skip-unknown leaves them out")
    if listed and not known:
        raise DatasetError(f"none of the {len(listed)} ids is in the dataset; name the right --dataset")
    return known


def values(numbered: Iterable[tuple[int, Any]]) -> list[Any]:
    """The rows without the numbers of their lines."""
    return [row for _, row in numbered]


async def swebench_rows(name: str) -> list[Any]:
    """What swebench's own loader gives, in a process of its own.

    Args:
        name: a dataset's name on Hugging Face, or a parquet file.

    Raises:
        DatasetError: no network, no such dataset, or no parquet file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "rows.jsonl"
        job = {"op": "rows", "name": name, "split": "test", "target": str(target)}
        async with Worker(Path(scratch)) as worker:
            try:
                await worker.ask(job, LOAD_SECONDS)
            except WorkerError as error:
                hint = (
                    "" if name.endswith(".parquet") else "; without a network, name a file of it: --dataset FILE"
                )
                raise DatasetError(f"cannot load {name} ({worker.last_words()}){hint}") from error
        return values(jsonl_rows(target))
