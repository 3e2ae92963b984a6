"""N tries at a patch: plan the prompts, ask, read each reply into a Sample."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from agentless.config import RepairConfig
from agentless.ports import Ask, ChatModel, NoProgress, Progress
from agentless.records import Instance, Localization, Sample
from agentless.repair.plan import Plan, contexts_of, plans_of
from agentless.repair.read import read_reply
from agentless.repo.index import Index

SILENT = NoProgress()


def ignore(sample: Sample) -> None:
    """The default of `on_sample`."""


async def make_samples(
    instance: Instance,
    index: Index,
    localization: Localization,
    model: ChatModel,
    config: RepairConfig,
    *,
    attempts: Sequence[int],
    on_sample: Callable[[Sample], None] = ignore,
    progress: Progress = SILENT,
) -> list[Sample]:
    """One sample per attempt, in the order of `attempts`; what a model says never raises.

    `on_sample` hears of each sample as soon as its request is answered. An attempt's prompt, element and
    temperature depend on the attempt alone, so that asking for more later is the same as asking for all at once.

    Raises:
        ContextError: the smallest useful prompt does not fit the served context.
        ModelServerError: the server is gone.
    """
    wanted = list(dict.fromkeys(attempts))
    done: dict[int, Sample] = {}

    def keep(sample: Sample) -> None:
        done[sample.attempt] = sample
        on_sample(sample)
        progress.update(instance.instance_id, "repair", len(done), len(wanted), sample.outcome)

    async def run(plan: Plan, ask: Ask) -> None:
        for reply in await model.ask(ask):
            keep(read_reply(reply, plan.context, index.snapshot))

    progress.update(instance.instance_id, "repair", 0, len(wanted))
    contexts = await contexts_of(instance, index, localization, model, config) if wanted else []
    if not contexts:
        for attempt in wanted:
            keep(Sample(attempt=attempt, outcome="file_not_found", detail="localization named no file to edit"))
    plans = plans_of(contexts, wanted, config, index)
    asks = [(plan, ask) for plan in plans for ask in plan.asks(instance, config)]
    await together([run(plan, ask) for plan, ask in asks])
    return [done[attempt] for attempt in wanted if attempt in done]


async def together(runs: Sequence[Coroutine[object, object, None]]) -> None:
    """Run all at once; the first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in runs:
                group.create_task(one)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
