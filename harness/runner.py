"""A TestRunner over an instance's Docker image: a fresh container per job, or one that is reset between jobs."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, TypeVar

from agentless.errors import EngineError, ImageError
from agentless.ports import TestJob, TestReport
from harness.activation import PRELUDE, environment_after
from harness.attempt import Attempt
from harness.containers import Container, ContainerLimits, StoppedError, container_labels
from harness.engine import with_retries
from harness.keeper import image_id
from harness.placing import place, unsafe_path
from harness.reuse import Reset

T = TypeVar("T")

TRIES, FIRST_WAIT_S = 6, 2.0
"""Waits of 2, 4, 8, 16 and 32 s: a restart of the engine takes less than that minute."""
THREADS = 64


class DockerRunner:
    """Runs jobs in containers of one image; an async context manager."""

    __test__: ClassVar[bool] = False
    name = "docker"

    def __init__(
        self,
        client: Any,
        image: str,
        *,
        instance_id: str,
        run_id: str,
        limits: ContainerLimits | None = None,
        slots: asyncio.Semaphore | None = None,
        reuse: bool = False,
        prelude: str = PRELUDE,
        workdir: str = "/testbed",
        tries: int = TRIES,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        """
        Args:
            client: see `engine.connect`; may be shared by several runners.
            image: tag or id of an image that is here, with bash, git and a work tree at the base commit.
            instance_id: goes into labels.
            run_id: goes into labels.
            limits: bounds of each container.
            slots: bounds the containers of several runners together; None = two for this one.
            reuse: reset a container between jobs instead of making one for each; see `reuse`.
            prelude: bash that activates the project's Python environment.
            workdir: the work tree in the image.
            tries: how often a job is begun while the engine fails.
            first_wait_s: seconds before the second try; doubled each time.
        """
        self.client, self.image = client, image
        self.limits = limits or ContainerLimits()
        self.labels = container_labels(run_id, instance_id)
        self.slots = slots or asyncio.Semaphore(2)
        self.reuse, self.prelude, self.workdir = reuse, prelude, workdir
        self.tries, self.first_wait_s = tries, first_wait_s
        self.image_id = ""
        self.environment: dict[str, str] | None = None
        self.activating = threading.Lock()
        self.idle: list[Reset] = []
        self.made: list[Container] = []
        # asyncio's own threads are few, and others wait for them
        self.threads = ThreadPoolExecutor(THREADS, "docker")

    async def run(self, job: TestJob) -> TestReport:
        """Run one job in a fresh tree; when cancelled, its container is gone before this raises.

        Raises:
            EngineError: the engine failed, also after all tries.
            ImageError: the image is not here, or it is not of the kind that is needed.
        """
        if problem := unsafe_path(job.files):
            return TestReport(applied=False, note=f"a test file could not be placed: {problem}")
        async with self.slots:
            return await self.threaded(lambda stop: self.work(job, stop))

    async def identity(self) -> str:
        """The image's id, which a rebuilt image of the same name does not have; asked once.

        Raises:
            EngineError: the engine failed, also after all tries.
            ImageError: the image is not here.
        """
        if not self.image_id:
            self.image_id = await self.threaded(self.look)
        return self.image_id

    async def threaded(self, function: Callable[[threading.Event], T]) -> T:
        """The value of a function in a thread of ours; when cancelled, it is told to stop and waited for."""
        stop = threading.Event()
        future = asyncio.get_running_loop().run_in_executor(self.threads, function, stop)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # seen: nobody waits for it any more
            raise

    def look(self, stop: threading.Event) -> str:
        """The image's id, asked for again while the engine fails; blocks."""

        def attempt() -> str:
            if stop.is_set():
                raise StoppedError("the question was cancelled")
            return image_id(self.client, self.image)

        found = with_retries(attempt, tries=self.tries, first_wait_s=self.first_wait_s, sleep=stop.wait)
        if not found:
            raise ImageError(f"{self.image} is not here; pull or build it")
        return found

    def work(self, job: TestJob, stop: threading.Event) -> TestReport:
        """The job, tried again while the engine fails; blocks."""
        deaths: list[str] = []

        def attempt() -> TestReport:
            if stop.is_set():
                raise StoppedError("the job was cancelled")
            return self.attempt(job, stop, deaths)

        return with_retries(attempt, tries=self.tries, first_wait_s=self.first_wait_s, sleep=stop.wait)

    def attempt(self, job: TestJob, stop: threading.Event, deaths: list[str]) -> TestReport:
        """One try. That a container ends under a command is blamed on the candidate only the second time."""
        resets: dict[Container, Reset] = {}
        environment: dict[str, str] = {}

        def fresh() -> Container:
            reset = self.take(stop)
            resets[reset.container] = reset
            environment.update(self.environment or {})
            return reset.container

        attempt = Attempt(
            job, fresh=fresh, workdir=self.workdir, environment=environment,
            placed=lambda container: place(container, job, self.workdir, environment),
        )  # fmt: skip
        try:
            report = attempt.run()
            if attempt.died and not deaths:
                deaths.append(attempt.died)
                raise EngineError(f"a container ended by itself: {attempt.died}")
            if attempt.container is not None:
                self.give_back(resets[attempt.container])
                attempt.container = None
            return report
        finally:
            attempt.discard()

    def take(self, stop: threading.Event) -> Reset:
        """A container that was reset, else a new one, ready for a job.

        Raises:
            EngineError: the engine failed.
            ImageError: the image is not here or not usable.
        """
        with contextlib.suppress(IndexError):
            reset = self.idle.pop()
            reset.container.stop = stop
            return reset
        container = Container(self.client, self.image, limits=self.limits, labels=self.labels, stop=stop)
        self.made = [item for item in self.made if not item.removed] + [container]
        with contextlib.ExitStack() as undo:
            undo.enter_context(container)
            with self.activating:
                if self.environment is None:
                    self.environment = environment_after(container, self.prelude)
            reset = Reset(container, self.workdir)
            if self.reuse:
                reset.ready()
            undo.pop_all()
        return reset

    def give_back(self, reset: Reset) -> None:
        """A job is done with its container. The next one need not wait until it is removed: 0.1 s."""
        if not self.reuse:
            self.threads.submit(reset.container.remove)
            return
        again = False
        try:
            with contextlib.suppress(EngineError):
                again = reset.reset()
        finally:
            if again:
                self.idle.append(reset)
            else:
                reset.container.remove()

    async def close(self) -> None:
        """Remove what is left, and wait for it; call it when no job runs any more."""
        await asyncio.to_thread(self.threads.shutdown)
        self.idle.clear()
        for container in self.made:
            if not container.removed:
                await asyncio.to_thread(container.remove)

    async def __aenter__(self) -> "DockerRunner":
        """Usable as `async with`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()
