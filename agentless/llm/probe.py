"""What a server is: its kind, the models it lists, their context, and whether it is well."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from agentless.errors import ModelServerError
from agentless.llm.failures import one_line

ServerKind = Literal["vllm", "llamacpp", "other"]

PROBE_TIMEOUT_S = 10.0
LOADING_POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """One server, as `/v1/models` describes it."""

    url: str
    """Base URL that worked, ending in the version (`.../v1`)."""
    kind: ServerKind
    contexts: Mapping[str, int] = field(default_factory=dict)
    """Model name -> prompt + output tokens, 0 where the server does not say."""

    @property
    def root(self) -> str:
        """The address without the version: `/health` and `/tokenize` lie there."""
        return root_of(self.url)


async def probe(http: httpx.AsyncClient, url: str, key_env: str = "", loading_s: float = 300.0) -> ServerFacts:
    """Ask a server for its models; one that loads (HTTP 503) is waited for.

    Args:
        http: a client that sends the key.
        url: base URL; a missing `/v1` is added.
        key_env: name of the variable that holds the key, for the error.
        loading_s: longest wait for a server that loads.

    Raises:
        ModelServerError: unreachable, refused, or not an OpenAI-compatible server.
    """
    base = url.rstrip("/")
    until = time.monotonic() + loading_s
    while True:
        base, response = await list_models(http, base)
        if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
            break
        await asyncio.sleep(LOADING_POLL_S)
    if response.status_code in (401, 403):
        raise ModelServerError(f"{url} refused the API key (HTTP {response.status_code}); {key_hint(key_env)}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return ServerFacts(url=base, kind="other")  # a server without a list; the name must be given then
    if response.status_code != httpx.codes.OK:
        said = one_line(response.text)
        raise ModelServerError(f"{url} answered HTTP {response.status_code} to /models: {said}")
    try:
        return read_models(base, response.json())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelServerError(
            f"{url} is not an OpenAI-compatible server; the base URL usually ends in /v1"
        ) from error


async def list_models(http: httpx.AsyncClient, base: str) -> tuple[str, httpx.Response]:
    """`GET base/models`, and under `/v1` where the first finds nothing.

    Raises:
        ModelServerError: no connection.
    """
    try:
        response = await http.get(f"{base}/models", timeout=PROBE_TIMEOUT_S)
        if response.status_code == httpx.codes.NOT_FOUND and not base.endswith("/v1"):
            below = await http.get(f"{base}/v1/models", timeout=PROBE_TIMEOUT_S)
            if below.status_code != httpx.codes.NOT_FOUND:
                return f"{base}/v1", below
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = one_line(str(error)) or type(error).__name__
        raise ModelServerError(f"no model server at {base} ({said}); start it, or correct the URL") from error
    return base, response


def read_models(url: str, payload: Any) -> ServerFacts:
    """The facts in the body of `/v1/models`.

    Raises:
        KeyError, TypeError, AttributeError: it is something else.
    """
    contexts: dict[str, int] = {}
    owners = set()
    for model in payload["data"]:
        meta = model.get("meta") or {}
        context = model.get("max_model_len") or meta.get("n_ctx") or 0
        contexts[str(model["id"])] = int(context)
        owners.add(model.get("owned_by"))
    kind: ServerKind = "vllm" if "vllm" in owners else "llamacpp" if "llamacpp" in owners else "other"
    return ServerFacts(url=url, kind=kind, contexts=contexts)


async def healthy(http: httpx.AsyncClient, url: str, timeout_s: float = PROBE_TIMEOUT_S) -> bool:
    """Whether a server answers `/health`, or `/models` where it has no such page."""
    try:
        response = await http.get(f"{root_of(url)}/health", timeout=timeout_s)
        if response.status_code in (401, 403, 404, 405):
            response = await http.get(f"{url}/models", timeout=timeout_s)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK or response.status_code == httpx.codes.NOT_FOUND


def root_of(url: str) -> str:
    """A base URL without its trailing `/v1`."""
    return url.rstrip("/").removesuffix("/v1")


def key_hint(key_env: str) -> str:
    """How to give a right key; never the key itself."""
    if key_env:
        return f"put a valid key into the environment variable {key_env}"
    return "name the environment variable that holds a key with --api-key-env"
