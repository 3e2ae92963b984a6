import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentless.cli import images
from agentless.cli.main import main
from agentless.errors import InputError
from harness.engine import connect
from harness.pypi import base
from harness.pypi.environment import environment_layer
from harness.pypi.instance import instance_layer
from harness.pypi.layer import COMMIT, LABEL, PART
from harness.pypi.recipes import recipe_of, rows


class Engine:
    """An engine where some instances and what they stand on are there already."""

    def __init__(self, *instance_ids: str) -> None:
        self.images = self.api = self
        self.labels = {base.TAG: {LABEL: base.DIGEST, PART: "base"}}
        self.removed: list[str] = []
        for row in (rows()[name] for name in instance_ids):
            environment = environment_layer(recipe_of(row), base.TAG, base.DIGEST)
            layer = instance_layer(row, recipe_of(row), environment)
            self.labels[environment.tag] = {LABEL: environment.digest, PART: "environment"}
            self.labels[layer.tag] = {LABEL: layer.digest, PART: "instance", COMMIT: "c" * 40}

    def get(self, tag: str) -> Any:
        return SimpleNamespace(labels=self.labels.get(tag, {}))

    def containers(self, **_: object) -> list[Any]:
        return []

    def list(self, **_: object) -> list[Any]:
        found = [(tag, labels) for tag, labels in self.labels.items() if tag not in self.removed]
        return [SimpleNamespace(tags=[tag], labels=labels, attrs={"Size": 2e8}) for tag, labels in found]

    def remove(self, tag: str) -> None:
        self.removed.append(tag)


FLASK, REQUESTS = "pallets__flask-5014", "psf__requests-6028"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "agentless"


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    images.add_arguments(parser)
    return parser.parse_args(arguments)


def test_build_writes_the_dataset_and_prints_one_line_each(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "rows.jsonl"
    args = parsed("build", "--from-pypi", REQUESTS, FLASK, "--output", str(output))
    assert images.build(Engine(FLASK, REQUESTS), args) == 0
    written = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["instance_id"] for row in written] == [REQUESTS, FLASK]
    assert all(row["base_commit"] == "c" * 40 for row in written)
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()] == [REQUESTS, FLASK]
    assert f"--dataset {output}" in shown.err


def test_without_an_output_the_rows_lie_in_the_cache(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert images.build(Engine(FLASK), parsed("build", "--from-pypi", FLASK, "--json")) == 0
    shown = json.loads(capsys.readouterr().out)
    assert Path(shown["dataset"]) == cache / "instances.jsonl"
    assert Path(shown["dataset"]).is_file()
    assert shown["images"] == [
        {"instance_id": FLASK, "image": rows()[FLASK]["image"], "base_commit": "c" * 40},
    ]


def test_all_means_all(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert images.build(Engine(*rows()), parsed("build", "--from-pypi", "all")) == 0
    assert len(capsys.readouterr().out.splitlines()) == 13


def test_list_prints_lowest_first(capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine(FLASK)
    assert images.show(engine, parsed("list")) == 0
    parts = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert parts == ["base", "environment", "instance"]
    assert images.show(engine, parsed("list", "--json")) == 0
    assert json.loads(capsys.readouterr().out)[0] == {"tag": base.TAG, "part": "base", "size": 200_000_000}


def test_remove_all_begins_at_the_top(capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine(FLASK)
    assert images.remove(engine, parsed("remove", "all", "--json")) == 0
    assert engine.removed == [rows()[FLASK]["image"], "agentless/pypi-env:flask-2.3.0", base.TAG]
    assert json.loads(capsys.readouterr().out) == engine.removed


def test_remove_refuses_what_was_not_made_here() -> None:
    engine = Engine(FLASK)
    with pytest.raises(InputError, match="python:3 is no image that was made here"):
        images.remove(engine, parsed("remove", "python:3"))
    assert engine.removed == []


@pytest.mark.parametrize("arguments", [[], ["build"], ["remove"], ["rebuild"]])
def test_bad_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["images", *arguments])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("agentless images") and said.endswith(" --help\n") and len(said.splitlines()) == 1


def test_without_an_engine_it_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://nowhere")
    assert main(["images", "list"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("agentless images: cannot reach Docker")


@pytest.fixture
def tag() -> Iterator[str]:
    """An image that was made here, of nothing."""
    client = connect()
    name = "agentless-test/cli-images:latest"
    client.api.import_image_from_data(bytes(1024), repository=name, changes=[f"LABEL {LABEL}=1"])
    yield name
    for image in client.images.list(name=name):
        client.images.remove(image.id, force=True)
    client.close()


@pytest.mark.docker
def test_the_real_engine_lists_and_removes(tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "list"]) == 0
    assert tag in capsys.readouterr().out
    assert main(["images", "remove", tag]) == 0
    assert f"removed {tag}" in capsys.readouterr().err
    assert main(["images", "remove", tag]) == 2
    assert "no image that was made here" in capsys.readouterr().err


@pytest.mark.docker
def test_the_real_engine_knows_no_such_instance(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "build", "--from-pypi", "a__b-1"]) == 2
    assert "no recipe for a__b-1; there are: " in capsys.readouterr().err
