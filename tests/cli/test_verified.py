import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agentless.cli.verified import arguments, check_servers, checkpoints, perform, steps, verified
from agentless.config import load_config
from agentless.errors import InputError
from agentless.profiles import ladder
from tests.llm.openai_server import FakeOpenAI, running

FAKE = str(Path(__file__).parents[1] / "llm" / "fake_vllm.py")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"instance_id": "a__b-1"}) + "\n")
    return file


def lines(*options: str) -> dict[str, list[str]]:
    return dict(steps(arguments(["--model=nemotron-cascade-8b", *options])))


def test_the_steps_of_a_whole_run() -> None:
    found = lines("--preset=nemotron-cascade-paper", "--base-url=http://a/v1 http://b/v1", "--limit=3", "--gpus=2")
    assert list(found) == ["run", "score", "report", "export"]
    folder = "runs/nemotron-cascade-8b-nemotron-cascade-paper"
    assert found["run"] == [
        "run", "--dataset", "verified", "--run-dir", folder, "--model", "nemotron-cascade-8b",
        "--preset", "nemotron-cascade-paper", "--base-url", "http://a/v1", "--base-url", "http://b/v1",
        "--limit", "3", "--set", "model.gpus=2",
    ]  # fmt: skip
    assert found["score"] == ["score", folder, "--dataset", "verified", "--all-samples"]
    assert found["export"][-1] == f"{folder}/submission"


def test_only_few_samples_are_each_scored() -> None:
    assert "--all-samples" not in lines()["score"]
    assert "--all-samples" in lines("--set", "repair.samples=4")["score"]


def test_empty_variables_of_make_are_not_given() -> None:
    found = lines("--preset=", "--run-dir=", "--base-url=", "--limit=", "--gpus=", "--repos=", "--workers=")
    assert found["run"][-2:] == ["--preset", "nemotron-cascade"]


def test_a_step_that_failed_in_part_does_not_stop_the_others() -> None:
    codes, called = [0, 1, 0, 0], []

    def call(line: Sequence[str]) -> int:
        called.append(line[0])
        return codes[len(called) - 1]

    assert perform([(name, [name]) for name in "abcd"], call) == 1
    assert called == list("abcd")


@pytest.mark.parametrize("code", [2, 130])
def test_bad_input_and_interruptions_stop_everything(code: int) -> None:
    called: list[str] = []

    def call(line: Sequence[str]) -> int:
        called.append(line[0])
        return code

    assert perform([("a", ["a"]), ("b", ["b"])], call) == code
    assert called == ["a"]


def test_the_ladder_runs_every_checkpoint_and_compares_them() -> None:
    called: list[list[str]] = []

    def call(line: Sequence[str]) -> int:
        called.append(list(line))
        return 0

    args = arguments(["--ladder", "--model=nemotron-cascade-8b", "--preset=nemotron-cascade-paper"])
    assert checkpoints(args, call) == 0
    names = [profile.name for profile in ladder()]
    assert [line[line.index("--model") + 1] for line in called if line[0] == "run"] == names
    assert called[-1] == [
        "report",
        f"runs/ladder/{names[0]}",
        "--compare",
        *(f"runs/ladder/{n}" for n in names[1:]),
    ]


def test_one_server_cannot_be_six_models() -> None:
    with pytest.raises(InputError, match="leave BASE_URL out"):
        checkpoints(arguments(["--ladder", "--base-url=http://a/v1"]), lambda _: 0)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--limit=abc", "LIMIT=abc: not a whole number from 1"),
        ("--limit=0", "LIMIT=0: not a whole number from 1"),
        ("--gpus=-1", "GPUS=-1: not a whole number from 1"),
        ("--workers=1.5", "WORKERS=1.5: not a whole number from 1"),
    ],
)
def test_numbers_that_are_none(option: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(["--model=embedded", option]) == 2
    assert capsys.readouterr().err == f"agentless verified: {said}\n"


def test_a_step_is_shown_as_it_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    found = dict(steps(arguments(["--model=embedded", "--dataset=my data.jsonl", "--run-dir=my run"])))
    assert found["run"][2] == "my data.jsonl"
    assert perform([("score", found["score"])], lambda _: 0) == 0
    shown = capsys.readouterr().err.strip()
    assert shown == "== 1/1 score: agentless score 'my run' --dataset 'my data.jsonl'"


def test_where_it_stopped_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    perform([("run", ["run"])], lambda _: 2)
    assert "stopped in the step run; what is done is kept" in capsys.readouterr().err


def test_the_servers_are_looked_at_before_anything_else(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--model=nemotron-cascade-8b", f"--dataset={dataset}"]
    assert verified([*line, "--base-url=http://127.0.0.1:9/v1"]) == 2
    assert "no model server at http://127.0.0.1:9/v1" in (shown := capsys.readouterr().err)
    assert "MODEL=embedded" in shown
    assert verified([*line, "--base-url=localhost"]) == 2
    assert "not an address" in capsys.readouterr().err
    with running(FakeOpenAI(context=16384)) as short:
        assert verified([*line, f"--base-url={short.url}"]) == 2
    assert "leaves no room for a prompt in 16384 tokens" in capsys.readouterr().err
    with running(FakeOpenAI(context=65536)) as fine:
        assert verified([*line, f"--base-url={fine.url}", "--set", "model.name=other"]) == 2
    assert "no model 'other' at" in capsys.readouterr().err


def test_one_of_several_servers_is_enough(dataset: Path) -> None:
    args = arguments(["--model=nemotron-cascade-8b", f"--dataset={dataset}", "--base-url="])
    with running(FakeOpenAI(context=65536)) as fine:
        args.base_url = f"http://127.0.0.1:9/v1 {fine.url}"
        asyncio.run(check_servers(args.base_url.split(), load_config()))


def test_a_checkpoint_that_cannot_be_had_is_said_before_the_repositories(
    dataset: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    line = ["--model=nemotron-cascade-8b", f"--dataset={dataset}", "--set", f"model.vllm={FAKE}"]
    assert verified(line) == 1
    assert "name its folder with --checkpoint DIR" in capsys.readouterr().err
    assert verified([*line, "--set", f"model.checkpoint={tmp_path}"]) == 2
    assert "config.json: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--model=nemotron-cascade-8b"],
            "this machine has no NVIDIA GPU. Name a server: BASE_URL=http://HOST:8000/v1, or",
        ),
        (["--model=deepseek-r1-0528"], "is hosted elsewhere. Name a server: BASE_URL="),
        (["--model=embedded", "--dataset=/none.jsonl"], "DATASET=/none.jsonl: no such file"),
        (["--model=nobody"], "no model profile 'nobody'"),
        (["--model=embedded", "--preset=nothing"], "no preset 'nothing'"),
    ],
)
def test_what_is_missing_is_one_line_before_anything_starts(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert verified(options) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert len(shown.splitlines()) == 1


def test_a_machine_without_a_gpu(
    dataset: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vllm").symlink_to(FAKE)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verified(["--model=nemotron-cascade-8b", f"--dataset={dataset}"]) == 2
    assert "this machine has no NVIDIA GPU. Name a server: BASE_URL" in capsys.readouterr().err


def test_a_machine_with_a_gpu_and_without_vllm(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))  # no vllm beside it either
    assert verified(["--model=nemotron-cascade-8b"]) == 2
    said = capsys.readouterr().err
    assert "vllm is not installed: .venv/bin/pip install -e '.[serve]'. Name a server: BASE_URL" in said


def test_a_dataset_that_cannot_be_fetched_names_the_variable_of_make(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("agentless.named_datasets.fetch_rows", lambda *_: [])
    assert verified(["--model=embedded"]) == 1
    said = capsys.readouterr().err
    assert "gave 0 rows instead of 500; name a file of its rows: DATASET=FILE" in said and "--dataset" not in said


def test_no_docker_is_said_first(
    dataset: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert verified(["--model=embedded", f"--dataset={dataset}"]) == 2
    assert "cannot reach Docker" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
