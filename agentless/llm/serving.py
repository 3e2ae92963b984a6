"""From a profile to a running vLLM: plan the command, start it, and check what it really serves."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from agentless.errors import ConfigError, ModelServerError
from agentless.folders import cache_folder
from agentless.llm.checkpoint import Checkpoint, local_place, read_checkpoint
from agentless.llm.extra import check_extra, value_of
from agentless.llm.kept import followed, kept_server
from agentless.llm.probe import probe
from agentless.llm.scratch import LOG, server_folder
from agentless.llm.server import Waiting
from agentless.llm.vllm import (
    Fit,
    ServeOptions,
    asked_context,
    check_served,
    context_of,
    fit,
    serve_command,
    vllm_program,
)
from agentless.profiles import ModelProfile

READY_S = 3600.0
"""Weights of a 14B come down in minutes, on a slow line in most of an hour."""
QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
SHOWN_PROGRAM = ("vllm",)
SOCKET_ROOM = len("/") + 36
"""vLLM's sockets: VLLM_RPC_BASE_PATH and a UUID. It leaves them there, as it leaves files in TMPDIR."""
KEY_VARIABLE = "VLLM_API_KEY"
"""vLLM's own: where it is set, the server asks for this key."""
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read here, never listened on
"""Addresses to listen on that cannot be called -> one that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """Everything decided before the start."""

    profile: ModelProfile
    checkpoint: Checkpoint
    command: tuple[str, ...]
    context_tokens: int
    """What the server must report."""
    url: str
    """Base URL, ending in /v1."""
    fitted: Fit | None
    """None where the GPU's memory is not known."""
    key: str = field(default="", repr=False)
    """What the server asks for, "" for nothing; never shown."""


def plan_server(
    profile: ModelProfile,
    options: ServeOptions,
    *,
    folder: Path | None = None,
    program: str = "",
    only_print: bool = False,
    hub: str = "",
) -> ServerPlan:
    """The command for a profile.

    Args:
        folder: local copy of the checkpoint.
        program: the user's vLLM; "" = the one on PATH.
        only_print: neither vLLM nor the weights need be there.
        hub: address of the Hugging Face hub.

    Raises:
        ConfigError: a profile that vLLM does not serve, no vLLM, a model that does not fit.
        DownloadError: the checkpoint cannot be read.
    """
    if profile.server != "vllm":
        hosted = profile.server == "hosted"
        how = "give `agentless solve` its --base-url" if hosted else "it is started by `agentless solve` itself"
        raise ConfigError(f"{profile.name} is not served by vLLM; {how}")
    check_extra(options.extra)
    started = SHOWN_PROGRAM if only_print and not program else vllm_program(program)
    checkpoint = read_checkpoint(profile, folder, hub)
    fitted = fit(profile, checkpoint.config, options)  # before anything large is fetched
    if only_print:
        place = "/".join(part for part in (checkpoint.place, checkpoint.subfolder) if part)
    else:
        place = local_place(checkpoint)
    command = serve_command(profile, checkpoint, place, options, started)
    return ServerPlan(
        profile=profile,
        checkpoint=checkpoint,
        command=tuple(command),
        context_tokens=asked_context(options, context_of(profile, checkpoint.config, everyday=options.everyday)),
        url=base_url(options.host, options.port),
        fitted=fitted,
        key=value_of(options.extra, "--api-key") or os.environ.get(KEY_VARIABLE, ""),
    )


def base_url(host: str, port: int) -> str:
    """Where a server that listens on an address is called from this machine."""
    host = ANYWHERE.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


def check_port(url: str) -> None:
    """Whether the address is still free: the server of somebody else would answer in the name of ours.

    Raises:
        ModelServerError: somebody listens there.
    """
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2).close()
    except OSError:
        return
    raise ModelServerError(f"a server listens at {parts.netloc} already; stop it, or take another --port")


@asynccontextmanager
async def vllm_server(
    plan: ServerPlan,
    *,
    log: Path | None = None,
    output: Callable[[str], object] | None = None,
    ready_s: float = READY_S,
    waiting: Waiting | None = None,
    say: Callable[[str], None] = lambda _: None,
    gone: asyncio.Event | None = None,
) -> AsyncIterator[str]:
    """The base URL of a running vLLM, started again if it dies, stopped with all its processes on every way out.

    Args:
        log: where its output goes; None = a temporary file.
        output: is handed that output as it comes.
        gone: set when it died too often to be started once more.

    Raises:
        ModelServerError: the port is taken, it did not start, or serves less than asked for.
    """
    check_port(plan.url)
    root = plan.url.removesuffix("/v1")
    headers: Mapping[str, str] = {"Authorization": f"Bearer {plan.key}"} if plan.key else {}

    async def check() -> None:
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            facts = await probe(http, plan.url)
        check_served(plan.profile.name, plan.context_tokens, facts.contexts)

    with server_folder(SOCKET_ROOM) as folder:
        file = log or folder / LOG
        async with (
            followed(file, output) if output else nullcontext(),
            kept_server(
                plan.command, url=f"{root}/health", log=file, folder=folder, env=environment(folder, os.environ),
                ready_s=ready_s, waiting=waiting, say=say, check=check, gone=gone,
            ),
        ):  # fmt: skip
            yield plan.url


def environment(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Variables of a vLLM whose temporary files all lie in the folder; what the user has set stays.

    Args:
        own: this process's variables.
    """
    lasting = {"VLLM_RPC_BASE_PATH": str(folder), "TORCHINDUCTOR_CACHE_DIR": str(cache_folder() / "torchinductor")}
    return {**QUIET, "TMPDIR": str(folder), **{name: own.get(name) or value for name, value in lasting.items()}}
