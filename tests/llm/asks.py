"""Asks, models and patience for the tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agentless.config import LimitsConfig, ModelConfig
from agentless.llm.client import OpenAIModel, Patience
from agentless.ports import Ask, Message

QUICK = Patience(backoff_s=0.005, loading_s=3.0, revive_s=3.0, poll_s=0.02)


def an_ask(
    text: str = "fix it",
    *,
    attempts: tuple[int, ...] = (0,),
    instance_id: str = "flask-1",
    purpose: str = "edit",
    max_tokens: int = 100,
    temperature: float = 0.6,
    grammar: str = "",
    stop: tuple[str, ...] = (),
) -> Ask:
    """A question of the repair stage."""
    return Ask(
        instance_id=instance_id,
        stage="repair",
        purpose=purpose,
        messages=(Message(role="system", content="be brief"), Message(role="user", content=text)),
        attempts=attempts,
        temperature=temperature,
        top_p=0.95,
        max_tokens=max_tokens,
        grammar=grammar,
        stop=stop,
    )


@asynccontextmanager
async def connected(
    *urls: str,
    retries: int = 2,
    requests: int = 8,
    timeout_s: float = 5.0,
    seed: int = 0,
    patience: Patience = QUICK,
    config: ModelConfig | None = None,
) -> AsyncIterator[OpenAIModel]:
    """A model on servers, closed at the end."""
    limits = LimitsConfig(retries=retries, requests=requests, request_timeout_s=timeout_s)
    wanted = (config or ModelConfig()).model_copy(update={"base_urls": urls})
    model = await OpenAIModel.connect(wanted, limits, seed, patience)
    try:
        yield model
    finally:
        await model.close()
