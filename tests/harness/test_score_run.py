from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentless.errors import EngineError, ImageError, RateLimitError
from harness.outcomes import LOG, OUTPUT, REPORT, Outcome, Score
from harness.score_engine import EngineView
from harness.score_pool import Worker, WorkerError
from harness.score_records import Records, row_key
from harness.score_run import Run
from harness.score_task import Keeper, Settings, Task
from tests.harness.test_outcomes import ID, STARTED, T, entry, status

ROW: dict[str, Any] = {
    "instance_id": ID, "image": "i:latest", "eval_script": "pytest", "log_parser": "p", "eval_type": "e",
    "repo": "a/b", "version": "1", "FAIL_TO_PASS": "[]", "PASS_TO_PASS": "[]", "patch": "S", "hints_text": "H",
}  # fmt: skip
TASK = Task(row=ROW, patch="--- a/x\r\n")
QUICK = Settings(waits=(0.0, 0.0), timeout_s=60)


class Images:
    """A keeper; `error` is raised by every use."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.announced, self.used = error, list[str](), list[str]()

    def start_pulling(self, images: Sequence[str]) -> None:
        self.announced += images

    def use(self, image: str) -> AbstractAsyncContextManager[object]:
        self.used.append(image)
        return self.refuse() if self.error else nullcontext()

    @asynccontextmanager
    async def refuse(self) -> Any:
        if self.error:
            raise self.error
        yield


BROKEN, STALLED = "broken.txt", "stalled.txt"
"""In a plan: why the container ended before its time; why the tests could not use theirs."""


class FakeWorker(Worker):
    """Writes what swebench would, or fails; the last plan is repeated."""

    def __init__(self, folder: Path, *plans: Mapping[str, str] | str) -> None:
        super().__init__(folder)
        self.plans, self.jobs = list(plans), list[dict[str, Any]]()
        self.errors.close()

    async def ask(self, job: dict[str, Any], deadline_s: float) -> dict[str, Any]:
        self.jobs.append(job)
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        if isinstance(plan, str):
            if plan.startswith("died"):
                raise WorkerError(plan)
            return {"error": plan, "image_id": "", "seconds": 1.0}
        folder = Records(self.folder).logs(ID, job["key"])
        assert not folder.exists()
        folder.mkdir(parents=True)
        broken, stalled = plan.get(BROKEN, ""), plan.get(STALLED, "")
        for name, text in plan.items():
            (folder / name).write_text(text)
        return {
            "error": broken or stalled, "broken": bool(broken), "stalled": bool(stalled), "image_id": "sha256:1",
            "seconds": 2.0,
        }  # fmt: skip


GREEN = {LOG: STARTED, OUTPUT: "", REPORT: f'{{"{ID}": {{"resolved": true}}}}'}
RED = {LOG: STARTED, OUTPUT: "", REPORT: f'{{"{ID}": {{"resolved": false}}}}'}
UNAPPLIED = {LOG: f"{STARTED}{T}>>>>> Patch Apply Failed:\nOCI runtime exec failed\n"}
LATE = {LOG: STARTED, OUTPUT: "\n\nTimeout error: 60 seconds exceeded."}
NOT_PULLED = {LOG: f"{T}Image not found locally, attempting to pull...\n"}
SILENT = {LOG: STARTED}


def made(folder: Path, ids: dict[str, str] | None = None, settings: Settings = QUICK) -> Run:
    view = EngineView(run_id="r", ids=ids or {}, version="20")
    return Run(Records(folder), settings, view, lambda *_: None, total=1)


async def judged(
    folder: Path, *plans: Mapping[str, str] | str, images: Keeper | None = None
) -> tuple[Outcome, int]:
    run, worker = made(folder), FakeWorker(folder, *plans)
    outcome, answer = await run.one(TASK, worker, images or Images())
    run.finish(TASK, outcome, answer)
    stored = Records(folder).load(ID, TASK.key)
    assert stored is not None
    assert stored.outcome == outcome
    return outcome, len(worker.jobs)


async def test_files_are_the_verdict(tmp_path: Path) -> None:
    outcome, tries = await judged(tmp_path, GREEN)
    assert (outcome.verdict, tries) == ("resolved", 1)
    score = Records(tmp_path).load(ID, TASK.key)
    assert score is not None
    assert (score.image_id, score.seconds, score.timeout_s, score.row_key) == ("sha256:1", 2.0, 60, row_key(ROW))
    assert (tmp_path / score.logs / REPORT).is_file()
    assert score.versions["docker"] == "20"


async def test_a_worker_sees_what_judges_and_the_patch_as_it_is(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, GREEN)
    await made(tmp_path).one(TASK, worker, Images())
    job = worker.jobs[0]
    assert job["patch"] == "--- a/x\r\n"
    assert (job["timeout_s"], job["run_id"]) == (60, "r")
    assert "patch" not in job["row"]
    assert "hints_text" not in job["row"]


async def test_a_lone_surrogate_is_no_crash(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, GREEN)
    await made(tmp_path).one(Task(row=ROW, patch="\ud800"), worker, Images())
    assert worker.jobs[0]["patch"] == "?"


@pytest.mark.parametrize("trouble", ["died: it was killed", "no engine"])
async def test_what_the_machine_broke_is_tried_again(tmp_path: Path, trouble: str) -> None:
    outcome, tries = await judged(tmp_path, trouble, trouble, GREEN)
    assert (outcome.verdict, tries) == ("resolved", 3)


@pytest.mark.parametrize("trouble", ["died: it was killed", "no engine"])
async def test_at_last_it_is_infra_and_never_unresolved(tmp_path: Path, trouble: str) -> None:
    outcome, tries = await judged(tmp_path, trouble)
    assert (outcome.verdict, outcome.note, tries) == ("infra", trouble, 3)


@pytest.mark.parametrize(("plan", "verdict"), [(LATE, "timeout"), (SILENT, "infra")])
async def test_what_the_machine_did_not_break_runs_once(
    tmp_path: Path, plan: Mapping[str, str], verdict: str
) -> None:
    outcome, tries = await judged(tmp_path, plan)
    assert (outcome.verdict, tries) == (verdict, 1)


@pytest.mark.parametrize("flags", [(STALLED,), (BROKEN, STALLED)], ids=["stalled", "broken"])
async def test_time_that_the_engine_took_is_no_timeout_of_the_patch(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """A paused container, or an engine that stood still: the tests' time ran on."""
    paused = {**LATE, **dict.fromkeys(flags, "a container was paused")}
    outcome, tries = await judged(tmp_path, paused, GREEN)
    assert (outcome.verdict, tries) == ("resolved", 2)
    outcome, tries = await judged(tmp_path / "again", paused)
    assert (outcome.verdict, outcome.note, tries) == ("infra", "a container was paused", 3)


@pytest.mark.parametrize(("plan", "verdict"), [(GREEN, "resolved"), (RED, "unresolved")])
async def test_tests_that_came_to_their_end_stand_also_behind_a_slow_engine(
    tmp_path: Path, plan: Mapping[str, str], verdict: str
) -> None:
    outcome, tries = await judged(tmp_path, {**plan, STALLED: "Docker did not answer for 70 s"})
    assert (outcome.verdict, tries) == (verdict, 1)


async def test_a_missing_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")  # cannot say whether the image is here
    outcome, tries = await judged(tmp_path, GREEN, images=Images(ImageError("no such image")))
    assert (outcome.verdict, outcome.note, tries) == ("missing_image", "no such image", 0)
    outcome, tries = await judged(tmp_path, GREEN, images=Images(EngineError("registry down")))
    assert (outcome.verdict, tries) == ("infra", 0)


async def test_an_image_that_was_there_is_not_missing(tmp_path: Path) -> None:
    """The log says that swebench wanted to pull, the worker that the image is here: the engine hiccuped."""
    assert (await judged(tmp_path, NOT_PULLED))[0].verdict == "infra"


async def test_a_rate_limit_is_no_verdict_and_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RateLimitError, match="wait"):
        await judged(tmp_path, GREEN, images=Images(RateLimitError("wait")))
    run = made(tmp_path)
    with pytest.raises(RateLimitError):
        await run.all([TASK], Images(RateLimitError("wait")))
    assert Records(tmp_path).load(ID, TASK.key) is None


SCORE = Score(
    instance_id=ID, patch_key=TASK.key, outcome=Outcome(verdict="unresolved"), image="i:latest",
    image_id="sha256:1", row_key=row_key(ROW), timeout_s=60,
)  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "stands"),
    [
        ("resolved", True), ("unresolved", True), ("apply_failed", True), ("timeout", True), ("empty_patch", True),
        ("missing_image", False), ("infra", False),
    ],
)  # fmt: skip
def test_only_what_was_judged_is_kept(tmp_path: Path, verdict: Any, stands: bool) -> None:
    score = replace(SCORE, outcome=Outcome(verdict=verdict))
    assert made(tmp_path, {"i:latest": "sha256:1"}).stands(score, TASK) == stands


def test_another_image_or_row_is_another_question(tmp_path: Path) -> None:
    assert not made(tmp_path, {"i:latest": "sha256:2"}).stands(SCORE, TASK)
    corrected = Task(row={**ROW, "PASS_TO_PASS": '["t"]'}, patch=TASK.patch)
    assert not made(tmp_path).stands(SCORE, corrected)
    moved = Task(row={**ROW, "image": "mirror/i:latest"}, patch=TASK.patch)
    assert made(tmp_path, {"mirror/i:latest": "sha256:1"}).stands(SCORE, moved)
    assert not made(tmp_path).stands(SCORE, moved)


def test_an_image_that_was_pruned_since_is_no_reason_to_run_again(tmp_path: Path) -> None:
    assert made(tmp_path).stands(SCORE, TASK)


def test_a_timeout_stands_until_there_is_more_time(tmp_path: Path) -> None:
    late = replace(SCORE, outcome=Outcome(verdict="timeout"))
    assert made(tmp_path).stands(late, TASK)
    assert not made(tmp_path, settings=Settings(timeout_s=61)).stands(late, TASK)
    assert made(tmp_path, settings=Settings(timeout_s=61)).stands(SCORE, TASK)


@pytest.mark.parametrize("patch", ["", " \n"])
def test_nothing_is_run_for_an_empty_patch(tmp_path: Path, patch: str) -> None:
    run, task = made(tmp_path), Task(row=ROW, patch=patch)
    assert run.known(task)
    assert run.scores[ID, task.key].outcome.verdict == "empty_patch"
    assert run.scores[ID, task.key].logs == ""


def test_what_is_known_is_not_run(tmp_path: Path) -> None:
    run = made(tmp_path)
    assert not run.known(TASK)
    Records(tmp_path).save(SCORE)
    assert run.known(TASK)
    assert run.scores[ID, TASK.key] == SCORE


async def test_an_unresolved_report_is_kept_though_the_container_could_not_be_removed(tmp_path: Path) -> None:
    report = f'{{"{ID}": {__import__("json").dumps(entry(tests_status=status(["f"], [])))}}}'
    run, worker = made(tmp_path), FakeWorker(tmp_path, {LOG: STARTED, OUTPUT: "", REPORT: report})
    outcome, _ = await run.one(TASK, worker, Images())
    assert (outcome.verdict, outcome.not_fixed) == ("unresolved", ("f",))


@pytest.mark.parametrize("plan", [RED, UNAPPLIED], ids=["unresolved", "apply_failed"])
async def test_what_failed_because_its_container_ended_is_nobodys_fault(
    tmp_path: Path, plan: dict[str, str]
) -> None:
    gone = {**plan, BROKEN: "the container ended while a command ran in it"}
    outcome, tries = await judged(tmp_path / "always", gone)
    assert (outcome.verdict, outcome.note, tries) == ("infra", gone[BROKEN], 3)
    outcome, tries = await judged(tmp_path / "once", gone, GREEN)
    assert (outcome.verdict, tries) == ("resolved", 2)
    outcome, tries = await judged(tmp_path / "never", plan)
    assert (outcome.verdict in ("unresolved", "apply_failed"), tries) == (True, 1)
