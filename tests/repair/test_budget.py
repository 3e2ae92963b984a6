"""How much a prompt may hold, in the served model's own tokens."""

import pytest

from agentless.config import RepairConfig
from agentless.errors import ContextError
from agentless.llm.fake import ScriptedModel
from agentless.ports import Message
from agentless.repair.budget import TEMPLATE_TOKENS, Budget, measure, overflow, prompt_tokens


def test_the_output_and_the_template_are_taken_off_the_context() -> None:
    model = ScriptedModel([], context_tokens=10_000)
    assert prompt_tokens(RepairConfig(max_tokens=4000), model) == 6000 - TEMPLATE_TOKENS
    assert prompt_tokens(RepairConfig(max_tokens=4000, max_prompt_tokens=2000), model) == 2000 - TEMPLATE_TOKENS
    assert prompt_tokens(RepairConfig(max_tokens=4000, max_prompt_tokens=9000), model) == 6000 - TEMPLATE_TOKENS


@pytest.mark.parametrize(
    "config", [RepairConfig(max_tokens=32768), RepairConfig(max_tokens=100, max_prompt_tokens=50)]
)
def test_no_room_is_an_error_that_names_the_fix(config: RepairConfig) -> None:
    with pytest.raises(ContextError, match=r"repair.max_tokens=\d+.*longer context"):
        prompt_tokens(config, ScriptedModel([], context_tokens=32768))


async def test_the_ratio_is_measured_on_the_text() -> None:
    config, model = RepairConfig(max_tokens=1000), ScriptedModel([], context_tokens=4000)
    tokens = await model.count_tokens("x" * 3000)
    budget = await measure(config, model, "x" * 3000)
    assert budget.chars_per_token == pytest.approx(0.95 * 3000 / tokens)
    assert budget.chars == int(budget.tokens * budget.chars_per_token)
    assert (await measure(config, model, "")).chars_per_token == 3.0


async def test_overflow_is_the_exact_share() -> None:
    model = ScriptedModel([])
    turns = (Message(role="user", content="word " * 100),)
    over = await overflow(model, turns, Budget(10, 3.0))
    assert over > 1
    assert await overflow(model, turns, Budget(100_000, 3.0)) < 1
