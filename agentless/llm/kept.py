"""A model server that is started again when it dies: what a run owns, it also mends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from agentless.errors import ModelServerError
from agentless.llm.server import ServerProcess, Waiting

LOOK_S = 1.0
RESTARTS = 3
"""Deaths in one run after which something is wrong that a restart does not mend."""


class KeptServer:
    """A server process and its successors, all at one address."""

    def __init__(
        self,
        start: Callable[[], ServerProcess],
        ready_s: float,
        waiting: Waiting | None,
        say: Callable[[str], None],
        gone: asyncio.Event | None = None,
    ) -> None:
        self.gone = gone or asyncio.Event()
        self.start = start
        self.ready_s = ready_s
        self.waiting = waiting
        self.say = say
        self.restarts = 0
        self.current = start()

    async def first(self) -> None:
        """Wait until it can be used for the first time.

        Raises:
            ModelServerError: it ended, or was not ready in time.
        """
        await self.current.wait_ready(self.ready_s, self.waiting)

    async def watch(self, look_s: float = LOOK_S) -> None:
        """Start it again whenever it has died, at most `RESTARTS` times; ends when that was not enough."""
        while True:
            await asyncio.sleep(look_s)
            if self.current.alive:
                continue
            words = self.current.last_words()
            if self.restarts == RESTARTS:
                self.say(f"the model server died again and is not started any more: {words}")
                self.gone.set()
                return
            self.restarts += 1
            self.say(f"the model server died ({words}); starting it again")
            self.current = self.start()
            with contextlib.suppress(ModelServerError):  # it died again: the next look says so
                await self.current.wait_ready(self.ready_s)
                self.say("the model server is back")


@asynccontextmanager
async def kept_server(
    command: Sequence[str],
    *,
    url: str,
    log: Path,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    ready_s: float = 3600.0,
    waiting: Waiting | None = None,
    say: Callable[[str], None] = lambda _: None,
    check: Callable[[], Awaitable[None]] | None = None,
    gone: asyncio.Event | None = None,
) -> AsyncIterator[KeptServer]:
    """A running server, mended while the block lasts and stopped on every way out.

    Args:
        command: the program and its arguments.
        url: answers 200 once the server can be used.
        log: where its output goes.
        folder: one of `scratch.server_folder`, which the guard removes when this process is killed.
        env: variables on top of this process's own.
        ready_s: seconds to wait for `url`, after each start.
        waiting: progress of the first start.
        say: told when it died and when it is back.
        check: run once it is ready, before anybody uses it.
        gone: set when it died too often to be started once more.

    Raises:
        ModelServerError: it could not be started, ended early, was not ready in time, or the check failed.
    """

    def start() -> ServerProcess:
        return ServerProcess(command, url=url, log=log, env=env, folder=folder)

    server = KeptServer(start, ready_s, waiting, say, gone)
    try:
        await server.first()
        if check is not None:
            await check()
        watching = asyncio.create_task(server.watch())
        try:
            yield server
        finally:
            watching.cancel()
            await asyncio.wait({watching})
    finally:
        server.current.stop()


@asynccontextmanager
async def followed(log: Path, write: Callable[[str], object]) -> AsyncIterator[None]:
    """Hands on what is written to a log while the block lasts, to its end; the file is made when it is not there.

    Raises:
        ModelServerError: it cannot be made.
    """
    try:
        log.touch()  # noqa: ASYNC240 - one call before anything runs
    except OSError as error:
        raise ModelServerError(f"could not write the model server's log {log}: {error.strerror}") from error
    following = asyncio.create_task(follow(log, write))
    await asyncio.sleep(0)  # it has opened the log; one that is cancelled before that would say nothing
    try:
        yield
    finally:
        following.cancel()
        await asyncio.wait({following})


async def follow(log: Path, write: Callable[[str], object], look_s: float = 0.2) -> None:
    """Hand on what is written to a log, until cancelled and then to its end; nothing of it is kept in memory."""
    with log.open("r", encoding="utf-8", errors="replace") as file:
        try:
            while True:
                if text := file.read(65536):
                    write(text)
                else:
                    await asyncio.sleep(look_s)
        finally:
            write(file.read())
