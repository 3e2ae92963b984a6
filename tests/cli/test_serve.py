import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from agentless.cli.main import main
from agentless.llm.server import free_port

FAKE = str(Path(__file__).parents[1] / "llm" / "fake_vllm.py")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"rope_theta": 1000000}))
    return folder


def test_the_command_is_printed_without_vllm(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["serve", "nemotron-cascade-14b-thinking", "--checkpoint", str(checkpoint), "--gpu", "h200"]
    assert main([*line, "--print-command", "--", "--enforce-eager"]) == 0
    shown = capsys.readouterr().out.strip()
    assert shown.startswith(f"vllm serve {checkpoint} ")
    assert shown.endswith(" --enforce-eager")
    assert " --max-num-seqs 128 " in shown
    assert '"factor":3.0' in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nemotron-cascade-9b"], "no model profile 'nemotron-cascade-9b'"),
        (["nemotron-cascade-14b-thinking", "--gpu", "tpu"], "no GPU 'tpu'"),
        (["nemotron-cascade-14b-thinking", "--vllm", "no-such-program"], "no such program; pip install"),
        (["gemini-2.5-flash-thinking"], "is not served by vLLM; give `agentless solve` its --base-url"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], said: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments, "--checkpoint", str(checkpoint)]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert len(shown.splitlines()) == 1


def test_a_killed_serve_leaves_nothing_in_the_temporary_folder(checkpoint: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        arguments = ["nemotron-cascade-14b-thinking", "--checkpoint", str(checkpoint), "--vllm", FAKE]
        process = subprocess.Popen(
            [sys.executable, "-m", "agentless.cli.main", "serve", *arguments, "--port", str(free_port())],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "TMPDIR": place},
        )  # fmt: skip
        with process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://127.0.0.1:")
            (folder,) = Path(place).iterdir()
            assert len(list(folder.iterdir())) == 4  # owner, log, socket, file
            process.kill()
        until = time.monotonic() + 15
        while folder.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert list(Path(place).iterdir()) == []


def test_ctrl_c_stops_the_server_and_its_log_was_shown(checkpoint: Path, tmp_path: Path) -> None:
    port = free_port()
    arguments = ["nemotron-cascade-14b-thinking", "--checkpoint", str(checkpoint), "--vllm", FAKE]
    process = subprocess.Popen(
        [sys.executable, "-m", "agentless.cli.main", "serve", *arguments, "--port", str(port), "--log",
         str(tmp_path / "vllm.log")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == f"http://127.0.0.1:{port}/v1\n"
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "INFO fake engine" in errors
    assert "with 98304 tokens; Ctrl-C stops it" in errors
    assert errors.rstrip().endswith("stopped")
    assert "INFO fake engine" in (tmp_path / "vllm.log").read_text()


def test_without_vllm_only_options_of_serve_are_named(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    for options in ([], ["--vllm", "no-such-program"], ["--vllm", "no-such-program", "--print-command"]):
        arguments = ["nemotron-cascade-14b-thinking", "--checkpoint", str(checkpoint), "--gpus", "1", *options]
        assert main(["serve", *arguments, "--gpu", "h200"]) == 2
        said = capsys.readouterr().err
        assert "pip install 'agentless-swe[serve]'" in said
        assert "--vllm PROGRAM" in said and "--print-command" in said
        assert "--base-url" not in said and "--model" not in said
