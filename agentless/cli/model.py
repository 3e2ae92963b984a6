"""The model that a configuration asks for: a server of the user's, or the embedded one."""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.errors import ConfigError, InputError, ModelServerError

if TYPE_CHECKING:
    from agentless.cli.progress import Reporter
    from agentless.config import RunConfig
    from agentless.llm.client import OpenAIModel
    from agentless.profiles import ModelProfile

SERVER_REVIVE_S = 600.0
EMBEDDED_REVIVE_S = 15.0
"""Nobody restarts the embedded server, so there is little to wait for."""


def embedded_profile(config: "RunConfig") -> "ModelProfile | None":
    """The profile to serve here, None when the configuration names a server.

    Raises:
        ConfigError: no such profile, one that this machine is not asked to serve, or its library is missing.
        ContextError: its context does not hold the outputs asked for.
    """
    from agentless.config import check_context
    from agentless.profiles import find_profile

    if config.model.base_urls:
        return None
    if not config.model.profile:
        raise ConfigError("no model: give --model embedded, or --base-url for an OpenAI-compatible server")
    profile = find_profile(config.model.profile)
    if profile.server != "llamacpp":
        raise ConfigError(f"the profile {profile.name} needs a server of yours; give its --base-url")
    if importlib.util.find_spec("xllamacpp") is None:
        raise ConfigError(
            "the embedded model needs xllamacpp: pip install 'agentless-swe[embedded]', or --base-url"
        )
    check_context(config, config.model.context_tokens or profile.context_tokens)
    return profile


def fetch_embedded(config: "RunConfig", shown: "Reporter") -> Path | None:
    """The embedded model's weights, fetched when they are not in the cache; None when a server is named.

    Not a coroutine: Ctrl-C must end a download at once.

    Raises:
        ConfigError: no such profile.
        DownloadError: they cannot be had; what arrived is kept.
    """
    from agentless.llm.weights import fetch_weights

    profile = embedded_profile(config)
    if profile is None:
        return None
    return fetch_weights(profile, progress=lambda done, total: shown.download(profile.name, done, total))


@asynccontextmanager
async def open_model(config: "RunConfig", weights: Path | None, shown: "Reporter") -> "AsyncIterator[OpenAIModel]":
    """A connected model; a server started here is stopped on every way out.

    Raises:
        InputError: the server named by the user is not reachable or does not serve the model.
        ModelServerError: the embedded server did not start.
    """
    profile = embedded_profile(config)
    if profile is None or weights is None:
        try:
            model = await connected(config)
        except ModelServerError as error:
            raise InputError(str(error)) from error
        try:
            yield model
        finally:
            await model.close()
        return
    from agentless.llm.llamacpp import embedded_server

    context = config.model.context_tokens or profile.context_tokens
    shown.say(f"model: {profile.name} on this CPU ({profile.about})")
    async with embedded_server(weights, context_tokens=context, name=profile.name) as url:
        served = config.model.model_copy(update={"base_urls": (url,), "name": profile.name})
        model = await connected(config.model_copy(update={"model": served}), revive_s=EMBEDDED_REVIVE_S)
        try:
            yield model
        finally:
            await model.close()


async def connected(config: "RunConfig", *, revive_s: float = SERVER_REVIVE_S) -> "OpenAIModel":
    """A client of the configured servers.

    Args:
        revive_s: seconds to wait for a server that died in the middle of a run.
    """
    from agentless.llm.client import OpenAIModel, Patience

    return await OpenAIModel.connect(config.model, config.limits, config.seed, Patience(revive_s=revive_s))
