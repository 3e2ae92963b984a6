import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentless.errors import SandboxError
from agentless.sandbox.limits import SandboxLimits
from agentless.sandbox.watch import (
    HostWatchman,
    NamespaceWatchman,
    Watchman,
    available_memory,
    find_processes,
    parent_of,
    resident_bytes,
)

NOBODY = 2**30
MARKED = f"/scratch/job-{os.getpid()}-1"
"""Other workers of the test run have theirs."""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the mark of a job."""
    environment = {"AGENTLESS_JOB": MARKED, "PATH": os.defpath}
    process = subprocess.Popen([sys.executable, "-c", "input()"], env=environment, stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


class Fixed(Watchman):
    """A watchman of given processes."""

    found: tuple[int, ...] = ()

    def members(self) -> list[int]:
        """The given ones."""
        return list(self.found)


def look(watchman: Watchman) -> str:
    """What the watchman says; it asks the process nothing."""
    return watchman.look(None)  # type: ignore[arg-type]  # not looked at


@pytest.mark.parametrize(
    ("limits", "found", "words"),
    [
        (SandboxLimits(), (os.getpid(),), ""),
        (SandboxLimits(memory_mb=1), (os.getpid(),), "MiB of memory in use, the limit is 1"),
        (SandboxLimits(max_processes=1), (NOBODY,) * 10, "10 processes, the limit is 1"),
    ],
)
def test_a_reason_to_stop_has_words(
    tmp_path: Path, limits: SandboxLimits, found: tuple[int, ...], words: str
) -> None:
    watchman = Fixed(tmp_path, limits)
    watchman.found = found
    said = look(watchman)
    assert (words in said) if words else said == ""


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (SandboxLimits(free_disk_mb=1 << 40), "free on the scratch disk: .* TMPDIR"),
        (SandboxLimits(free_memory_mb=1 << 40), "of the machine's memory left: run fewer"),
    ],
)
def test_a_machine_that_is_short_is_an_error_and_no_reason_to_blame_the_job(
    tmp_path: Path, limits: SandboxLimits, words: str
) -> None:
    with pytest.raises(SandboxError, match=words):
        look(Fixed(tmp_path, limits))


def test_a_job_beyond_its_own_limit_is_to_blame_even_where_the_machine_is_short(tmp_path: Path) -> None:
    watchman = Fixed(tmp_path, SandboxLimits(memory_mb=1, free_memory_mb=1 << 40))
    watchman.found = (os.getpid(),)
    assert "the limit is 1" in look(watchman)


def test_members_on_the_host_are_known_by_their_mark(sleeper: subprocess.Popen[bytes]) -> None:
    assert HostWatchman(Path(MARKED), SandboxLimits()).members() == [sleeper.pid]
    assert HostWatchman(Path(MARKED[:-1]), SandboxLimits()).members() == []


def test_status_is_read_as_it_comes_and_nonsense_is_skipped(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    watchman = NamespaceWatchman(tmp_path, SandboxLimits(), read_end)
    assert watchman.status() == {}
    assert watchman.members() == []
    os.write(write_end, json.dumps({"child-pid": NOBODY, "mnt-namespace": 5}).encode() + b"\n{ half")
    assert watchman.status() == {"child-pid": NOBODY, "mnt-namespace": 5}
    os.write(write_end, b'\n[1]\n{"exit-code": 3}\n')
    assert watchman.status()["exit-code"] == 3
    assert watchman.members() == []
    os.close(write_end)
    os.close(read_end)


def test_members_of_a_namespace_include_this_process(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, json.dumps({"child-pid": os.getpid()}).encode())
    os.close(write_end)
    assert os.getpid() in NamespaceWatchman(tmp_path, SandboxLimits(), read_end).members()
    os.close(read_end)


async def test_a_process_that_is_not_bwraps_child_is_never_killed(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    """A process id that was given out anew must not be hit."""
    bwrap = await asyncio.create_subprocess_exec("sleep", "60")
    read_end, write_end = os.pipe()
    os.write(write_end, json.dumps({"child-pid": sleeper.pid}).encode())
    os.close(write_end)
    NamespaceWatchman(tmp_path, SandboxLimits(), read_end).kill(bwrap)
    os.close(read_end)
    assert await bwrap.wait() == -9
    assert sleeper.poll() is None


def test_what_is_gone_has_no_parent_and_no_memory() -> None:
    assert parent_of(NOBODY) == 0
    assert resident_bytes(NOBODY) == 0
    assert parent_of(os.getpid()) == os.getppid()
    assert resident_bytes(os.getpid()) > 1 << 20
    assert available_memory() > 1 << 20


def test_processes_that_may_not_be_read_are_left_out() -> None:
    def belongs(pid: str) -> bool:
        if pid != str(os.getpid()):
            raise PermissionError
        return True

    assert find_processes(belongs) == [os.getpid()]
