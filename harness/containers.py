"""A container from creation to removal: files in and out, commands with bounds, gone whatever happens."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from agentless.errors import EngineError, ImageError
from harness.archive import collected, packed, unpacked
from harness.disk import PAUSED, DiskWatch, root_of
from harness.engine import docker_errors, explained
from harness.execution import Execution, Finished, StoppedError
from harness.leftovers import leftovers, remove, remove_leftovers
from harness.limits import MIB, ContainerLimits, container_labels, container_options

__all__ = [
    "Container", "ContainerLimits", "Finished", "StoppedError", "container_labels", "container_options",
    "leftovers", "remove_leftovers",
]  # fmt: skip

T = TypeVar("T")

IDLE = ["sleep", "infinity"]
"""What a container does between commands."""
NAME = "agentless-{}"
IDLE_PROCESSES = 2
"""The init process and the idle command."""
DEATH_SECONDS = 0.3
"""The engine hears of the end of a command before that of its container."""
KILLED = {137: "killed by the system: out of memory, or by a signal", 153: "a file grew past the limit"}
"""Exit codes of a shell whose command was killed by SIGKILL, or by SIGXFSZ."""


class Container:
    """A context manager: created and started on entry, killed and removed on exit. Its methods block."""

    def __init__(
        self,
        client: Any,
        image: str,
        *,
        limits: ContainerLimits,
        labels: Mapping[str, str],
        stop: threading.Event | None = None,
    ) -> None:
        """
        Args:
            client: see `engine.connect`.
            image: a tag or id that is here; nothing is pulled.
            labels: see `container_labels`.
            stop: set by another thread to end a running command with `StoppedError`.
        """
        self.client, self.image, self.limits, self.labels = client, image, limits, labels
        self.stop = stop or threading.Event()
        # known before it exists, so that it can be removed even when the engine's answer is lost
        self.name = NAME.format(uuid.uuid4().hex)
        self.usable = False
        """Whether another command may be started in it."""
        self.removed = False
        self.root: Path | None = None

    def __enter__(self) -> "Container":
        """Create and start.

        Raises:
            ImageError: no such image.
            EngineError: the engine failed; nothing is left behind.
        """
        try:
            self.call("cannot start a container", self.start)
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill and remove."""
        self.remove()

    def start(self) -> None:
        """Create and start, with docker's errors."""
        options = container_options(self.limits, self.labels)
        container = self.client.containers.create(self.image, IDLE, name=self.name, entrypoint=[], **options)
        container.start()
        self.root = root_of(self.client)
        self.usable = True

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        environment: Mapping[str, str] | None = None,
        workdir: str | None = None,
    ) -> Finished:
        """Run one command as root; at a bound the whole container is killed, and is not usable any more.

        Args:
            timeout_s: wall-clock seconds.
            environment: added to the image's.
            workdir: absolute path; None = the image's.

        Raises:
            StoppedError: `stop` was set.
            EngineError: the engine failed; says nothing about the command.
        """
        watch = DiskWatch(self.client, self.name, self.limits, self.root)
        execution = Execution(
            client=self.client, container_id=self.name, argv=argv, timeout_s=timeout_s, stop=self.stop,
            environment=environment or {}, workdir=workdir, look=watch.look,
            output_bytes=self.limits.output_mb * MIB,
        )  # fmt: skip
        try:
            finished = self.judged(self.call("cannot run a command", execution.run), watch)
        except BaseException:
            self.remove()
            raise
        if finished.outcome != "ended":
            self.remove()
        return finished

    def judged(self, finished: Finished, watch: DiskWatch) -> Finished:
        """The end of a command, with a kill from elsewhere known as one.

        Raises:
            EngineError: it ended for the machine's sake: the container was paused, or Docker's disk is full.
        """
        try:
            if finished.outcome == "timeout" and self.state()["Paused"]:
                raise EngineError(PAUSED)
            if finished.outcome != "ended":
                return finished
            reason, died = KILLED.get(finished.exit_code or 0, ""), False
            if reason:
                died = self.died()
            else:  # one that is over within a quarter of a second was never looked at
                reason = self.call("cannot watch a container", watch.look)
        except BaseException:
            finished.log.close()
            raise
        if not reason:
            return finished
        return replace(finished, outcome="killed", exit_code=None, reason=reason, died=died)

    def state(self) -> dict[str, Any]:
        """What the engine says of the container.

        Raises:
            EngineError: the engine did not answer.
        """
        told = self.call("cannot inspect a container", lambda: self.client.api.inspect_container(self.name))
        found: dict[str, Any] = told["State"]
        return found

    def died(self) -> bool:
        """Whether the container ended, and not for lack of memory: killed from within, or by the engine's restart.

        Raises:
            EngineError: the engine did not answer.
        """
        end = time.monotonic() + DEATH_SECONDS
        while True:
            state = self.state()
            if not state["Running"] or time.monotonic() > end:
                return not state["Running"] and not state["OOMKilled"]
            time.sleep(0.05)

    def idle(self) -> bool:
        """Whether nothing of earlier commands runs; else the container is killed, and is not usable any more."""
        try:
            processes = self.client.api.top(self.name)["Processes"]
        except docker_errors():  # it is not running, or the engine fails: the next call will say so
            processes = []
        if len(processes) != IDLE_PROCESSES:
            self.remove()
        return self.usable

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files as root's, readable by all, at absolute paths that no candidate has had its hands on.

        Raises:
            EngineError: the engine failed, e.g. its disk is full.
        """
        archive = packed({path.removeprefix("/"): content for path, content in files.items()})
        self.call(
            "cannot copy files into a container", lambda: self.client.api.put_archive(self.name, "/", archive)
        )

    def get(self, path: str, cap: int = 64 * MIB) -> dict[str, bytes]:
        """The regular files at and below an absolute path, by their path from its last part on.

        Raises:
            EngineError: the engine failed, there is no such path, or there are more than `cap` bytes.
        """
        chunks, _ = self.call(
            f"cannot copy {path} out of a container", lambda: self.client.api.get_archive(self.name, path)
        )
        return unpacked(self.call("cannot copy files out of a container", lambda: collected(chunks, cap)))

    def remove(self) -> None:
        """Kill and remove; never raises, so that it hides no other error. `removed` tells whether it worked."""
        self.usable = False
        with contextlib.suppress(EngineError, ImageError):
            remove(self.client, self.name)
            self.removed = True

    def call(self, what: str, function: Callable[[], T]) -> T:
        """The value of a call of the docker library.

        Raises:
            InfrastructureError: see `engine.explained`.
        """
        try:
            return function()
        except docker_errors() as error:
            raise explained(error, what) from error
