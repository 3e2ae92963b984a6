"""Prompts that fit, and a clear error when none does."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.config import LocalizeConfig
from agentless.errors import ContextError
from agentless.llm.fake import ScriptedModel
from agentless.localize.budget import (
    TEMPLATE_TOKENS,
    first_fitting,
    halvings,
    issue_mark,
    prompt_budget,
    shortened,
)
from agentless.ports import Message
from agentless.prompting import turns_text


def test_budget_is_what_the_context_leaves() -> None:
    model = ScriptedModel([], context_tokens=4000)
    assert prompt_budget(model, LocalizeConfig(max_tokens=1000)) == 3000 - TEMPLATE_TOKENS
    assert prompt_budget(model, LocalizeConfig(max_tokens=1000, max_prompt_tokens=500)) == 500


def test_an_output_limit_that_fills_the_context_is_refused() -> None:
    with pytest.raises(ContextError, match=r"localize\.max_tokens=4000"):
        prompt_budget(ScriptedModel([], context_tokens=4000), LocalizeConfig(max_tokens=4000))


def builders(built: list[int], sizes: list[int]) -> Iterator[Callable[[], tuple[Message, ...]]]:
    for size in sizes:

        def build(size: int = size) -> tuple[Message, ...]:
            built.append(size)
            return (Message(role="user", content="x " * size),)

        yield build


async def test_the_first_that_fits_and_no_further() -> None:
    model = ScriptedModel([])
    budget = await model.count_tokens(turns_text((Message(role="user", content="x " * 500),)))
    built: list[int] = []
    messages = await first_fitting(model, budget, builders(built, [1000, 500, 250]))
    assert messages[0].content.count("x") == 500
    assert built == [1000, 500]


async def test_none_fits() -> None:
    with pytest.raises(ContextError, match="has room for 10;"):
        await first_fitting(ScriptedModel([]), 10, builders([], [100, 50]))


@pytest.mark.parametrize(
    ("largest", "smallest", "sizes"),
    [(100, 10, [100, 50, 25, 12, 10]), (10, 0, [10, 5, 2, 1, 0]), (4, 4, [4]), (0, 0, [0]), (3, 10, [3])],
)
def test_halvings(largest: int, smallest: int, sizes: list[int]) -> None:
    assert halvings(largest, smallest) == sizes


def test_a_long_issue_keeps_its_beginning_and_its_end() -> None:
    issue = "a" * 100 + "b" * 100
    short = shortened(issue, 30)
    assert short.startswith("a" * 20 + "\n") and short.endswith("\n" + "b" * 10)
    assert "170 characters" in short


@given(st.text(max_size=60), st.integers(0, 60))
def test_shortened_issues_stay_short(issue: str, limit: int) -> None:
    short = shortened(issue, limit)
    assert short == issue if not limit or len(issue) <= limit else len(short) < limit + 40


@given(st.text(max_size=80))
def test_a_text_cannot_hold_its_own_mark(issue: str) -> None:
    assert issue_mark(issue) == issue_mark(issue)
    assert issue_mark(issue + issue_mark(issue)) not in issue + issue_mark(issue)
