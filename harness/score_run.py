"""One call of `evaluate`: what is judged already is kept, the rest goes to worker processes."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from agentless.errors import ImageError, InfrastructureError, RateLimitError
from agentless.texts import encodable
from harness.outcomes import UNJUDGED, Outcome, Score, classify
from harness.score_engine import EngineView, is_missing, no_leftovers
from harness.score_pool import GRACE_SECONDS, Worker, WorkerError
from harness.score_records import Records, row_key
from harness.score_task import SENT, Keeper, Note, Settings, Task

JUDGED = frozenset({"resolved", "unresolved", "apply_failed", "timeout"})
"""Verdicts of a run that went to its end."""


class Run:
    """One call of `evaluate`."""

    def __init__(
        self, records: Records, settings: Settings, engine: EngineView, note: Note, *, total: int
    ) -> None:
        self.records, self.settings, self.engine, self.note = records, settings, engine, note
        self.total = total
        self.scores: dict[tuple[str, str], Score] = {}
        self.versions = {"swebench": version("swebench"), "docker": engine.version}

    def known(self, task: Task) -> bool:
        """Whether the task needs no container: judged before, or nothing to run."""
        if not task.patch.strip():
            self.finish(task, Outcome(verdict="empty_patch"), {})
            return True
        score = self.records.load(task.instance_id, task.key)
        if score is None or not self.stands(score, task):
            return False
        self.add(score)
        return True

    def stands(self, score: Score, task: Task) -> bool:
        """Whether an earlier score still answers the question."""
        image = str(task.row["image"])
        here = self.engine.ids.get(image, "")
        if score.outcome.verdict in UNJUDGED or score.row_key != row_key(task.row):
            return False
        if score.outcome.verdict == "timeout" and self.settings.timeout_s > score.timeout_s:
            return False
        # an image that is not here cannot be compared; it was removed after its use
        return here == score.image_id if here else image == score.image

    def add(self, score: Score) -> None:
        """Count a score."""
        self.scores[score.instance_id, score.patch_key] = score
        self.note(score, len(self.scores), self.total)

    def finish(self, task: Task, outcome: Outcome, answer: Mapping[str, Any]) -> None:
        """Write a score down, and count it."""
        logs = self.records.logs(task.instance_id, task.key)
        score = Score(
            instance_id=task.instance_id,
            patch_key=task.key,
            outcome=outcome,
            seconds=float(answer.get("seconds", 0.0)),
            logs=str(logs.relative_to(self.records.folder)) if logs.is_dir() else "",
            image=str(task.row["image"]),
            image_id=str(answer.get("image_id", "")),
            row_key=row_key(task.row),
            timeout_s=self.settings.timeout_s,
            versions=self.versions,
        )
        self.records.save(score)
        self.add(score)

    async def all(self, todo: Sequence[Task], images: Keeper) -> None:
        """The tasks, in worker processes; none of them and no container is left at the end.

        Raises:
            RateLimitError: see `evaluate`.
        """
        waiting: asyncio.Queue[Task] = asyncio.Queue()
        for task in todo:
            waiting.put_nowait(task)
        images.start_pulling([str(task.row["image"]) for task in todo])

        async def drain() -> None:
            async with Worker(self.records.folder) as worker:
                while not waiting.empty():
                    task = waiting.get_nowait()
                    self.finish(task, *await self.one(task, worker, images))

        drains = [asyncio.ensure_future(drain()) for _ in range(min(self.settings.workers, len(todo)))]
        try:
            await asyncio.gather(*drains)
        finally:
            for each in drains:
                each.cancel()
            await asyncio.gather(*drains, return_exceptions=True)
            await asyncio.to_thread(no_leftovers)

    async def one(self, task: Task, worker: Worker, images: Keeper) -> tuple[Outcome, Mapping[str, Any]]:
        """Judge one patch, again when the machine broke its run."""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(images.use(str(task.row["image"])))
            except RateLimitError:
                raise
            except ImageError as error:
                return Outcome(verdict="missing_image", note=str(error)), {}
            except InfrastructureError as error:
                missing = await asyncio.to_thread(is_missing, str(task.row["image"]))
                return Outcome(verdict="missing_image" if missing else "infra", note=str(error)), {}
            outcome, answer = await self.attempt(task, worker)
            for wait in self.settings.waits:
                if outcome.verdict != "infra" or not answer["error"]:
                    break
                await asyncio.sleep(wait)
                outcome, answer = await self.attempt(task, worker)
        return outcome, answer

    async def attempt(self, task: Task, worker: Worker) -> tuple[Outcome, Mapping[str, Any]]:
        """One run of a patch: what its files say, unless the machine broke it."""
        self.records.clear(task.instance_id, task.key)
        job = {
            "op": "run", "row": {name: task.row.get(name) for name in SENT}, "patch": encodable(task.patch),
            "key": task.key, "timeout_s": self.settings.timeout_s, "run_id": self.engine.run_id,
        }  # fmt: skip
        try:
            answer: Mapping[str, Any] = await worker.ask(job, self.settings.timeout_s + GRACE_SECONDS)
        except WorkerError as error:
            await asyncio.to_thread(no_leftovers)
            answer = {"error": str(error)}
        outcome = classify(self.records.logs(task.instance_id, task.key), task.instance_id)
        # a run that went to its end stands, though its container could not be removed; one that broke does not
        stands = {"resolved", "timeout"} if answer.get("broken") else JUDGED
        if answer.get("stalled"):
            stands = stands - {"timeout"}
        if answer["error"] and outcome.verdict not in stands:
            outcome = Outcome(verdict="infra", note=answer["error"])
        elif outcome.verdict == "missing_image" and answer["image_id"]:
            outcome = replace(outcome, verdict="infra")
        return outcome, answer
