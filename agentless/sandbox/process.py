"""One child process with a deadline, a bounded memory of its output, and a watchman."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ended", "timeout", "killed"]

KEPT_OUTPUT = 8 * 1024 * 1024
"""Bytes of output kept for the parsers; older ones are dropped."""
WATCH_SECONDS = 0.2
DRAIN_SECONDS = 2.0
"""How long to wait for the end of the output of a process that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a process ended."""

    exit_code: int | None
    """None when it was killed by us."""
    outcome: Outcome
    output: bytes
    """The last `KEPT_OUTPUT` bytes of stdout and stderr together."""
    seconds: float
    reason: str = ""
    """Why it was killed."""


class Tail:
    """The last bytes of a stream, in bounded memory."""

    def __init__(self, size: int = KEPT_OUTPUT) -> None:
        self.size = size
        self.data = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append; cut when twice the size is reached, so that cutting is rare."""
        self.data += chunk
        if len(self.data) > 2 * self.size:
            del self.data[: -self.size]

    def value(self) -> bytes:
        """At most `size` bytes."""
        return bytes(self.data[-self.size :])


class Collector(asyncio.Protocol):
    """Puts what comes out of a pipe into a tail, and knows when the pipe ended."""

    def __init__(self) -> None:
        self.tail = Tail()
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.tail.add(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side closed, or we did."""
        self.ended.set()


async def run_process(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str,
    timeout_s: float,
    kill: Callable[[asyncio.subprocess.Process], None],
    watch: Callable[[asyncio.subprocess.Process], str] = lambda _: "",
    pass_fd: int = -1,
) -> Finished:
    """Run to the end, to the deadline, or until `watch` names a reason to stop.

    Args:
        timeout_s: wall-clock seconds.
        kill: ends the process and everything it started; called in any case, last.
        watch: called every 0.2 s; a non-empty text kills, and so does an error, which is then raised.
        pass_fd: a file descriptor for the child alone, closed here in any case; -1 = none.

    Raises:
        OSError: the program could not be started.
    """
    begin = time.monotonic()
    output = Collector()
    read_end, write_end = os.pipe()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: output, os.fdopen(read_end, "rb", 0))
    handed = (pass_fd,) if pass_fd >= 0 else ()
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, env=dict(env), cwd=cwd, stdin=asyncio.subprocess.DEVNULL, stdout=write_end, stderr=write_end,
            start_new_session=True, pass_fds=handed,
        )  # fmt: skip
    except BaseException:
        pipe.close()
        raise
    finally:
        for descriptor in (write_end, *handed):
            os.close(descriptor)
    try:
        outcome, reason = await wait_or_stop(process, begin + timeout_s, watch)
    finally:
        kill(process)
        await asyncio.shield(process.wait())
        with contextlib.suppress(TimeoutError):  # a process that left the group may hold the pipe open
            await asyncio.wait_for(output.ended.wait(), DRAIN_SECONDS)
        pipe.close()
    return Finished(
        exit_code=process.returncode if outcome == "ended" else None,
        outcome=outcome,
        output=output.tail.value(),
        seconds=time.monotonic() - begin,
        reason=reason,
    )


async def wait_or_stop(
    process: asyncio.subprocess.Process, deadline: float, watch: Callable[[asyncio.subprocess.Process], str]
) -> tuple[Outcome, str]:
    """How a process ended or has to end, and why.

    Args:
        deadline: on the clock of `time.monotonic`.
    """
    while process.returncode is None:
        left = deadline - time.monotonic()
        if left <= 0:
            return "timeout", "no end within the time limit"
        try:
            await asyncio.wait_for(process.wait(), min(left, WATCH_SECONDS))
        except TimeoutError:
            if reason := watch(process):
                return "killed", reason
    return "ended", ""


def clean_environment(**values: str) -> dict[str, str]:
    """The whole environment of a sandboxed command; nothing is inherited, so no secret is."""
    return {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",  # results before a crash are not lost in a buffer
        "PAGER": "cat",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": "/",
        **values,
    }
