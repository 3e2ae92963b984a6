"""What differs on the host: no isolation, but the same clean start and end (see test_jobs and test_bounds)."""

from pathlib import Path

import pytest

from agentless.errors import ConfigError
from agentless.ports import TestJob
from agentless.sandbox import HostRunner
from tests.sandbox.conftest import export, python, shell


async def test_the_environment_is_clean_and_private(host: HostRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    result = await shell(host, "env")
    values = dict(line.split("=", 1) for line in result.output.splitlines())
    assert "OPENAI_API_KEY" not in values
    job = Path(values["PWD"]).parent
    assert (values["HOME"], values["TMPDIR"]) == (str(job / "tmp" / "home"), str(job / "tmp"))
    assert values["PYTHONPATH"] == f"{job}/tree/src:{job}/tree"


async def test_python_is_the_projects_and_imports_the_tree(host: HostRunner) -> None:
    result = await python(host, "import shop, sys\nprint(shop.__file__, sys.executable)\n")
    found, executable = result.output.split()
    assert found.endswith("/tree/src/shop/__init__.py")
    assert executable == host.interpreter().executable


async def test_temporary_files_go_with_the_job(host: HostRunner) -> None:
    result = await python(host, "import tempfile\nprint(tempfile.mkdtemp())\n")
    assert result.exit_code == 0
    assert not await _exists(result.output.strip())


async def _exists(path: str) -> bool:
    """Whether a path is there."""
    return Path(path).exists()  # noqa: ASYNC240 - one look in a test


async def test_a_missing_interpreter_is_bad_input(tmp_path: Path) -> None:
    async with HostRunner(export, python="/no/such/python", scratch=tmp_path) as runner:
        with pytest.raises(ConfigError, match="no interpreter"):
            await shell(runner, "true")


async def test_it_says_what_it_is(host: HostRunner) -> None:
    assert host.name == "host"
    assert (await host.run(TestJob())).applied
