"""Many instances at once on one machine, with asyncio."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def ignore(item: object, error: Exception) -> None:
    """The default of `on_error`."""


class LocalExecutor:
    """Runs an async function over items, at most `limit` at once; with 1, inline and in order.

    `on_error` hears of each failed item at once, so that its reason is on disk before the others end.
    """

    def __init__(self, limit: int, on_error: Callable[[Any, Exception], None] = ignore) -> None:
        if limit < 1:
            raise ValueError(f"limit {limit}: at least one item must run")
        self.limit = limit
        self.on_error = on_error

    async def map(
        self, function: Callable[[T], Awaitable[None]], items: Sequence[T]
    ) -> list[BaseException | None]:
        """The error of each item in order, None where it went well; one failure never stops the others.

        Raises:
            Exception: what `on_error` raised, e.g. since the disk is full; everything in flight is cancelled.
            asyncio.CancelledError, KeyboardInterrupt: whoever asks to stop is obeyed; everything in flight is
                cancelled and awaited first.
        """
        errors: list[BaseException | None] = [None] * len(items)
        waiting = iter(enumerate(items))
        if self.limit == 1:
            await self.work(function, waiting, errors)
            return errors
        try:
            async with asyncio.TaskGroup() as group:
                workers = min(self.limit, len(items))
                tasks = [group.create_task(self.work(function, waiting, errors)) for _ in range(workers)]
                for task in tasks:
                    task.add_done_callback(lambda done: stop_all(done, tasks))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        if any(task.cancelled() for task in tasks):
            raise asyncio.CancelledError
        return errors

    async def work(
        self,
        function: Callable[[T], Awaitable[None]],
        waiting: Iterator[tuple[int, T]],
        errors: list[BaseException | None],
    ) -> None:
        """Take items until none waits."""
        for position, item in waiting:
            try:
                await function(item)
            except Exception as error:  # noqa: BLE001 - the one place that catches: a defect in one item stays there
                errors[position] = error
                self.on_error(item, error)


def stop_all(done: asyncio.Task[None], tasks: list[asyncio.Task[None]]) -> None:
    """When one worker was cancelled from inside, stop the others too: the group alone would go on without it."""
    if done.cancelled():
        for task in tasks:
            task.cancel()
