"""Bounds what a container writes: docker cannot do so on overlay2 over ext4, so its layer is measured as it grows.

Measured: the engine answers the size of a container's layer in 2 to 4 ms while few files are changed, and a
`statvfs` of its disk costs microseconds. So free space is looked at four times a second, and the layer whenever
an eighth of its limit has gone from the disk, at least every five seconds. One that writes 1 GB/s is stopped a few
hundred MB above its limit. Where the engine's disk cannot be seen from here (another machine, Docker Desktop), the
layer alone is measured, every second. What is measured says as well whether somebody has paused the container.
"""

import os
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from agentless.errors import EngineError
from harness.limits import MIB, ContainerLimits

SLOW_SECONDS, BLIND_SECONDS = 5.0, 1.0
"""Between two measurements, with and without a view of the disk."""
COST_FACTOR = 20
"""A measurement that takes long is made more rarely: at most 5% of the time goes there."""


FREE_FILES = 10_000
"""Inodes that Docker's disk must have left; an image or a test suite makes thousands of files."""
PAUSED = "a container was paused under its tests; docker ps --filter status=paused shows who stands still"


class Free(NamedTuple):
    """What a disk has left."""

    space: int
    """Bytes."""
    files: int
    """Inodes; `sys.maxsize` on file systems that do not count them."""


@lru_cache(maxsize=8)
def root_of(client: Any) -> Path | None:
    """Docker's folder on this machine, None when the engine writes elsewhere."""
    if not str(client.api.base_url).startswith("http+docker://"):
        return None
    root = Path(client.info().get("DockerRootDir") or "/nowhere")
    try:
        os.statvfs(root)
    except OSError:
        return None
    return root


def free(root: Path) -> Free:
    """What is left on the disk below `root` for programs that are not root's."""
    status = os.statvfs(root)
    return Free(status.f_bavail * status.f_frsize, status.f_favail if status.f_files else sys.maxsize)


class DiskWatch:
    """Looks at one container while a command runs in it."""

    def __init__(self, client: Any, container_id: str, limits: ContainerLimits, root: Path | None) -> None:
        """
        Args:
            root: see `root_of`.
        """
        self.client, self.container_id, self.limits, self.root = client, container_id, limits, root
        self.seen = self.left()
        self.start = self.seen
        self.next = time.monotonic() + (SLOW_SECONDS if root else BLIND_SECONDS)

    def left(self) -> Free | None:
        """What the engine's disk has left, None when it cannot be seen from here."""
        return free(self.root) if self.root else None

    def look(self) -> str:
        """Why the container must be stopped for what it wrote, "" when all is well.

        Raises:
            EngineError: Docker's disk is short, and this container is not the one that filled it; or somebody
                has paused the container.
            docker's errors: the engine did not answer.
        """
        now = self.left()
        short = self.shortage(now) if now else ""
        if short or self.due(now):
            used = self.measure(now) // MIB
            if used > self.limits.disk_mb:
                return f"{used} MiB written, the limit is {self.limits.disk_mb}"
        if now and self.start and self.start.files - now.files > self.limits.files:
            made = len(self.client.api.diff(self.container_id) or ())
            self.start = now
            if made > self.limits.files:
                return f"{made} files made, the limit is {self.limits.files}"
        if short:
            raise EngineError(
                f"only {short} free on Docker's disk ({self.root}): free some space "
                "(docker system df shows what takes it)"
            )
        return ""

    def shortage(self, now: Free) -> str:
        """What the disk has too little of and how much there is, "" when there is enough."""
        if now.space < self.limits.free_disk_mb * MIB:
            return f"{now.space // MIB} MiB"
        return f"{now.files} inodes" if now.files < FREE_FILES else ""

    def due(self, now: Free | None) -> bool:
        """Whether it is time to measure."""
        if now and self.seen and self.seen.space - now.space > self.limits.disk_mb * MIB // 8:
            return True
        return time.monotonic() >= self.next

    def measure(self, now: Free | None) -> int:
        """Bytes in the container's writable layer.

        Raises:
            EngineError: the container is paused.
        """
        begin = time.monotonic()
        api = self.client.api
        url = api._url("/containers/{0}/json", self.container_id)  # no public call asks for the size
        told = api._result(api._get(url, params={"size": 1}), json=True)
        if told.get("State", {}).get("Paused"):
            raise EngineError(PAUSED)
        size = int(told.get("SizeRw") or 0)
        end = time.monotonic()
        self.seen = now
        self.next = end + max(SLOW_SECONDS if self.root else BLIND_SECONDS, COST_FACTOR * (end - begin))
        return size
