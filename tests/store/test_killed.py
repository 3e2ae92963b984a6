"""Kill between any two writes: nothing that was acknowledged is lost, nothing is there twice or half."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentless.records import Candidates, Localization, Prediction
from agentless.store import RunStore
from tests.store.faults import quick_folder
from tests.store.killed import INSTANCES, play
from tests.store.records import candidates, localization, manifest, prediction


@pytest.fixture(scope="module")
def deaths() -> Iterator[list[Path]]:
    """One folder per point of death, and the last one of a run that lived."""
    with tempfile.TemporaryDirectory(dir=quick_folder()) as folder:
        command = [sys.executable, "-m", "tests.store.killed", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield [Path(folder) / str(step) for step in range(1, int(done.stdout) + 1)]


def lines(folder: Path) -> list[dict[str, str]]:
    path = folder / "preds.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def acknowledged(folder: Path) -> list[list[str]]:
    return [line.split(" ") for line in folder.with_name(f"{folder.name}.acknowledged").read_text().splitlines()]


def test_the_script_dies_at_every_write(deaths: list[Path]) -> None:
    assert len(deaths) > 60
    assert len(acknowledged(deaths[-1])) == 4 * len(INSTANCES)
    assert not acknowledged(deaths[0])


def test_what_readers_see_is_whole_even_before_the_next_start(deaths: list[Path]) -> None:
    for folder in deaths:
        found = [line["instance_id"] for line in lines(folder)]
        assert len(found) == len(set(found))
        for artifact in folder.glob("instances/*/[1-5]-*.json"):
            assert set(json.loads(artifact.read_text())) == {"key", "record"}


def check_saved(run: RunStore, told: list[list[str]]) -> None:
    for name, step, *rest in told:
        store = run.instance(name)
        if step == "localization":
            assert store.load("localization", "k1", Localization) == localization(name)
        if step == "candidates":
            saved = store.load("candidates", "k2", Candidates)
            assert saved in (candidates(name, 1), candidates(name, 2))
            assert saved is not None
            assert len(saved.samples) >= int(rest[0])
        if step == "prediction":
            assert store.load("prediction", "k3", Prediction) == prediction(name, f"patch of {name}\n")
            assert store.load_error() is None


def test_the_next_start_finds_everything_acknowledged_and_finishes_the_same_run(deaths: list[Path]) -> None:
    whole = lines(deaths[-1])
    assert len(whole) == len(INSTANCES)
    for folder in deaths:
        with RunStore.open(folder, manifest()) as run:
            check_saved(run, acknowledged(folder))
            predicted = {name for name, step, *_ in acknowledged(folder) if step == "prediction"}
            assert predicted <= {line["instance_id"] for line in lines(folder)}
        assert not [path for path in folder.rglob("*") if ".tmp-" in path.name or "corrupt" in path.name]
        with (folder / "again").open("w") as told:
            play(folder, told.fileno())
        assert lines(folder) == whole
