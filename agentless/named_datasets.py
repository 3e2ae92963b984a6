"""Datasets by name: fetched once through `datasets`, kept as a file of rows in the cache."""

import json
import logging
from pathlib import Path
from typing import Any

from agentless.errors import ConfigError, DownloadError
from agentless.files import write_whole
from agentless.folders import cache_folder

NAMES = {"verified": ("SWE-bench/SWE-bench_Verified", "test", 500)}
"""Name -> Hugging Face dataset, its split, and how many rows it has."""


def dataset_file(value: str, folder: Path | None = None) -> Path:
    """The file of a dataset: a path as it is, a name from the cache or, the first time, from its hub.

    Args:
        value: a path, or a name of `NAMES`.
        folder: of fetched datasets, default the cache's `datasets`.

    Raises:
        ConfigError: a name, and the library `datasets` is not installed.
        DownloadError: the hub cannot be reached, or gave fewer rows; the text names a file as the other way.
        StoreError: the cache cannot be written.
    """
    if value not in NAMES or Path(value).is_file():
        return Path(value).expanduser()
    name, split, count = NAMES[value]
    target = (folder or cache_folder() / "datasets") / f"{value}.jsonl"
    if not target.is_file():
        rows = fetch_rows(name, split)
        if len(rows) != count:
            raise DownloadError(
                f"{name} gave {len(rows)} rows instead of {count}; give a file with --dataset FILE"
            )
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_whole(target, text.encode("utf-8", "replace"))
    return target


def fetch_rows(name: str, split: str) -> list[dict[str, Any]]:
    """All rows of a split.

    Raises:
        ConfigError: the library is missing.
        DownloadError: the hub cannot be reached.
    """
    try:
        from datasets import load_dataset
        from datasets.exceptions import DatasetsError
    except ImportError as error:
        raise ConfigError(
            "datasets by name need the extra harness: pip install 'agentless-swe[harness]', or --dataset FILE"
        ) from error
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # each retry would be a warning of its own
    try:
        return [dict(row) for row in load_dataset(name, split=split)]
    except (DatasetsError, OSError, ValueError) as error:
        said = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DownloadError(
            f"cannot fetch {name} ({said}); give a file of its rows with --dataset FILE"
        ) from error
