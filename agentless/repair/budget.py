"""Tokens a prompt may take, and characters that are about as many."""

from dataclasses import dataclass

from agentless.config import RepairConfig
from agentless.errors import ContextError
from agentless.ports import ChatModel, Message
from agentless.prompting import turns_text

TEMPLATE_TOKENS = 48
"""What the server's chat template adds around the turns, with room to spare."""
SAMPLE_CHARS = 40_000
"""Text whose tokens are counted to learn the ratio."""
SMALLEST_PROMPT = 128
"""Tokens below which no prompt says anything."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a prompt may hold."""

    tokens: int
    chars_per_token: float
    """Measured with the served tokenizer on the instance's own text, 5% taken off."""

    @property
    def chars(self) -> int:
        """Characters that take about `tokens`."""
        return int(self.tokens * self.chars_per_token)


def prompt_tokens(config: RepairConfig, model: ChatModel) -> int:
    """Tokens that the turns of a prompt may take.

    Raises:
        ContextError: the output alone fills the context, or max_prompt_tokens is too small for any prompt.
    """
    left = model.context_tokens - config.max_tokens - TEMPLATE_TOKENS
    if config.max_prompt_tokens:
        left = min(left, config.max_prompt_tokens - TEMPLATE_TOKENS)
    if left < SMALLEST_PROMPT:
        raise ContextError(
            f"{model.name} holds {model.context_tokens} tokens; with repair.max_tokens={config.max_tokens} and"
            f" repair.max_prompt_tokens={config.max_prompt_tokens} no prompt fits: lower the first,"
            f" or serve a longer context"
        )
    return left


async def measure(config: RepairConfig, model: ChatModel, text: str) -> Budget:
    """The budget, with characters per token as the model's tokenizer has them in the text (one call).

    Raises:
        ContextError: see `prompt_tokens`.
    """
    tokens = prompt_tokens(config, model)
    sample = text[:SAMPLE_CHARS]
    counted = await model.count_tokens(sample) if sample else 0
    return Budget(tokens, 0.95 * len(sample) / counted if counted else 3.0)


async def overflow(model: ChatModel, messages: tuple[Message, ...], budget: Budget) -> float:
    """Exact size of a prompt over what it may be; up to 1.0 fits (one call)."""
    return await model.count_tokens(turns_text(messages)) / budget.tokens
