"""One child process with a deadline, a bounded memory of its output, and a watchman."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

KEPT_OUTPUT = 8 * 1024 * 1024
"""Bytes of output kept for the parsers; older ones are dropped."""
CHUNK = 65536
WATCH_SECONDS = 0.2
DRAIN_SECONDS = 2.0
"""How long to wait for the end of the output of a process that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a process ended."""

    exit_code: int | None
    """None when it was killed by us."""
    outcome: Literal["ended", "timeout", "killed"]
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
        kill: ends the process and everything it started; called on deadline, reason and cancellation.
        watch: called every 0.2 s; a non-empty text kills.
        pass_fd: a file descriptor for the child alone, closed here in any case; -1 = none.

    Raises:
        OSError: the program could not be started.
    """
    begin = time.monotonic()
    handed = (pass_fd,) if pass_fd >= 0 else ()
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, env=dict(env), cwd=cwd, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True, pass_fds=handed,
        )  # fmt: skip
    finally:
        for descriptor in handed:
            os.close(descriptor)
    tail = Tail()
    reader = asyncio.create_task(drain(process, tail))
    outcome: Literal["ended", "timeout", "killed"] = "ended"
    reason = ""
    try:
        while process.returncode is None and not reason:
            left = begin + timeout_s - time.monotonic()
            if left <= 0:
                outcome, reason = "timeout", f"no end within {timeout_s:g} s"
                break
            try:
                await asyncio.wait_for(process.wait(), min(left, WATCH_SECONDS))
            except TimeoutError:
                reason = watch(process)
                outcome = "killed" if reason else "ended"
    finally:
        kill(process)
        await asyncio.shield(process.wait())
        await asyncio.wait({reader}, timeout=DRAIN_SECONDS)
        reader.cancel()
    return Finished(
        exit_code=process.returncode if outcome == "ended" else None,
        outcome=outcome,
        output=tail.value(),
        seconds=time.monotonic() - begin,
        reason=reason,
    )


async def drain(process: asyncio.subprocess.Process, tail: Tail) -> None:
    """Read the output to its end into the tail."""
    stream = process.stdout
    while stream is not None and (chunk := await stream.read(CHUNK)):
        tail.add(chunk)


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
