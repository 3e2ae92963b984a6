"""Watches a running job from outside: its memory as a whole, its processes, the disk; and kills it whole.

RLIMIT_AS and RLIMIT_NPROC are the sharp limits; they cannot see many processes that are small one by one, nor
the disk, nor memory that belongs to no process.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from agentless.errors import SandboxError
from agentless.sandbox.limits import MIB, SandboxLimits

PAGE = os.sysconf("SC_PAGE_SIZE")
PROCESS_SLACK = 8
"""Processes of bwrap and shells above the limit before the watchman acts."""
MARK = "AGENTLESS_JOB"
"""Environment variable by which the processes of a job on the host are known."""


class Watchman:
    """Base: the limits that do not depend on how a job's processes are found."""

    def __init__(self, job: Path, limits: SandboxLimits) -> None:
        self.job = job
        self.limits = limits

    def members(self) -> list[int]:
        """Ids of all processes of the job."""
        raise NotImplementedError

    def look(self, _: asyncio.subprocess.Process) -> str:
        """Why the job must be stopped now for what it uses itself, "" when all is well.

        Raises:
            SandboxError: the machine is short of disk or memory: that is nothing a candidate can be blamed for.
        """
        members = self.members()
        resident = sum(map(resident_bytes, members)) // MIB
        if resident > self.limits.memory_mb:
            return f"{resident} MiB of memory in use, the limit is {self.limits.memory_mb}"
        if len(members) > self.limits.max_processes + PROCESS_SLACK:
            return f"{len(members)} processes, the limit is {self.limits.max_processes}"
        self.check_machine()
        return ""

    def check_machine(self) -> None:
        """Look at what all jobs and everybody else share.

        Raises:
            SandboxError: too little is left; the text names what to do.
        """
        free = shutil.disk_usage(self.job).free // MIB
        if free < self.limits.free_disk_mb:
            raise SandboxError(f"only {free} MiB free on the scratch disk: free some space or set TMPDIR")
        available = available_memory() // MIB
        if available < self.limits.free_memory_mb:
            raise SandboxError(f"only {available} MiB of the machine's memory left: run fewer tests at once")


class NamespaceWatchman(Watchman):
    """Knows a sandbox by what bwrap writes to `--json-status-fd`."""

    def __init__(self, job: Path, limits: SandboxLimits, status_fd: int) -> None:
        super().__init__(job, limits)
        self.status_fd = status_fd
        self.text = b""
        os.set_blocking(status_fd, False)

    def status(self) -> dict[str, int]:
        """All numbers bwrap has written so far: child-pid, exit-code."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.status_fd, 4096):
                self.text += chunk
        values: dict[str, int] = {}
        for line in self.text.splitlines():
            with contextlib.suppress(ValueError):  # a line that is not whole yet
                document = json.loads(line)
                if isinstance(document, dict):
                    values.update({key: value for key, value in document.items() if isinstance(value, int)})
        return values

    def kill(self, process: asyncio.subprocess.Process) -> None:
        """Kill the first process of the sandbox's pid namespace: the kernel kills the rest with it.

        bwrap itself then ends, after the whole namespace is gone. Before it has made one, bwrap is killed.
        """
        if process.returncode is not None:
            return
        child = self.status().get("child-pid", 0)
        target = child if child and parent_of(child) == process.pid else process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, signal.SIGKILL)

    def members(self) -> list[int]:
        """All processes of the sandbox's pid namespace."""
        child = self.status().get("child-pid")
        try:
            namespace = os.readlink(f"/proc/{child}/ns/pid")  # noqa: PTH115 - not a path, an inode's name
        except OSError:
            return []
        return find_processes(
            lambda pid: os.readlink(f"/proc/{pid}/ns/pid") == namespace  # noqa: PTH115 - as above
        )


class HostWatchman(Watchman):
    """Knows the processes of a job on the host by a mark in their environment."""

    def __init__(self, job: Path, limits: SandboxLimits) -> None:
        super().__init__(job, limits)
        self.mark = f"{MARK}={job}".encode()

    def members(self) -> list[int]:
        """All processes that inherited the job's mark."""
        return find_processes(lambda pid: self.mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))

    def kill(self, process: asyncio.subprocess.Process) -> None:
        """Kill the process group, then whatever left it but still carries the mark."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pid in self.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def find_processes(belongs: Callable[[str], bool]) -> list[int]:
    """Ids of the processes for which `belongs` is true; those that vanish or are another user's are not."""
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a hot loop over names
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if belongs(entry):
                    found.append(int(entry))
    return found


def parent_of(pid: int) -> int:
    """Process id of the parent, 0 when there is no such process."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("PPid:"):
                return int(line.split()[1])
    return 0


def resident_bytes(pid: int) -> int:
    """Resident memory of a process without shared pages; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
        return (int(fields[1]) - int(fields[2])) * PAGE
    except (OSError, IndexError, ValueError):
        return 0


def available_memory() -> int:
    """Bytes the machine can still give out without swapping (MemAvailable of /proc/meminfo)."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 1 << 62
