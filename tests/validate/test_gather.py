import asyncio

import pytest

from agentless.errors import SandboxError
from agentless.validate.gather import all_of


async def test_results_come_in_order() -> None:
    async def slow(value: int) -> int:
        await asyncio.sleep(0.01 * (3 - value))
        return value

    assert await all_of([slow(number) for number in range(3)]) == [0, 1, 2]


async def test_the_others_end_before_the_first_failure_is_raised() -> None:
    over: list[int] = []

    async def work(number: int) -> None:
        if number == 0:
            raise SandboxError("no space left")
        await asyncio.sleep(0.02)
        over.append(number)

    with pytest.raises(SandboxError, match="no space left"):
        await all_of([work(number) for number in range(3)])
    assert over == [1, 2]
