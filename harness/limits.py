"""What a container may use and do, as the options of docker's `containers.create`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentless.owners import owner

MIB = 1024 * 1024

CAPABILITIES: Mapping[str, str] = {
    "CHOWN": "tests of file owners; tar and pip restore them",
    "DAC_OVERRIDE": "root in the official images reads and writes files of every owner, and tests count on it",
    "FOWNER": "chmod and utime on files of another owner, as git and tar do",
    "FSETID": "a setgid bit survives chmod: Django tests the modes of the folders that it makes",
    "KILL": "a test stops a server that it started under another user",
    "SETGID": "with SETUID: su, sudo -u and os.setgid in tests",
    "SETUID": "some test suites drop root themselves, e.g. to start a database",
}
"""All that stay of root's powers, and why. Not: raw sockets, devices, chroot, mounts, tracing."""

MARK = "agentless"
RUN, INSTANCE, OWNER = "agentless.run", "agentless.instance", "agentless.owner"
"""Labels of every container that we make; `agentless` itself is "1"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLimits:
    """Bounds of one container; time is given per command."""

    memory_mb: int = 4096
    """Memory of everything in the container, MiB; no swap beyond it."""
    pids: int = 512
    """Processes and threads at once."""
    cpus: float = 2.0
    """Processors; not more than this machine has."""
    disk_mb: int = 4096
    """Growth of the container's writable layer, and the largest file, MiB; looked at while a command runs."""
    files: int = 250_000
    """Files that may be made; they cost inodes, of which a disk has a fixed number."""
    output_mb: int = 64
    """Output of one command, MiB; the command is stopped there."""
    free_disk_mb: int = 1024
    """A job ends as an error of the machine when Docker's disk has less free, MiB."""
    network: str = "none"
    """Docker's name of a network; `none` has not even a way to the host."""


def container_labels(run_id: str, instance_id: str) -> dict[str, str]:
    """Labels by which a container is known as ours, whose it is, and whether its owner still lives."""
    return {MARK: "1", RUN: run_id, INSTANCE: instance_id, OWNER: owner()}


def container_options(limits: ContainerLimits, labels: Mapping[str, str]) -> dict[str, Any]:
    """Keyword arguments for docker's `containers.create`, beside image, name and command.

    Args:
        labels: see `container_labels`.
    """
    from docker.types import LogConfig, Ulimit

    largest = limits.disk_mb * MIB
    return {
        "init": True,  # reaps orphans, and ends at once when it is told to
        "network_mode": limits.network,
        "mem_limit": limits.memory_mb * MIB,
        "memswap_limit": limits.memory_mb * MIB,  # memory and swap together: no swap
        "pids_limit": limits.pids,
        "nano_cpus": int(min(limits.cpus, os.cpu_count() or 1) * 1e9),
        "cap_drop": ["ALL"],
        "cap_add": list(CAPABILITIES),
        "security_opt": ["no-new-privileges"],
        "ulimits": [
            Ulimit(name="fsize", soft=largest, hard=largest),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # what is written to /proc/1/fd/1 would else grow a log on the engine's disk, past every limit
        "log_config": LogConfig(type=LogConfig.types.NONE),
        "labels": dict(labels),
    }
