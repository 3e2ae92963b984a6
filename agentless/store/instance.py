"""The numbered artifacts of one instance: typed, keyed, whole or not at all."""

import json
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from urllib.parse import quote, unquote

from pydantic import TypeAdapter

from agentless.errors import InfrastructureError, InputError, StoreError
from agentless.files import sync_folder, unwritable, write_whole
from agentless.records import Prediction
from agentless.store.keys import as_json

STEPS = ("localization", "candidates", "validation", "selection", "prediction")
"""Steps in order; step n lies in `<n>-<step>.json`, counted from 1."""

LONGEST_NAME = 200  # bytes; a file name ends at 255

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an instance has no result: error.json."""

    instance_id: str
    kind: Literal["infra", "input", "crash"]
    """infra: resume later; input: the user can fix it; crash: a defect of this program."""
    type: str
    message: str
    at: float
    """Seconds since 1970."""
    traceback: str = ""
    """Of a crash, for a bug report."""


class InstanceStore:
    """Saves and loads what was made for one instance.

    `on_prediction` hears of every saved prediction. A store without it is for readers: it moves no file.
    """

    def __init__(
        self, folder: Path, instance_id: str, on_prediction: Callable[[Prediction], None] | None = None
    ) -> None:
        self.folder = folder
        self.instance_id = instance_id
        self.on_prediction = on_prediction

    @property
    def calls_path(self) -> Path:
        """Where the trace of this instance's model calls lies."""
        return self.folder / "calls.jsonl.gz"

    @property
    def ledger_path(self) -> Path:
        """Where tests, baselines and cells of validation lie as they were made (`ledger.FileLedger`)."""
        return self.folder / "3-cells.jsonl.gz"

    def path(self, step: str) -> Path:
        """The artifact file of a step.

        Raises:
            ValueError: no such step.
        """
        if step not in STEPS:
            raise ValueError(f"no step {step!r}; there are: {', '.join(STEPS)}")
        return self.folder / f"{STEPS.index(step) + 1}-{step}.json"

    def save(self, step: str, key: str, record: object) -> None:
        """Replace the step's artifact; a prediction also goes into preds.jsonl and clears error.json.

        Raises:
            StoreError: the disk is full or read-only; the artifact before is untouched.
        """
        write_whole(self.path(step), encode({"key": key, "record": record}))
        if isinstance(record, Prediction) and self.on_prediction is not None:
            self.clear_error()
            self.on_prediction(record)

    def load(self, step: str, key: str, kind: type[Record]) -> Record | None:
        """The step's record, None when it is missing, was made for another key, or is corrupt.

        A corrupt file is kept aside as `<name>.corrupt`.

        Raises:
            StoreError: the file is there but cannot be read.
        """
        path = self.path(step)
        artifact = self.read(path)
        if artifact is None or artifact.get("key") != key:
            return None
        return self.checked(path, artifact, kind)

    def latest(self, step: str, kind: type[Record]) -> Record | None:
        """The step's record whatever its key, for reports; None when missing or corrupt.

        Raises:
            StoreError: the file is there but cannot be read.
        """
        path = self.path(step)
        artifact = self.read(path)
        return None if artifact is None else self.checked(path, artifact, kind)

    def save_error(self, error: BaseException) -> None:
        """Write down why this instance stopped.

        Raises:
            StoreError: the disk is full or read-only.
        """
        kind: Literal["infra", "input", "crash"] = "crash"
        if isinstance(error, InfrastructureError):
            kind = "infra"
        elif isinstance(error, InputError):
            kind = "input"
        lines = traceback.format_exception(error) if kind == "crash" else []
        failure = Failure(
            instance_id=self.instance_id,
            kind=kind,
            type=type(error).__name__,
            message=str(error),
            at=time.time(),
            traceback="".join(lines),
        )
        write_whole(self.folder / "error.json", encode(failure))

    def load_error(self) -> Failure | None:
        """Why this instance stopped last time; None when it did not, or the note is corrupt.

        Raises:
            StoreError: the file is there but cannot be read.
        """
        path = self.folder / "error.json"
        noted = self.read(path)
        return None if noted is None else self.checked(path, {"record": noted}, Failure)

    def clear_error(self) -> None:
        """Forget error.json, since the instance has gone on.

        Raises:
            StoreError: it cannot be removed.
        """
        path = self.folder / "error.json"
        try:
            if path.exists():
                path.unlink()
                sync_folder(self.folder)
        except OSError as error:
            raise unwritable(path, error) from error

    def read(self, path: Path) -> dict[str, Any] | None:
        """The JSON object in the file; None when it is missing or corrupt."""
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"could not read {path}: {error.strerror or error}") from error
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            self.set_aside(path)
            return None
        return content

    def checked(self, path: Path, artifact: dict[str, Any], kind: type[Record]) -> Record | None:
        """The artifact's record, validated; None when it is none of this kind."""
        try:
            return cast(Record, adapter(cast(Hashable, kind)).validate_python(artifact.get("record")))
        except (ValueError, RecursionError):
            self.set_aside(path)
            return None

    def set_aside(self, path: Path) -> None:
        """Keep a corrupt file under a free name, so that nothing is lost and the step is made again."""
        if self.on_prediction is None:
            return
        aside = path.with_name(f"{path.name}.corrupt")
        number = 2
        while aside.exists():
            aside = path.with_name(f"{path.name}.corrupt-{number}")
            number += 1
        try:
            path.replace(aside)
        except OSError as error:
            raise unwritable(aside, error) from error


def as_line(value: object) -> bytes:
    """JSON in UTF-8 on one line; a lone surrogate, which no file can hold, becomes `?`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=as_json)
    return text.encode("utf-8", "replace") + b"\n"


def encode(value: object) -> bytes:
    """Readable JSON in UTF-8; a lone surrogate, which no file can hold, becomes `?`."""
    return json.dumps(value, ensure_ascii=False, indent=1, default=as_json).encode("utf-8", "replace") + b"\n"


@lru_cache(maxsize=32)
def adapter(kind: Any) -> TypeAdapter[Any]:
    """The validator of a record type; building one takes milliseconds, hence the cache."""
    return TypeAdapter(kind)


def folder_name(instance_id: str) -> str:
    """The instance id as one harmless folder name: `../x` and the like are percent-encoded.

    Raises:
        InputError: the id is empty, or longer than 200 bytes once encoded.
    """
    name = quote(instance_id, safe="", errors="surrogatepass")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if not 0 < len(name) <= LONGEST_NAME:
        raise InputError(f"instance id {instance_id[:60]!r}: an id has 1 to {LONGEST_NAME} bytes")
    return name


def instance_id_of(name: str) -> str:
    """The instance id that `folder_name` encoded."""
    return unquote(name, errors="surrogatepass")
