import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.cli import main as command_line
from agentless.cli.main import COMMANDS, main
from agentless.llm.server import free_port


def readme() -> str:
    return (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_stands_in_the_readme(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    shown = capsys.readouterr().out
    assert left.value.code == 0
    assert f"agentless {name}" in shown.split("example:")[1]
    assert f"agentless {name}" in readme()


def test_no_command_and_unknown_commands_are_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["sove"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
    assert "solve" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["localize", "--top", "x"], "agentless localize: argument --top: invalid int value: 'x'"),
        (["run"], "agentless run: the following arguments are required: --dataset, --run-dir"),
        (["models", "qwen3-8b"], "agentless models: unrecognized arguments: qwen3-8b"),
        (["images", "remove"], "agentless images remove: the following arguments are required: TAG"),
        (["models", "--", "x"], "agentless models: it takes nothing after --"),
        ([], "agentless: the following arguments are required: COMMAND"),
    ],
)
def test_wrong_options_are_one_line_that_names_the_help(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    shown = capsys.readouterr()
    assert (left.value.code, shown.out) == (2, "")
    assert shown.err == f"{said}; see {said.partition(':')[0]} --help\n"


def test_bad_input_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["solve", "--repo", str(tmp_path), "--issue", "a bug in here"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert "not a git repository" in shown.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("agentless.cli.doctor.run", interrupted)
    assert main(["doctor"]) == command_line.INTERRUPTED
    assert "goes on where it stopped" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    heavy = ("openai", "git", "numpy", "pydantic", "tree_sitter", "rich", "httpx", "jinja2", "xllamacpp", "yaml")
    code = (
        "import sys\nfrom agentless.cli.main import build_parser\nbuild_parser().format_help()\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("started", "ends"), [([], True), (["nohup"], False)])
def test_a_closed_terminal_is_an_interrupt_unless_nohup_was_asked(started: list[str], ends: bool) -> None:
    code = (
        "import os, signal, agentless.cli.doctor as d\nfrom agentless.cli.main import main\n"
        "d.run = lambda _: os.kill(os.getpid(), signal.SIGHUP) or 7\nraise SystemExit(main(['doctor']))"
    )
    if ends:  # whoever runs the tests may have asked for nohup, which children inherit
        code = f"import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n{code}"
    done = subprocess.run([*started, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == (command_line.INTERRUPTED if ends else 7)
    assert ("interrupted" in done.stderr) is ends


def test_sigterm_ends_a_command_that_a_script_started_in_the_background(tmp_path: Path) -> None:
    server = Path(__file__).parents[1] / "llm" / "fake_vllm.py"
    (tmp_path / "config.json").write_text('{"rope_theta": 1}')
    line = [sys.executable, "-m", "agentless.cli.main", "serve", "nemotron-cascade-8b", "--vllm", str(server)]
    port = free_port()
    line += ["--checkpoint", str(tmp_path), "--port", str(port)]
    script = f"{shlex.join(line)} & echo $! >&2; wait $!"  # a shell without job control ignores SIGINT for it
    shell = subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    assert shell.stderr is not None
    pid = int(shell.stderr.readline())
    assert shell.stdout.readline().startswith("http://")
    os.kill(pid, signal.SIGTERM)
    _, errors = shell.communicate(timeout=20)
    assert errors.rstrip().endswith("stopped")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_package_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agentless", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("agentless ")
    wrong = subprocess.run([sys.executable, "-m", "agentless", "cache", "prune"], capture_output=True, check=False)
    assert wrong.returncode == 2
