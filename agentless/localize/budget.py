"""Prompts fitted to the served model's context, by its own tokenizer."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

from agentless.config import LocalizeConfig
from agentless.errors import ContextError
from agentless.ports import ChatModel, Message
from agentless.prompting import turns_text

TEMPLATE_TOKENS = 64
"""Room for the chat template around the turns."""


def prompt_budget(model: ChatModel, config: LocalizeConfig) -> int:
    """Tokens that a prompt may have: the context without the output, or less when the configuration says so.

    Raises:
        ContextError: the output limit alone fills the context.
    """
    left = model.context_tokens - config.max_tokens - TEMPLATE_TOKENS
    if left <= 0:
        raise ContextError(
            f"localize.max_tokens={config.max_tokens} leaves no room for a prompt in the {model.context_tokens} "
            f"tokens of {model.name}; lower localize.max_tokens or serve a longer context"
        )
    return min(left, config.max_prompt_tokens or left)


async def first_fitting(
    model: ChatModel, budget: int, prompts: Iterable[Callable[[], tuple[Message, ...]]]
) -> tuple[Message, ...]:
    """The first prompt within the budget; they are built one after the other, largest first.

    Raises:
        ContextError: not even the last one fits; the text says what is missing.
    """
    tokens = 0
    for build in prompts:
        messages = build()
        tokens = await model.count_tokens(turns_text(messages))
        if tokens <= budget:
            return messages
    raise ContextError(
        f"the smallest localization prompt has {tokens} tokens and {model.name} has room for {budget}; raise "
        "localize.max_prompt_tokens, lower localize.max_tokens or serve a longer context"
    )


def shortened(issue: str, limit: int) -> str:
    """The issue in about `limit` characters: its beginning, and a third from its end, where tracebacks end.

    A limit of 0 leaves it whole.
    """
    if not limit or len(issue) <= limit:
        return issue
    tail = limit // 3
    cut = len(issue) - limit
    return f"{issue[: limit - tail]}\n[... {cut} characters left out ...]\n{issue[len(issue) - tail :]}"


def issue_mark(issue: str) -> str:
    """Eight hex digits of the issue's hash: a text cannot fake the line that ends it."""
    return hashlib.sha256(issue.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def halvings(largest: int, smallest: int) -> Sequence[int]:
    """largest, half of it, ... down to smallest; largest alone when it is not above."""
    sizes = [largest]
    while sizes[-1] > smallest:
        sizes.append(max(smallest, sizes[-1] // 2))
    return sizes
