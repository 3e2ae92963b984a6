"""preds.jsonl: one line per predicted instance, derived from the instances' own artifacts."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from agentless.files import unwritable, write_whole
from agentless.records import Prediction


def prediction_line(prediction: Prediction) -> str:
    """The leaderboard's line without its end: exactly three keys."""
    keys = {
        "instance_id": prediction.instance_id,
        "model_name_or_path": prediction.model_name_or_path,
        "model_patch": prediction.model_patch,
    }
    return json.dumps(keys, ensure_ascii=False)


def write_predictions(path: Path, predictions: Mapping[str, Prediction]) -> None:
    """Write all lines, sorted by instance id; the file is left alone when it holds just these.

    Raises:
        StoreError: the disk is full, read-only or broken.
    """
    data = lines_of(predictions[instance_id] for instance_id in sorted(predictions))
    try:
        same = path.is_file() and path.read_bytes() == data
    except OSError as error:
        raise unwritable(path, error) from error
    if not same:
        write_whole(path, data)


def lines_of(predictions: Iterable[Prediction]) -> bytes:
    """All lines in UTF-8; a lone surrogate, which no patch of a file can hold, becomes `?`."""
    return "".join(f"{prediction_line(prediction)}\n" for prediction in predictions).encode("utf-8", "replace")
