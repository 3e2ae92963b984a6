"""The embedded model server: llama.cpp on the CPU, on localhost, for as long as a `with` block lasts."""

import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agentless.errors import ModelServerError
from agentless.llm.server import Waiting, free_port, model_server

QUIET_OPENMP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
"""Waiting threads sleep: spinning ones slow everything else down on few cores."""

MAX_THREADS = 16
"""Decoding is bound by memory bandwidth; more threads only wait for each other."""


def server_command(
    weights: Path, *, name: str, port: int, context_tokens: int, slots: int = 1, threads: int = 0
) -> list[str]:
    """The command line of the launcher. `-P`: a module in the current folder is never imported."""
    return [
        sys.executable, "-P", "-m", "agentless.llm.llamacpp_launcher",
        "--weights", str(weights),
        "--name", name,
        "--port", str(port),
        "--context-tokens", str(context_tokens),
        "--slots", str(slots),
        "--threads", str(threads or usable_cores()),
    ]  # fmt: skip


def usable_cores() -> int:
    """Cores that this process may use, at most `MAX_THREADS`."""
    return min(len(os.sched_getaffinity(0)), MAX_THREADS)


@asynccontextmanager
async def embedded_server(
    weights: Path,
    *,
    context_tokens: int,
    slots: int = 1,
    threads: int = 0,
    name: str = "",
    log: Path | None = None,
    ready_s: float = 300.0,
    waiting: Waiting | None = None,
) -> AsyncIterator[str]:
    """The base URL of a llama.cpp server, e.g. `http://127.0.0.1:41234/v1`.

    Samples of one prompt cost its processing once: a slot keeps its last prompt, and earlier ones stay in memory
    (measured on 2 cores, 2,406 tokens: 28.7 s for the first sample, 0.04 s for each of the next, also after
    another prompt came between). One slot is right for that: two slots read the same prompt twice and decode
    only 18% faster together.

    Args:
        weights: a GGUF file.
        context_tokens: prompt + output tokens of one request.
        slots: requests at once; memory grows with it.
        threads: 0 = all cores that may be used.
        name: the model's name in `/v1/models`; "" = the file's.
        log: where llama.cpp's output goes; None = nowhere that stays.
        ready_s: seconds to wait until the weights are loaded.
        waiting: progress of the start.

    Raises:
        ModelServerError: xllamacpp or the file is missing, or the server did not start.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelServerError("the embedded model needs xllamacpp: pip install 'agentless-swe[embedded]'")
    if not weights.is_file():  # noqa: ASYNC240 - one stat call before anything runs
        raise ModelServerError(f"no weights at {weights}; fetch them, or give --base-url for another server")
    port = free_port()
    command = server_command(
        weights,
        name=name or weights.stem,
        port=port,
        context_tokens=context_tokens,
        slots=slots,
        threads=threads,
    )
    root = f"http://127.0.0.1:{port}"
    async with model_server(
        command, url=f"{root}/health", env=QUIET_OPENMP, log=log, ready_s=ready_s, waiting=waiting
    ):
        yield f"{root}/v1"
