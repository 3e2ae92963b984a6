"""Hostile appetite: time, memory, processes, output, disk. The machine must not notice."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentless.errors import SandboxError
from agentless.sandbox import BwrapRunner, SandboxLimits
from agentless.sandbox.jobs import SHOWN_OUTPUT, JobRunner
from agentless.sandbox.watch import find_processes
from tests.sandbox.conftest import export, python, shell

MARK = f"agentless-test-orphan-{os.getpid()}"
"""Other workers of the test run have theirs."""
DEAF = f"setsid bash -c 'exec -a {MARK} sleep 300' & disown"
ORPHAN = f"({DEAF}); setsid nohup bash -c 'sleep 299; : {MARK}' & sleep 300"
BOMB = """
import os, time
born = 0
while born < 150:
    try:
        pid = os.fork()
    except BlockingIOError:
        print("refused")
        break
    if pid == 0:
        time.sleep(3)
        os._exit(0)
    born += 1
print(born, flush=True)
time.sleep(2)
"""
FLOOD = """
import sys
block = "x" * 65535 + chr(10)
for _ in range(1600):
    sys.stdout.write(block)
print("end")
"""


def orphans() -> list[int]:
    """Processes that carry the mark of these tests."""
    return find_processes(lambda pid: MARK.encode() in Path(f"/proc/{pid}/cmdline").read_bytes())


async def test_a_timeout_kills_grandchildren_in_sessions_of_their_own(runner: JobRunner) -> None:
    begin = time.monotonic()
    result = await shell(runner, ORPHAN, timeout_s=2.0)
    assert (result.outcome, result.exit_code) == ("timeout", None)
    assert time.monotonic() - begin < 30
    assert orphans() == []


async def test_a_command_that_ends_leaves_no_daemon_behind(runner: JobRunner) -> None:
    result = await shell(runner, f"setsid bash -c 'exec -a {MARK} sleep 300' > /dev/null 2>&1 & echo over")
    assert result.exit_code == 0
    assert orphans() == []


ALONE = """
import asyncio, pathlib, sys
from agentless.ports import TestCommand, TestJob
from agentless.sandbox import BwrapRunner
runner = BwrapRunner(lambda _: None, scratch=pathlib.Path(sys.argv[1]))
line = f"exec -a {sys.argv[2]} sleep 300"
asyncio.run(runner.run(TestJob(commands=(TestCommand(name="it", shell=line),))))
"""


@pytest.mark.bwrap
def test_a_sandbox_dies_with_us(tmp_path: Path) -> None:
    ours = subprocess.Popen([sys.executable, "-c", ALONE, str(tmp_path), f"{MARK}-alone"])

    def sleeping() -> list[int]:
        """The command itself, not bwrap on its way to it: that is bound to our life a moment after its start."""
        name = f"{MARK}-alone".encode()
        return find_processes(lambda pid: Path(f"/proc/{pid}/cmdline").read_bytes().startswith(name))

    try:
        assert eventually(lambda: len(sleeping()) > 0)
    finally:
        ours.kill()
        ours.wait()
    assert eventually(lambda: sleeping() == [])


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


async def test_a_stopped_or_deaf_process_dies_at_the_deadline(runner: JobRunner) -> None:
    result = await shell(runner, "trap '' TERM INT HUP; kill -STOP $$; sleep 300", timeout_s=2.0)
    assert result.outcome == "timeout"


async def test_what_was_printed_before_the_deadline_is_kept(runner: JobRunner) -> None:
    result = await shell(runner, "echo early; sleep 300", timeout_s=2.0)
    assert result.output == "early\n"


async def test_one_process_gets_no_more_address_space_than_allowed(runner: JobRunner) -> None:
    result = await python(
        runner, "try:\n    x = bytearray(700 << 20)\nexcept MemoryError:\n    print('refused')\n"
    )
    assert result.output == "refused\n"


@pytest.mark.bwrap
async def test_many_small_processes_are_killed_for_their_sum(tmp_path: Path) -> None:
    limits = SandboxLimits(memory_mb=200, max_processes=32)
    runner = BwrapRunner(export, limits=limits, scratch=tmp_path / "scratch")
    code = "import os, time\nfor _ in range(4):\n    os.fork()\nx = bytearray(b'x') * (40 << 20)\ntime.sleep(60)\n"
    try:
        result = await python(runner, code)
    finally:
        await runner.close()
    assert result.outcome == "killed"
    assert result.output.splitlines()[-1].endswith("MiB of memory in use, the limit is 200")
    assert result.seconds < 250


@pytest.mark.bwrap
@pytest.mark.parametrize("as_root", [True, False])
async def test_a_fork_bomb_meets_the_process_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_root: bool
) -> None:
    """Limits first: at most 40 processes, each of which would end by itself after seconds."""
    if not as_root:
        monkeypatch.setattr("agentless.sandbox.bwrap.owns_all_users", lambda: False)
    runner = BwrapRunner(export, limits=SandboxLimits(max_processes=40, jobs=1), scratch=tmp_path / "scratch")
    try:
        result = await python(runner, BOMB)
    finally:
        await runner.close()
    if result.outcome == "ended":
        assert result.output.startswith("refused")
        assert int(result.output.split()[1]) < 45
    else:  # root in a namespace it shares with the machine: the watchman acts instead of the kernel
        assert result.outcome == "killed"
        assert not as_root


async def test_cpu_time_is_bounded(tmp_path: Path, runner: JobRunner) -> None:
    runner.limits = SandboxLimits(cpu_s=1)
    result = await python(runner, "while True:\n    pass\n")
    assert result.outcome == "killed" or (result.exit_code or 0) < 0
    assert result.seconds < 250


async def test_a_flood_of_output_fills_neither_memory_nor_disk(runner: JobRunner) -> None:
    result = await python(runner, FLOOD)
    assert result.exit_code == 0
    assert len(result.output) <= SHOWN_OUTPUT
    assert result.output.endswith("end\n")


async def test_a_file_cannot_grow_beyond_the_limit(runner: JobRunner) -> None:
    runner.limits = SandboxLimits(file_mb=1)
    result = await shell(runner, "head -c 3000000 /dev/zero > big; stat -c %s big")
    assert result.output.strip().splitlines()[-1] == str(1 << 20)


@pytest.mark.parametrize("limits", [SandboxLimits(free_disk_mb=1 << 40), SandboxLimits(free_memory_mb=1 << 40)])
async def test_a_machine_that_runs_short_ends_the_job_and_blames_no_candidate(
    runner: JobRunner, limits: SandboxLimits
) -> None:
    runner.limits = limits
    begin = time.monotonic()
    with pytest.raises(SandboxError, match=r"only .* MiB"):
        await shell(runner, f"exec -a {MARK} sleep 30")
    assert time.monotonic() - begin < 25
    assert orphans() == []
    folder = runner.trees.folder
    assert folder is not None
    assert sorted(path.name for path in folder.iterdir()) == ["base", "lock"]


async def test_invalid_bytes_and_control_characters_are_text(runner: JobRunner) -> None:
    result = await shell(runner, "printf '\\377\\376\\000 ok\\n'")
    assert result.output.endswith("\0 ok\n")
    assert "�" in result.output
