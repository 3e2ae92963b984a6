"""A server in the foreground: its log on stderr, its address on stdout, until Ctrl-C."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentless.llm.serving import ServerPlan

PROGRESS_S = 10.0
"""Between lines that say how long the start has taken."""


async def serve_until_interrupted(plan: "ServerPlan", log: Path | None) -> int:
    """Start, say the address once it can be used, and wait.

    Raises:
        ModelServerError: it did not start, serves less than asked for, or died too often.
    """
    from agentless.cli.model import slowly
    from agentless.errors import ModelServerError
    from agentless.llm.serving import vllm_server

    say(describe(plan))
    gone = asyncio.Event()
    waiting = slowly(say, PROGRESS_S)
    try:
        async with vllm_server(plan, log=log, output=sys.stderr.write, waiting=waiting, say=say, gone=gone) as url:
            print(url, flush=True)
            say(f"{plan.profile.name} is served at {url} with {plan.context_tokens} tokens; Ctrl-C stops it")
            await gone.wait()
        raise ModelServerError("vLLM died again and again; its last words are above")
    except asyncio.CancelledError:  # how asyncio.run hands on Ctrl-C
        pass
    say("stopped")
    return 0


def describe(plan: "ServerPlan") -> str:
    """The plan in one line."""
    where = f"{plan.checkpoint.place}{f' at {plan.checkpoint.revision[:12]}' if plan.checkpoint.revision else ''}"
    text = f"starting vLLM for {where}, {plan.context_tokens} tokens"
    if plan.fitted:
        text += (
            f"; room for {plan.fitted.pool_tokens} cached tokens a copy,"
            f" {plan.fitted.full_sequences:.1f} sequences of full length"
        )
    return text


def say(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"agentless serve: {text}\n")
