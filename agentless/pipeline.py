"""One instance through all stages; the only place that knows both the stages and the store.

Each step is loaded when its key matches, else made and saved. A key is the digest of everything the step depends
on, so that a changed prompt, model or setting never meets a stale record (docs/design/pipeline.md).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agentless.config import LocalizeConfig, RepairConfig, RunConfig
from agentless.localize import localize
from agentless.localize.weights import weights_text
from agentless.ports import ChatModel, Embedder, NoProgress, Progress, TestRunner
from agentless.prompting import stage_digest
from agentless.records import (
    Candidates,
    Instance,
    Localization,
    Prediction,
    Sample,
    Selection,
    Validation,
)
from agentless.repair import make_samples
from agentless.repo import BlobCache, Index, RepoSnapshot
from agentless.select import group, rank
from agentless.store import FileLedger, InstanceStore, digest_of, key_of
from agentless.validate import NOT_RUN, validate
from agentless.validate.projects import projects_text

Record = TypeVar("Record")
HOW_MANY = ("samples", "adaptive", "adaptive_first", "adaptive_step", "adaptive_confidence")
"""Settings of repair that say how many samples are made, and nothing of what is in them."""
DEFAULTS = {name: RepairConfig.model_fields[name].default for name in HOW_MANY}
REGRESSION_FIRST = frozenset({"evidence", "paper", "agentless-1.5"})
"""Strategies in which a candidate that breaks fewer regression tests wins."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What a run works with; one for all of its instances."""

    config: RunConfig
    model: ChatModel
    runner: Callable[[Instance, RepoSnapshot], AbstractAsyncContextManager[TestRunner | None]]
    """Opens the sandbox of an instance, None when nothing may be executed."""
    cache: BlobCache | None = None
    embedder: Embedder | None = None
    """Adds one feature to retrieval; None ranks without it."""
    progress: Progress = field(default_factory=NoProgress)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All records of one instance."""

    localization: Localization
    candidates: Candidates
    validation: Validation
    selection: Selection
    prediction: Prediction


@dataclass(frozen=True, kw_only=True)
class Case:
    """One instance and everything that its stages work with."""

    instance: Instance
    snapshot: RepoSnapshot
    index: Index
    world: World
    store: InstanceStore

    @property
    def origin(self) -> str:
        """Digest of what no stage changes."""
        return key_of(self.instance, self.snapshot.tree_id, self.world.model.name, self.world.config.seed)


async def run_instance(instance: Instance, snapshot: RepoSnapshot, world: World, store: InstanceStore) -> Outcome:
    """Localize; then repair, validate and select, again with more samples while an adaptive choice is unsure.

    Raises:
        InputError: the context is too small for the smallest prompt.
        InfrastructureError: the model server, the sandbox or the disk failed; what was made is kept.
    """
    config = world.config
    index = await asyncio.to_thread(Index.build, snapshot, world.cache)
    case = Case(instance=instance, snapshot=snapshot, index=index, world=world, store=store)
    localization = await localized(case)
    for samples in sample_counts(config.repair):
        candidates = await repair(case, localization, samples)
        validation = await validated(case, localization, candidates)
        selection = await asyncio.to_thread(rank, index, candidates, validation, config.select)
        if config.repair.adaptive:
            selection = explained(selection, samples, config.repair)
        if is_sure(selection, config.repair):
            break
    store.save("selection", key_of(digest_of(candidates), digest_of(validation), config.select), selection)
    world.progress.update(instance.instance_id, "select", 1, 1)
    prediction = Prediction(
        instance_id=instance.instance_id,
        model_name_or_path=f"agentless-{config.preset}-{world.model.name}",
        model_patch=selection.patch,
    )
    store.save("prediction", key_of(digest_of(selection), world.model.name), prediction)
    world.progress.update(instance.instance_id, "predict", 1, 1)
    return Outcome(
        localization=localization,
        candidates=candidates,
        validation=validation,
        selection=selection,
        prediction=prediction,
    )


async def localized(case: Case) -> Localization:
    """Stage 1; a vote lost to a failed server is asked for again."""
    world, config = case.world, case.world.config.localize
    key = localization_key(case.origin, config, world.embedder)
    return await step(
        case.store, "localization", key, Localization,
        lambda: localize(
            case.instance, case.index, world.model, config, embedder=world.embedder, progress=world.progress
        ),
        whole=lambda found: all(rollout.outcome != "server_error" for rollout in found.rollouts),
    )  # fmt: skip


def localization_key(origin: str, config: LocalizeConfig, embedder: Embedder | None) -> str:
    """Key of a localization: the embedding model counts, its address does not."""
    settings = config.model_copy(update={"embedder_url": "", "embedder_model": "", "embedder_api_key_env": ""})
    parts = (origin, settings, weights_text(), stage_digest("localize"))
    return key_of(*parts, embedder.name) if embedder else key_of(*parts)


async def repair(case: Case, localization: Localization, wanted: int) -> Candidates:
    """The first `wanted` samples; those that are missing are made and saved one by one.

    How many are wanted is no part of their key. A sample lost to a failed server is asked for again.
    """
    world, store = case.world, case.store
    key = samples_key(case, localization)
    saved = store.load("candidates", key, Candidates)
    samples = {s.attempt: s for s in saved.samples if s.outcome != "server_error"} if saved else {}

    def keep(sample: Sample) -> None:
        samples[sample.attempt] = sample
        made = tuple(samples[attempt] for attempt in sorted(samples))
        store.save("candidates", key, Candidates(instance_id=case.instance.instance_id, samples=made))

    missing = [attempt for attempt in range(wanted) if attempt not in samples]
    if missing:
        await make_samples(
            case.instance, case.index, localization, world.model, world.config.repair,
            attempts=missing, on_sample=keep, progress=world.progress,
        )  # fmt: skip
    made = tuple(samples[attempt] for attempt in sorted(samples) if attempt < wanted)
    grouped = await asyncio.to_thread(group, case.index, made)
    candidates = Candidates(instance_id=case.instance.instance_id, samples=made, candidates=grouped)
    if saved != candidates and len(samples) == len(made):  # never forget samples that a larger run made
        store.save("candidates", key, candidates)
    return candidates


def samples_key(case: Case, localization: Localization) -> str:
    """Key of the samples: everything they depend on, but not how many there are."""
    config = case.world.config.repair.model_copy(update=DEFAULTS)
    found = digest_of(localization)
    return key_of(found, case.index.snapshot.tree_id, config, stage_digest("repair"), case.world.model.name,
                  case.world.config.seed)  # fmt: skip


def sample_counts(config: RepairConfig) -> list[int]:
    """How many samples there are at each choice: all at once, or in steps."""
    if not config.adaptive:
        return [config.samples]
    return [*range(config.adaptive_first, config.samples, config.adaptive_step), config.samples]


def is_sure(selection: Selection, config: RepairConfig) -> bool:
    """Whether no further samples are needed; without a patch there is nothing to be sure of."""
    return bool(selection.patch) and selection.confidence >= config.adaptive_confidence


def explained(selection: Selection, samples: int, config: RepairConfig) -> Selection:
    """The selection with a note why sampling ended here; of a round that is not the last it is overwritten."""
    where = "at least" if is_sure(selection, config) else "below"
    note = (
        f"sampling ended after {samples} of at most {config.samples} samples: confidence "
        f"{selection.confidence:.2f}, {where} {config.adaptive_confidence:.2f}"
    )
    return replace(selection, notes=(*selection.notes, note))


async def validated(case: Case, localization: Localization, candidates: Candidates) -> Validation:
    """Stage 3; what the ledger of the instance knows is neither asked nor run again.

    Replies that a server outage cost, or tests that could not run, may be there the next time.
    """
    world, config = case.world, case.world.config
    first = config.select.strategy in REGRESSION_FIRST
    stream = samples_key(case, localization)
    async with world.runner(case.instance, case.snapshot) as runner:
        place = (runner.name, await runner.identity()) if runner else ("none",)
        made = digest_of(candidates.candidates)
        tests = (stage_digest("validate"), projects_text(), *place)
        key = key_of(case.origin, made, config.validation, *tests, stream, first)
        return await step(
            case.store, "validation", key, Validation,
            lambda: validate(
                case.instance, case.index, candidates.candidates, world.model, runner, config.validation,
                ledger=FileLedger(case.store.ledger_path), stream=stream, regression_first=first,
                progress=world.progress,
            ),
            whole=lambda found: all(test.outcome != "server_error" for test in found.reproduction_tests)
            and not any(evidence.note == NOT_RUN for evidence in found.evidence)
            and (runner is None or not found.note or bool(found.left_out)),
        )  # fmt: skip


async def step(
    store: InstanceStore,
    name: str,
    key: str,
    kind: type[Record],
    make: Callable[[], Awaitable[Record]],
    *,
    whole: Callable[[Record], bool],
) -> Record:
    """The saved record of this key, or a new one, saved.

    A record that is not `whole` is made again: replies that a server outage cost, or tests that could not run, may
    be there the next time.
    """
    record = store.load(name, key, kind)
    if record is None or not whole(record):
        record = await make()
        store.save(name, key, record)
    return record
