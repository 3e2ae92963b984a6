import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import pytest

from agentless.config import load_config
from agentless.errors import SandboxError
from agentless.llm.fake import ScriptedModel as Scripted
from agentless.pipeline import Outcome, World, run_instance
from agentless.ports import Ask, CommandResult, Reply, TestJob, TestReport
from agentless.records import Candidates, Instance
from agentless.repo import RepoSnapshot
from agentless.store import InstanceStore
from tests.conftest import make_repo

FILES = {
    "shop/__init__.py": "",
    "shop/price.py": "def total(prices):\n    return sum(prices) - 1\n",
    "shop/user.py": "def greet(name):\n    return f'hello {name}'\n",
    "tests/test_price.py": "from shop.price import total\n\n\ndef test_nothing():\n    assert total([1]) == 0\n",
}
ISSUE = "total() of prices is one too small\n\n`total([1, 2])` gives 2 and should give 3."
OLD, NEW = "    return sum(prices) - 1\n", "    return sum(prices)\n"
GOOD = f"### shop/price.py\n<<<<<<< SEARCH\n{OLD}=======\n{NEW}>>>>>>> REPLACE\n"
WORSE = GOOD.replace("return sum(prices)\n", "return sum(prices) + 0 * len(prices)\n")
TEST = "```python\nimport sys\nfrom shop.price import total\nsys.exit(0 if total([1, 2]) == 3 else 77)\n```"


def scripted(said: Any, name: str = "scripted") -> Scripted:
    """A model with the context of the 14B profile."""
    return Scripted(said, context_tokens=98304, name=name)


class Judge:
    """A TestRunner: the original and `WORSE` reproduce the issue, `GOOD` does not; the project's test passes."""

    __test__: ClassVar[bool] = False
    name = "judge"

    def __init__(self, broken: bool = False) -> None:
        self.jobs: list[TestJob] = []
        self.broken = broken
        self.runs_on = "image 1"

    async def identity(self) -> str:
        return self.runs_on

    async def run(self, job: TestJob) -> TestReport:
        self.jobs.append(job)
        if self.broken:
            raise SandboxError("the sandbox does not start")
        fixed = "+    return sum(prices)\n" in job.patch
        results = []
        for command in job.commands:
            repro = command.parser == "exit"
            code = (0 if fixed else 77) if repro else 0
            tests = {} if repro else {"tests/test_price.py::test_nothing": "pass"}
            token = command.shell.rpartition(" ")[2] if repro and code == 0 else ""
            ended = CommandResult(name=command.name, exit_code=code, outcome="ended", tests=tests, output=token)  # type: ignore[arg-type]  # literals in a dict
            results.append(ended)
        return TestReport(applied=True, results=tuple(results))


def answer(ask: Ask, attempt: int) -> str | Reply:
    if ask.stage == "localize":
        return "```\nshop/price.py\n```"
    if ask.stage == "validate":
        return TEST
    return GOOD if attempt == 2 else WORSE


class Bench:
    """One small repository, one store, one model, one judge."""

    def __init__(self, folder: Path) -> None:
        self.repo = make_repo(folder / "repo", FILES)
        self.store = InstanceStore(folder / "run" / "instances" / "shop-1", "shop-1")
        self.judge = Judge()

    async def run(self, model: Scripted, *overrides: str) -> Outcome:
        small = ("localize.rollouts=2", "repair.samples=3", "validation.reproduction_tests=1")
        config = load_config("nemotron-cascade", overrides=(*small, *overrides))
        world = World(config=config, model=model, runner=lambda *_: nullcontext(self.judge))
        instance = Instance(instance_id="shop-1", repo="a/shop", base_commit="HEAD", problem_statement=ISSUE)
        with RepoSnapshot.open(self.repo, "HEAD") as snapshot:
            return await run_instance(instance, snapshot, world, self.store)

    def artifact(self, step: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.store.path(step).read_text(encoding="utf-8"))
        return loaded


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def stages(model: Scripted) -> Mapping[str, int]:
    """Attempts asked for, by stage."""
    counted: dict[str, int] = {}
    for ask in model.asks:
        counted[ask.stage] = counted.get(ask.stage, 0) + len(ask.attempts)
    return counted


async def test_tests_beat_the_majority(bench: Bench) -> None:
    outcome = await bench.run(scripted(answer))
    assert "+    return sum(prices)\n" in outcome.prediction.model_patch
    assert outcome.localization.files[0].path == "shop/price.py"
    assert [sample.outcome for sample in outcome.candidates.samples] == ["patch"] * 3
    assert len(outcome.candidates.candidates) == 2
    assert outcome.validation.baseline == ("tests/test_price.py::test_nothing",)
    assert [test.outcome for test in outcome.validation.reproduction_tests] == ["kept"]
    assert "1 of 1 reproduction tests" in outcome.selection.reason


async def test_every_step_lies_on_disk(bench: Bench) -> None:
    outcome = await bench.run(scripted(answer))
    for step in ("localization", "candidates", "validation", "selection", "prediction"):
        assert bench.artifact(step)["key"]
    assert bench.artifact("prediction")["record"]["model_patch"] == outcome.prediction.model_patch
    assert outcome.prediction.model_name_or_path == "agentless-nemotron-cascade-scripted"


async def test_a_second_run_asks_and_executes_nothing(bench: Bench) -> None:
    first = await bench.run(scripted(answer))
    executed = len(bench.judge.jobs)
    again = scripted(answer)
    assert await bench.run(again) == first
    assert stages(again) == {}
    assert len(bench.judge.jobs) == executed


async def test_more_samples_cost_only_the_new_ones(bench: Bench) -> None:
    await bench.run(scripted(answer))
    more = scripted(answer)
    outcome = await bench.run(more, "repair.samples=5")
    assert stages(more)["repair"] == 2
    assert "localize" not in stages(more)
    assert [sample.attempt for sample in outcome.candidates.samples] == [0, 1, 2, 3, 4]


async def test_fewer_samples_forget_none(bench: Bench) -> None:
    await bench.run(scripted(answer))
    outcome = await bench.run(scripted(answer), "repair.samples=1")
    assert len(outcome.candidates.samples) == 1
    assert len(bench.artifact("candidates")["record"]["samples"]) == 3


async def test_a_changed_setting_never_meets_a_stale_record(bench: Bench) -> None:
    await bench.run(scripted(answer))
    changed = scripted(answer)
    await bench.run(changed, "repair.temperature=0.9")
    assert stages(changed)["repair"] == 3
    assert "localize" not in stages(changed)
    elsewhere = scripted(answer, name="other")
    await bench.run(elsewhere)
    assert stages(elsewhere)["localize"] == 2


async def test_a_changed_tree_starts_over(bench: Bench) -> None:
    await bench.run(scripted(answer))
    make_repo(bench.repo, {"shop/new.py": "x = 1\n"})
    again = scripted(answer)
    await bench.run(again)
    assert stages(again)["localize"] == 2


async def test_samples_lost_to_the_server_are_asked_again(bench: Bench) -> None:
    def failing(ask: Ask, attempt: int) -> str | Reply:
        if ask.stage == "repair" and attempt == 1:
            return Reply(attempt=attempt, outcome="server_error", error="gone")
        return answer(ask, attempt)

    first = await bench.run(scripted(failing))
    assert first.candidates.samples[1].outcome == "server_error"
    again = scripted(answer)
    second = await bench.run(again)
    assert [ask.attempts for ask in again.asks if ask.stage == "repair"] == [(1,)]
    assert second.candidates.samples[1].outcome == "patch"


async def test_a_broken_sandbox_loses_no_sample(bench: Bench) -> None:
    bench.judge.broken = True
    with pytest.raises(SandboxError):
        await bench.run(scripted(answer))
    assert len(bench.artifact("candidates")["record"]["samples"]) == 3
    bench.judge.broken = False
    resumed = scripted(answer)
    outcome = await bench.run(resumed)
    assert "repair" not in stages(resumed)
    assert outcome.prediction.model_patch


async def test_a_model_that_says_nothing_gives_an_empty_patch_with_reasons(bench: Bench) -> None:
    outcome = await bench.run(scripted(lambda ask, attempt: "I do not know."))
    assert outcome.prediction.model_patch == ""
    assert {sample.outcome for sample in outcome.candidates.samples} == {"no_edit"}
    assert "3 no_edit" in outcome.selection.reason


async def test_an_interrupted_repair_keeps_what_it_had(bench: Bench) -> None:
    class StopsError(Exception):
        pass

    def stopping(ask: Ask, attempt: int) -> str:
        if ask.stage == "repair" and attempt == 2:
            raise StopsError
        return str(answer(ask, attempt))

    with pytest.raises(StopsError):
        await bench.run(scripted(stopping), "repair.greedy_first=true")
    kept = bench.artifact("candidates")["record"]
    assert [sample["attempt"] for sample in kept["samples"]] == [0, 1]
    assert kept["candidates"] == []
    assert bench.store.load("candidates", bench.artifact("candidates")["key"], Candidates) is not None


async def test_votes_lost_to_the_server_are_asked_again(bench: Bench) -> None:
    def failing(ask: Ask, attempt: int) -> str | Reply:
        if ask.stage == "localize":
            return Reply(attempt=attempt, outcome="server_error", error="gone")
        return answer(ask, attempt)

    first = await bench.run(scripted(failing))
    assert {rollout.outcome for rollout in first.localization.rollouts} == {"server_error"}
    again = scripted(answer)
    second = await bench.run(again)
    assert stages(again)["localize"] == 2
    assert {rollout.outcome for rollout in second.localization.rollouts} == {"ok"}


async def test_a_rebuilt_image_or_another_interpreter_runs_all_tests_again(bench: Bench) -> None:
    first = await bench.run(scripted(answer))
    jobs = len(bench.judge.jobs)
    await bench.run(scripted(answer))
    assert len(bench.judge.jobs) == jobs
    bench.judge.runs_on = "image 2"
    again = await bench.run(scripted(answer))
    assert len(bench.judge.jobs) == 2 * jobs
    assert again.validation == first.validation
    bench.judge.runs_on = "image 1"
    await bench.run(scripted(answer))
    assert len(bench.judge.jobs) == 2 * jobs, "the cells of the first image are still known"


async def test_tests_that_could_not_run_are_tried_again(bench: Bench) -> None:
    class NoPytest(Judge):
        async def run(self, job: TestJob) -> TestReport:
            ends = [
                CommandResult(name=c.name, exit_code=1, outcome="ended", output="No module") for c in job.commands
            ]
            return TestReport(applied=True, results=tuple(ends))

    working, bench.judge = bench.judge, NoPytest()
    first = await bench.run(scripted(answer))
    assert "No module" in first.validation.note
    bench.judge = working
    second = await bench.run(scripted(answer))
    assert second.validation.note == ""
    assert second.validation.baseline == ("tests/test_price.py::test_nothing",)
