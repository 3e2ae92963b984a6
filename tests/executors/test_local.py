import asyncio
import gc

import pytest

from agentless.errors import ModelServerError
from agentless.executors import LocalExecutor


class Gauge:
    """Counts how many calls run at once, and in which order they began."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.began: list[int] = []

    async def __call__(self, item: int) -> None:
        self.began.append(item)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.002)
        self.now -= 1


@pytest.mark.parametrize(("limit", "items", "most"), [(1, 5, 1), (3, 10, 3), (8, 4, 4), (4, 0, 0)])
async def test_so_many_run_at_once_and_each_runs_once(limit: int, items: int, most: int) -> None:
    gauge = Gauge()
    errors = await LocalExecutor(limit).map(gauge, range(items))
    assert errors == [None] * items
    assert gauge.most == most
    assert sorted(gauge.began) == list(range(items))


async def test_one_at_a_time_runs_inline_and_in_order() -> None:
    task = asyncio.current_task()
    seen: list[tuple[int, bool]] = []

    async def note(item: int) -> None:
        await asyncio.sleep(0)
        seen.append((item, asyncio.current_task() is task))

    await LocalExecutor(1).map(note, [3, 1, 2])
    assert seen == [(3, True), (1, True), (2, True)]


@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_a_failure_is_given_back_and_the_others_go_on(limit: int) -> None:
    done: list[int] = []

    async def divide(item: int) -> None:
        await asyncio.sleep(0)
        if item == 2:
            raise ModelServerError("gone")
        done.append(6 // item)

    errors = await LocalExecutor(limit).map(divide, [1, 2, 0, 3])
    assert [type(error) for error in errors] == [type(None), ModelServerError, ZeroDivisionError, type(None)]
    assert str(errors[1]) == "gone"
    assert sorted(done) == [2, 6]


@pytest.mark.parametrize("limit", [1, 2, 4])
async def test_cancelling_from_outside_stops_everything(limit: int) -> None:
    began: list[int] = []
    cleaned: list[int] = []
    busy = asyncio.Event()

    async def endless(item: int) -> None:
        began.append(item)
        if len(began) == limit:
            busy.set()
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(item)

    task = asyncio.create_task(LocalExecutor(limit).map(endless, range(9)))
    await busy.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(began) == sorted(cleaned) == list(range(limit))


@pytest.mark.parametrize("limit", [1, 3])
async def test_cancelling_from_inside_is_no_success(limit: int) -> None:
    began: list[int] = []

    async def stop_at_two(item: int) -> None:
        began.append(item)
        await asyncio.sleep(0.001)
        if item == 2:
            raise asyncio.CancelledError

    task = asyncio.create_task(LocalExecutor(limit).map(stop_at_two, range(50)))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(began) < 10


@pytest.mark.parametrize("limit", [1, 3])
def test_a_keyboard_interrupt_passes_through(limit: int) -> None:
    began: list[int] = []

    async def interrupt(item: int) -> None:
        began.append(item)
        await asyncio.sleep(0)
        if item == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(LocalExecutor(limit).map(interrupt, range(50)))
    assert len(began) < 10
    gc.collect()  # now: asyncio complains of the task nobody asked, and must not do so inside another test


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_at_least_one(limit: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        LocalExecutor(limit)


@pytest.mark.parametrize("limit", [1, 3])
async def test_each_error_is_heard_at_once(limit: int) -> None:
    heard: list[tuple[int, str]] = []

    async def odd_fails(item: int) -> None:
        if item % 2:
            raise ValueError(f"odd {item}")
        assert len(heard) >= item // 2 - limit

    errors = await LocalExecutor(limit, lambda item, error: heard.append((item, str(error)))).map(
        odd_fails, range(6)
    )
    assert sorted(heard) == [(1, "odd 1"), (3, "odd 3"), (5, "odd 5")]
    assert [error is None for error in errors] == [True, False] * 3


@pytest.mark.parametrize("limit", [1, 3])
async def test_an_error_that_cannot_be_noted_stops_everything(limit: int) -> None:
    def full(item: int, error: Exception) -> None:
        raise OSError("disk full")

    async def fails(item: int) -> None:
        raise ValueError(item)

    with pytest.raises(OSError, match="disk full"):
        await LocalExecutor(limit, full).map(fails, range(9))
