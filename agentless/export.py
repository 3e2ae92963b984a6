"""Selections as predictions, and prediction files of ours or anybody's: checked on the way in and out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from agentless.errors import DatasetError
from agentless.files import write_whole
from agentless.records import Prediction, Selection
from agentless.rows import parsed
from agentless.store import prediction_line

KEYS = ("instance_id", "model_name_or_path", "model_patch")


def predictions_of(selections: Iterable[Selection], model_name: str) -> list[Prediction]:
    """One prediction per selection, an empty patch where no sample gave one."""
    return [
        Prediction(instance_id=item.instance_id, model_name_or_path=model_name, model_patch=item.patch)
        for item in selections
    ]


def write_preds(path: str | Path, predictions: Iterable[Prediction]) -> None:
    """Write one line per prediction, in the given order, whole or not at all.

    Raises:
        DatasetError: an instance twice, or a patch that is no unified diff.
        StoreError: the disk is full or read-only.
    """
    checked = check_all((f"prediction {number}", item) for number, item in enumerate(predictions, start=1))
    text = "".join(f"{prediction_line(prediction)}\n" for prediction in checked)
    write_whole(Path(path), text.encode("utf-8", "replace"))


def read_preds(path: str | Path, *, check_patches: bool = True) -> list[Prediction]:
    """Predictions of any system: a `.jsonl`, or a `.json` with a list, or with an object by instance id.

    Further keys are ignored. An object's key stands for an instance_id that its value does not name.

    Args:
        check_patches: refuse a patch that is no unified diff; scoring does not, since it has a verdict for these.

    Raises:
        DatasetError: unreadable file, a prediction without one of the three keys, an instance twice, or such a
            patch; the text names the line.
    """
    source = Path(path)
    try:
        text = source.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(f"cannot read {source}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{source} is not UTF-8 text") from error
    if source.suffix == ".json":
        places = [(f"{source} entry {n}", row) for n, row in enumerate(json_rows(text, source), start=1)]
    else:
        lines = [(f"{source} line {number}", line) for number, line in enumerate(text.split("\n"), start=1)]
        places = [(place, parsed(line, place)) for place, line in lines if line.strip()]
    found = ((place, read_prediction(row, place)) for place, row in places)
    return check_all(found, check_patches=check_patches)


def json_rows(text: str, source: Path) -> list[Any]:
    """The predictions of a `.json` file.

    Raises:
        DatasetError: neither a list nor an object, or a value that names another instance than its key.
    """
    content = parsed(text, str(source))
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        raise DatasetError(f"{source} holds {type(content).__name__}, not a list of predictions")
    if set(content) == set(KEYS):
        return [content]
    rows = []
    for name, value in content.items():
        if isinstance(value, dict) and value.get("instance_id", name) != name:
            raise DatasetError(f"{source}: {name} holds a prediction of {value['instance_id']}")
        rows.append({"instance_id": name, **value} if isinstance(value, dict) else value)
    return rows


def read_prediction(row: Any, place: str) -> Prediction:
    """A row with the three keys, whatever else it has.

    Raises:
        DatasetError: a key is missing, or a value is not text. A null patch counts as an empty one.
    """
    if not isinstance(row, dict):
        raise DatasetError(f"{place} is {type(row).__name__}, not an object; a prediction has {', '.join(KEYS)}")
    missing = [name for name in KEYS if name not in row]
    if missing:
        raise DatasetError(f"{place} lacks {', '.join(missing)}; a prediction has {', '.join(KEYS)}")
    values = {name: row[name] for name in KEYS}
    values["model_patch"] = "" if row["model_patch"] is None else row["model_patch"]
    for name in KEYS:
        if not isinstance(values[name], str):
            raise DatasetError(f"{place}: {name} is {type(values[name]).__name__}, not text")
    return Prediction(**values)


def check_all(predictions: Iterable[tuple[str, Prediction]], *, check_patches: bool = True) -> list[Prediction]:
    """The predictions, each instance once and, if wanted, each patch readable.

    Raises:
        DatasetError: names the place, the instance and what is wrong.
    """
    seen: dict[str, Prediction] = {}
    for place, prediction in predictions:
        name = prediction.instance_id
        if not name.strip():
            raise DatasetError(f"{place}: instance_id is empty")
        if name in seen:
            raise DatasetError(f"{place}: {name} is predicted twice")
        problem = patch_problem(prediction.model_patch) if check_patches else ""
        if problem:
            raise DatasetError(f"{place}: the patch of {name} is no unified diff ({problem})")
        seen[name] = prediction
    return list(seen.values())


def patch_problem(patch: str) -> str:
    """Why a patch cannot be read, "" when it can or is empty."""
    if not patch.strip():
        return ""
    try:
        changes = PatchSet(patch)
    except (UnidiffParseError, ValueError) as error:
        return str(error).strip().split("\n", 1)[0] or type(error).__name__
    return "" if len(changes) else "it changes no file"
