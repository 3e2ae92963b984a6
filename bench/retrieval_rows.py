"""Rows of a dataset with their indexes, one after the other or in several processes."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from agentless.errors import RepositoryError
from agentless.repo import BlobCache, Index, RepoSnapshot

Row = dict[str, Any]
Result = TypeVar("Result")
OLD_PATH = re.compile(r"^--- a/(.+?)\t?$", re.MULTILINE)
ROWS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What a row gave, or why it could not be read."""

    instance_id: str
    result: Result | None = None
    error: str = ""


def read_rows(dataset: Path) -> list[Row]:
    """Rows of a JSON or JSONL file, by repository and commit, so that neighbours share most blobs."""
    text = dataset.read_text(encoding="utf-8")
    rows = (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(x) for x in text.splitlines() if x.strip()]
    )
    return sorted(rows, key=lambda row: (str(row["repo"]), str(row["base_commit"]), str(row["instance_id"])))


def gold_files(row: Row) -> list[str]:
    """Files of the base commit that the gold patch changes or removes; new files cannot be found."""
    return sorted(set(OLD_PATH.findall(str(row["patch"]))))


def folder_of(repos: Path, repo: str) -> Path | None:
    """The repository's folder: owner/name, owner__name or owner+name, as it is or with `repo` below it."""
    for name in (repo, repo.replace("/", "__"), repo.replace("/", "+")):
        for folder in (repos / name / "repo", repos / name):
            if (folder / "HEAD").exists() or (folder / ".git").exists():
                return folder
    return None


def over_rows(
    rows: Sequence[Row], repos: Path, work: Callable[[Row, Index], Result], workers: int
) -> Iterator[Outcome[Result]]:
    """What the work makes of each row, in order; progress on standard error.

    Args:
        rows: neighbours should be of one repository.
        repos: folder of git repositories.
        work: a function of a module, so that another process can import it.
        workers: processes; 1 works in this one.
    """
    one = partial(work_on, repos=repos, work=work)
    pool = ProcessPoolExecutor(workers) if workers > 1 else None
    try:
        outcomes = pool.map(one, rows, chunksize=ROWS_AT_ONCE) if pool else map(one, rows)
        for number, outcome in enumerate(outcomes, start=1):
            print(f"\r{number} of {len(rows)}", end="", file=sys.stderr, flush=True)
            yield outcome
    finally:
        print(file=sys.stderr)
        if pool:
            pool.shutdown(cancel_futures=True)


def work_on(row: Row, repos: Path, work: Callable[[Row, Index], Result]) -> Outcome[Result]:
    """One row; a repository or an object that is not at hand is an outcome."""
    instance_id, folder = str(row["instance_id"]), folder_of(repos, str(row["repo"]))
    if folder is None:
        return Outcome(instance_id, error=f"no repository {row['repo']} in {repos}")
    try:
        with BlobCache.open() as cache, RepoSnapshot.open(folder, str(row["base_commit"])) as snapshot:
            return Outcome(instance_id, work(row, Index.build(snapshot, cache)))
    except RepositoryError as error:
        return Outcome(instance_id, error=str(error))
