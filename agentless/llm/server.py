"""Start, watch and stop a model server of any kind as a child process.

The server runs under `guard`, in a session of its own: Ctrl-C reaches this process alone, which stops the server
in order, and the guard ends it when this process dies without having had the chance.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from agentless.errors import ModelServerError
from agentless.llm.guard import GRACE_S, KILLED_S
from agentless.llm.scratch import LOG, server_folder

POLL_S = 0.1
LOG_LINES = 4
"""Last lines of a log that go into an error."""
LINE_CHARACTERS = 160
"""Of each of them."""
LOG_TAIL = 4096
"""Bytes at the end of a log in which they are looked for."""

Waiting = Callable[[float], None]
"""Told, several times a second, the seconds that a starting server has taken so far."""


class ServerProcess:
    """A started server: its address, its log, and how to stop it.

    `folder` is one of `scratch.server_folder`, None for none; the guard removes it when this process is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        url: str,
        log: Path,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.url = url
        self.log = log
        guard = [sys.executable, "-P", "-m", "agentless.llm.guard", str(os.getpid()), str(folder or "")]
        try:
            with log.open("ab") as output:
                self.process = subprocess.Popen(
                    [*guard, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    start_new_session=True,
                )
        except OSError as error:
            raise ModelServerError(f"could not start the model server with log {log}: {error}") from error

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    async def wait_ready(self, timeout_s: float, waiting: Waiting | None = None) -> None:
        """Return when `GET url` answers 200.

        Raises:
            ModelServerError: it ended before, or took longer than `timeout_s`; the text has the log's last lines.
        """
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            while not await answers(http, self.url):
                passed = time.monotonic() - began
                if not self.alive:
                    code = self.process.returncode
                    raise ModelServerError(f"the model server ended with code {code}: {self.last_words()}")
                if passed > timeout_s:
                    raise ModelServerError(
                        f"the model server was not ready in {timeout_s:g} s: {self.last_words()}"
                    )
                if waiting is not None:
                    waiting(passed)
                await asyncio.sleep(POLL_S)

    def last_words(self) -> str:
        """The log's last lines as one line."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - LOG_TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
        said = [line.strip() for line in lines if line.strip()][-LOG_LINES:]
        return " | ".join(line[:LINE_CHARACTERS] for line in said) or "it said nothing"

    def stop(self) -> None:
        """End the server and everything it started; returns when it is gone. May be called again."""
        if self.alive:
            self.process.terminate()  # the guard ends the group
        try:
            self.process.wait(GRACE_S + KILLED_S + 2)
        except subprocess.TimeoutExpired:
            self.process.kill()  # the guard's child dies with it
            self.process.wait()


@asynccontextmanager
async def model_server(
    command: Sequence[str],
    *,
    url: str,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    ready_s: float = 300.0,
    waiting: Waiting | None = None,
) -> AsyncIterator[ServerProcess]:
    """A running server, stopped on every way out.

    Args:
        command: the program and its arguments.
        url: answers 200 once the server can be used, e.g. `http://127.0.0.1:8000/health`.
        env: variables on top of this process's own.
        log: where its output goes; None = a temporary file that is removed at the end.
        ready_s: seconds to wait for `url`.
        waiting: progress of the start.

    Raises:
        ModelServerError: it could not be started, ended early, or was not ready in time.
    """
    with server_folder() as folder:
        server = ServerProcess(command, url=url, log=log or folder / LOG, env=env, folder=folder)
        try:
            await server.wait_ready(ready_s, waiting)
            yield server
        finally:
            server.stop()


async def answers(http: httpx.AsyncClient, url: str) -> bool:
    """Whether `GET url` gives 200; a server that loads gives 503 or refuses."""
    try:
        response = await http.get(url)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
