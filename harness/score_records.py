"""The evaluation folder: one record per patch, written whole or not at all, by one process at a time.

::

    evaluation/scores/<instance>/<patch key>.json                                      `Score`
               logs/run_evaluation/<patch key>/agentless/<instance>/{patch.diff,test_output.txt,report.json,...}
               report.json                                  swebench's own summary, schema 2
               samples.json                                 with --all-samples: instance -> attempt -> verdict
               gold_files.json                              instance -> files that the gold patch edits
               .lock
"""

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentless.errors import DatasetError, RunFolderError
from agentless.files import sweep, unwritable, write_whole
from agentless.texts import text_digest
from harness.outcomes import Outcome, Score

SYSTEM = "agentless"
"""Stands for the system's name in log paths: a name from a predictions file may hold anything."""
JUDGES = ("image", "eval_script", "log_parser", "eval_type", "repo", "version", "FAIL_TO_PASS", "PASS_TO_PASS")
"""Columns of a row that decide on a verdict."""
SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,150}")
"""Ids that are a folder, a part of a container's name and nothing else."""


def patch_key(patch: str) -> str:
    """First 16 hex digits of the SHA-256 of the patch; equal patches run once."""
    return text_digest(patch)


def row_key(row: Mapping[str, Any]) -> str:
    """Digest of the columns that judge; the image's name is not among those that a changed template touches."""
    judging = {name: row.get(name) for name in JUDGES if name != "image"}
    return text_digest(json.dumps(judging, sort_keys=True))


def check_id(instance_id: str) -> str:
    """The id, when it can name a folder.

    Raises:
        DatasetError: it cannot.
    """
    if not SAFE_ID.fullmatch(instance_id):
        raise DatasetError(
            f"instance id {instance_id[:80]!r} cannot name a folder; use letters, digits and . _ + -"
        )
    return instance_id


class Records:
    """The scores of one evaluation folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone in the folder, also against another machine's process on the same disk.

        Raises:
            RunFolderError: another process scores into it.
            StoreError: it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise unwritable(self.folder, error) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunFolderError(f"another process scores into {self.folder}; wait for it") from error
            sweep([self.folder, *self.folder.glob("scores/*")])
            yield

    def path(self, instance_id: str, key: str) -> Path:
        """Where a record lies."""
        return self.folder / "scores" / instance_id / f"{key}.json"

    def logs(self, instance_id: str, key: str) -> Path:
        """Where swebench writes its files, when it runs inside the evaluation folder."""
        return self.folder / "logs" / "run_evaluation" / key / SYSTEM / instance_id

    def load(self, instance_id: str, key: str) -> Score | None:
        """A record, None when there is none that can be read."""
        try:
            content = json.loads(self.path(instance_id, key).read_bytes())
            outcome = content.pop("outcome")
            for name in ("not_fixed", "broken"):
                outcome[name] = tuple(outcome[name])
            return Score(outcome=Outcome(**outcome), **content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def save(self, score: Score) -> None:
        """Write a record.

        Raises:
            StoreError: the disk is full or read-only.
        """
        write_json(self.path(score.instance_id, score.patch_key), asdict(score))

    def clear(self, instance_id: str, key: str) -> None:
        """Forget an earlier try: swebench takes whatever report.json it finds for the result.

        Raises:
            StoreError: it cannot be removed.
        """
        try:
            self.path(instance_id, key).unlink(missing_ok=True)
            folder = self.logs(instance_id, key)
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise unwritable(self.folder, error) from error


def write_json(path: Path, content: object) -> None:
    """Replace the file as a whole.

    Raises:
        StoreError: the disk is full or read-only; the old content is untouched.
    """
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
