"""A small project, and runners over it that clean up after themselves."""

import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from agentless.ports import CommandResult, TestCommand, TestJob
from agentless.sandbox import BwrapRunner, HostRunner, SandboxLimits
from agentless.sandbox.jobs import JobRunner

LIMITS = SandboxLimits(memory_mb=512, max_processes=64, cpu_s=20, file_mb=64)
FILES = {
    "src/shop/__init__.py": "PRICE = 2\n\n\ndef total(count):\n    return count * PRICE\n",
    "tests/test_shop.py": "from shop import total\n\n\ndef test_total():\n    assert total(3) == 6\n",
    "README": "a shop\n",
}


def export(folder: Path) -> None:
    """Write the project, with an executable and a symbolic link."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("README")


@pytest.fixture
async def bwrap(tmp_path: Path) -> AsyncIterator[BwrapRunner]:
    runner = BwrapRunner(export, python=sys.executable, limits=LIMITS, scratch=tmp_path / "scratch")
    yield runner
    await runner.close()


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[HostRunner]:
    runner = HostRunner(export, python=sys.executable, limits=LIMITS, scratch=tmp_path / "scratch")
    yield runner
    await runner.close()


@pytest.fixture(params=[pytest.param("bwrap", marks=pytest.mark.bwrap), "host"])
def runner(request: pytest.FixtureRequest) -> JobRunner:
    """Both runners: what a job means does not depend on the isolation."""
    found: JobRunner = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def private_umask() -> Iterator[None]:
    """What we write is for us alone, as on machines of careful people."""
    before = os.umask(0o077)
    yield
    os.umask(before)


async def shell(
    runner: JobRunner,
    line: str,
    *,
    timeout_s: float = 20.0,
    patch: str = "",
    files: Mapping[str, str] | None = None,
) -> CommandResult:
    """Run one line in a fresh tree."""
    job = TestJob(patch=patch, files=files or {}, commands=(command(line, timeout_s=timeout_s),))
    report = await runner.run(job)
    result = report.result("it")
    assert result is not None, report.note
    return result


async def python(runner: JobRunner, code: str, *, timeout_s: float = 20.0) -> CommandResult:
    """Run a script in a fresh tree with the project's interpreter."""
    return await shell(runner, "python script.py", timeout_s=timeout_s, files={"script.py": code})


def command(line: str, name: str = "it", timeout_s: float = 20.0) -> TestCommand:
    """A command that is judged by its exit code."""
    return TestCommand(name=name, shell=line, timeout_s=timeout_s)
