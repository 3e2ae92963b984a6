"""A docker client for swebench's `run_instance`: the same calls, with our bounds on the container that it makes.

What differs from the official container, and why the verdict does not: a real init process, so that `docker stop`
takes no 15 s; memory, pids, disk and output have limits far above any real test suite's; no SYS_ADMIN, which
swebench grants for the browsers of other benchmarks. Root, Docker's default capabilities and the default network
stay: tests of SWE-bench Verified need them (requests asks real servers).
"""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from agentless.errors import EngineError, InfrastructureError
from harness.containers import ContainerLimits, container_options
from harness.disk import PAUSED, DiskWatch, root_of
from harness.engine import docker_errors, explained
from harness.leftovers import remove
from harness.limits import MIB

LIMITS = ContainerLimits(
    memory_mb=16384, pids=16384, cpus=float(os.cpu_count() or 1), disk_mb=32768, files=2_000_000, output_mb=256,
    network="default",
)  # fmt: skip
"""16 GB of memory is what SWE-bench asks of the whole machine."""
STOPPED = (126, 137)
"""Exit codes of a command in a container that has ended, and of one that ended together with it."""
DEATH_SECONDS = 1.0
"""The engine hears of the end of a command before that of its container."""
STALL_SECONDS = 60.0
"""An engine that gives no answer for so long carries no output either, and tests wait until they can print."""
EAGER = 4 * MIB
"""Output up to here is handed on as it comes; beyond, in growing blocks: swebench appends each to one `bytes`."""


def scoring_options(limits: ContainerLimits, labels: Mapping[str, str]) -> dict[str, Any]:
    """Options for `containers.create`; capabilities are Docker's default ones."""
    options = container_options(limits, labels)
    options.pop("cap_drop")
    return {**options, "cap_add": []}


class ScoringClient:
    """What `run_instance` takes for a docker client; one per patch."""

    def __init__(
        self,
        client: Any,
        *,
        labels: Mapping[str, str],
        limits: ContainerLimits = LIMITS,
        say_bound: Callable[[str], None],
    ) -> None:
        """
        Args:
            client: see `engine.connect`.
            say_bound: takes the reason when a container is killed for what it uses.
        """
        self.real, self.labels, self.limits, self.say_bound = client, labels, limits, say_bound
        self.containers = Containers(self)
        self.name = ""
        """Of the container, known before it is made."""
        self.trouble = ""
        """Why the run says nothing about the patch."""
        self.broken = False
        """The trouble came while the patch was applied or its tests ran: what failed, failed for it."""
        self.stalled = False
        """The engine, or the container, stood still for a while: that the tests took too long says nothing."""
        self.asked = 0.0
        """When a question to the engine began that has no answer yet; 0 = there is none."""
        self.removed = False
        """We ended the container ourselves."""
        self.closed = False
        self.making = threading.Lock()
        self.over = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def create(self, given: dict[str, Any]) -> Any:
        """Make the container, bounded, under a name that no other run has."""
        with self.making:
            if self.closed:
                raise EngineError("the scoring was stopped")
            self.name = f"{given.pop('name')}.{uuid.uuid4().hex[:12]}"
            container = self.real.containers.create(
                **{**given, **scoring_options(self.limits, self.labels)}, name=self.name
            )
        threading.Thread(target=self.watch, daemon=True).start()
        return BoundedContainer(container, self)

    def watch(self) -> None:
        """Look at the disk until the run is over."""
        failures: tuple[type[Exception], ...] = (InfrastructureError, *docker_errors())
        try:
            look = DiskWatch(self.real, self.name, self.limits, root_of(self.real))
            while not self.over.wait(0.25):
                self.asked = time.monotonic()
                reason = look.look()
                self.check_stall()
                self.asked = 0.0
                if reason:
                    return self.kill(reason)
        except failures as error:
            if not self.over.is_set() and not self.removed:
                self.stalled = True
                self.say_broken(error, "cannot watch the container")
                self.remove()

    def check_stall(self) -> None:
        """Note that the engine has let us wait for long."""
        seconds = time.monotonic() - self.asked
        if self.asked and seconds > STALL_SECONDS:
            self.stalled = True
            self.trouble = self.trouble or f"Docker did not answer for {seconds:.0f} s while the tests ran"

    def end(self, api: Any) -> None:
        """The tests' time is over: end the container, and see whether they could use it."""
        failures: tuple[type[Exception], ...] = (InfrastructureError, *docker_errors())
        self.check_stall()
        try:
            if not self.removed and not self.stalled and api.inspect_container(self.name)["State"].get("Paused"):
                raise EngineError(PAUSED)
        except failures as error:
            self.stalled = True
            self.trouble = self.trouble or str(explained(error, "cannot tell why the tests took so long"))
        self.remove()

    def kill(self, reason: str) -> None:
        """End the container at a bound."""
        self.say_bound(reason)
        self.remove()

    def remove(self) -> None:
        """Kill and remove the container, if there is one; what is left is known by its label."""
        self.removed = True
        if self.name:
            try:
                remove(self.real, self.name)
            except EngineError as error:
                self.trouble = self.trouble or str(error)

    def close(self) -> None:
        """No container from now on."""
        with self.making:
            self.closed = True
        self.over.set()
        self.remove()

    def check_end(self, api: Any, exec_id: str) -> None:
        """A command's output has ended: swebench would grade what there is, also where the container was killed.

        Raises:
            EngineError: the container ended with the command, and not by us: a restart of the engine, somebody's
                `docker kill`, or a test that kills everything; they look alike.
        """
        failures: tuple[type[Exception], ...] = (EngineError, *docker_errors())
        try:
            state = api.exec_inspect(exec_id)
            if state["Running"] or state["ExitCode"] in (None, *STOPPED):
                self.check_alive(api)
        except failures as error:
            if not self.removed:
                self.say_broken(error, "cannot tell how a command ended")
                raise

    def check_command(self, api: Any) -> None:
        """A command of swebench's own was stopped: it takes that for a patch that does not apply.

        Raises:
            EngineError: the container has ended.
        """
        try:
            self.check_alive(api)
        except EngineError as error:
            self.say_broken(error, "cannot apply the patch")
            raise

    def check_alive(self, api: Any) -> None:
        """Nothing, unless the container has ended, or does so within a second.

        Raises:
            EngineError: it has, and we have not removed it.
        """
        end = time.monotonic() + DEATH_SECONDS
        while not self.removed and time.monotonic() < end:
            if not api.inspect_container(self.name)["State"]["Running"]:
                raise EngineError("the container ended while a command ran in it")
            time.sleep(0.05)

    def say_broken(self, error: Exception, what: str) -> None:
        """The run says nothing about the patch."""
        self.trouble, self.broken = str(explained(error, what)), True

    def out_of_memory(self, since: float, until: float) -> bool:
        """Whether the container met its memory limit between two times, in Unix seconds."""
        if not self.name:
            return False
        filters = {"event": "oom", "container": self.name}
        events = self.real.events(since=f"{since:.6f}", until=f"{until:.6f}", filters=filters, decode=True)
        return any(True for _ in events)


class Containers:
    """`client.containers`."""

    def __init__(self, client: ScoringClient) -> None:
        self.client = client

    def create(self, **given: Any) -> Any:
        """See `ScoringClient.create`."""
        return self.client.create(given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client.real.containers, name)


class BoundedContainer:
    """A container whose commands' output is bounded and always text."""

    def __init__(self, real: Any, client: ScoringClient) -> None:
        self.real, self.scoring = real, client
        self.client = SimpleNamespace(api=BoundedApi(real.client.api, client))
        """`run_instance` reaches the low-level interface by `container.client.api`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def exec_run(self, *arguments: Any, **named: Any) -> Any:
        """The command's result; bytes that are no UTF-8 are replaced, for swebench decodes strictly.

        At a timeout swebench runs `kill` with a pid of the host inside the container, which kills nothing, and
        fails in an image without that program: here the container itself goes.
        """
        if named.get("detach"):
            return self.scoring.end(self.real.client.api)
        result = self.real.exec_run(*arguments, **named)
        if result.exit_code in STOPPED:
            self.scoring.check_command(self.real.client.api)
        if not isinstance(result.output, bytes):
            return result
        return result._replace(output=result.output.decode("utf-8", "replace").encode())


class BoundedApi:
    """The low-level interface, with a bound on what a command prints."""

    def __init__(self, real: Any, client: ScoringClient) -> None:
        self.real, self.scoring = real, client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def exec_start(self, exec_id: str, *, stream: bool) -> Iterator[bytes]:
        """The output in blocks, until the limit; fewer and larger ones once there is much.

        Raises:
            EngineError: see `ScoringClient.check_end`.
        """
        waiting, total, handed = bytearray(), 0, 0
        for chunk in self.real.exec_start(exec_id, stream=stream):
            waiting += chunk
            total += len(chunk)
            if total > self.scoring.limits.output_mb * MIB:
                self.scoring.kill(f"more than {self.scoring.limits.output_mb} MiB of output")
                break  # `check_end` knows that it was us
            if len(waiting) >= (0 if handed < EAGER else handed // 16):
                handed += len(waiting)
                yield bytes(waiting)
                waiting.clear()
        yield bytes(waiting)
        self.scoring.check_end(self.real, exec_id)
