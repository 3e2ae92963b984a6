"""A dataset row whose gold fields are poisoned, a run over it, and a search of everything that the run made."""

import gzip
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from agentless.config import load_config
from agentless.dataset import dataset_digest, load_instances
from agentless.llm.fake import ScriptedModel
from agentless.pipeline import World, run_instance
from agentless.ports import Ask, CommandResult, Reply, TestCommand, TestJob, TestReport, TestRunner
from agentless.records import Instance
from agentless.repo import RepoSnapshot
from agentless.store import RunStore, make_manifest
from agentless.trace import CallLog, TracedModel, read_calls
from tests.conftest import git, make_repo

FILES = {
    "shop/__init__.py": "",
    "shop/price.py": "def total(prices):\n    return sum(prices) - 1\n",
    "tests/test_price.py": "from shop.price import total\n\n\ndef test_nothing():\n    assert total([1]) == 0\n",
}
ISSUE = "total() of prices is one too small\n\n`total([1, 2])` gives 2 and should give 3."
OLD, NEW = "    return sum(prices) - 1\n", "    return sum(prices)\n"
GOOD = f"### shop/price.py\n<<<<<<< SEARCH\n{OLD}=======\n{NEW}>>>>>>> REPLACE\n"
WORSE = GOOD.replace("return sum(prices)\n", "return sum(prices) + 0 * len(prices)\n")
TEST = "```python\nimport sys\nfrom shop.price import total\nsys.exit(0 if total([1, 2]) == 3 else 77)\n```"
GOLD = ("patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS", "hints_text", "eval_script")
NAME = "ada__shop-1"


def sentinel(name: str) -> str:
    """A word that stands in one gold field and nowhere else; a real test's name, a real line, a real command."""
    return f"test_goldleak_{name.lower()}_c3a9e1"


def change(path: str, word: str) -> str:
    """A diff that adds four lines with the word to a file."""
    lines = "".join(f"+    {word}({number}, 'what only gold knows')\n" for number in range(4))
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1,5 @@\n def f():\n{lines}"


def poisoned_row(commit: str) -> dict[str, Any]:
    """A row of SWE-bench 5 with a sentinel in every gold field."""
    test_patch = change("tests/test_price.py", sentinel("test_patch"))
    test = "tests/test_price.py::"
    return {
        "instance_id": NAME, "repo": "ada/shop", "base_commit": commit, "problem_statement": ISSUE,
        "version": "1.0", "image": "agentless/none:latest", "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail", "created_at": "2024-01-01", "environment_setup_commit": commit,
        "difficulty": "<15 min fix",
        "patch": change("shop/price.py", sentinel("patch")),
        "test_patch": test_patch,
        "FAIL_TO_PASS": json.dumps([f"{test}{sentinel('FAIL_TO_PASS')}", f"{test}test_nothing"]),
        "PASS_TO_PASS": [f"{test}{sentinel('PASS_TO_PASS')}", f"{test}test_nothing"],
        "hints_text": f"I think that {sentinel('hints_text')} is the cause of it, and that it should go",
        "eval_script": f"#!/bin/bash\ngit apply - <<'EOF'\n{test_patch}EOF\npytest {sentinel('eval_script')}\n",
    }  # fmt: skip


def answer(ask: Ask, attempt: int) -> str | Reply:
    """Two different patches, and a test that tells them from the original."""
    if ask.stage == "localize":
        return "```\nshop/price.py\n```"
    if ask.stage == "validate":
        return TEST
    return GOOD if attempt % 2 else WORSE


class Recorder:
    """A TestRunner that keeps every job; answers by itself, or lets another runner answer."""

    __test__: ClassVar[bool] = False

    def __init__(self, inner: TestRunner | None = None) -> None:
        self.inner = inner
        self.name = inner.name if inner else "recorder"
        self.jobs: list[TestJob] = []
        self.reports: list[TestReport] = []

    async def identity(self) -> str:
        return await self.inner.identity() if self.inner else "recorder"

    async def run(self, job: TestJob) -> TestReport:
        self.jobs.append(job)
        report = await self.inner.run(job) if self.inner else self.judge(job)
        self.reports.append(report)
        return report

    def judge(self, job: TestJob) -> TestReport:
        """Tests of the repository pass, scripts fail on the original."""
        return TestReport(applied=True, results=tuple(self.result(job, command) for command in job.commands))

    def result(self, job: TestJob, command: TestCommand) -> CommandResult:
        if command.parser != "exit":
            passed: dict[str, Any] = {"tests/test_price.py::test_nothing": "pass"}
            return CommandResult(name=command.name, exit_code=0, outcome="ended", tests=passed)
        return CommandResult(name=command.name, exit_code=0 if job.patch else 77, outcome="ended")


@dataclass(frozen=True)
class Finished:
    """A run, and what it asked, executed and wrote."""

    run_dir: Path
    dataset: Path
    row: dict[str, Any]
    model: ScriptedModel
    recorder: Recorder
    commands: list[str] = field(default_factory=list)
    """What a container engine was told to execute."""

    def places(self) -> dict[str, str]:
        """Everything that left the dataset's door: kind of place -> its whole text."""
        files = [path for path in self.run_dir.rglob("*") if path.is_file()]
        return {
            "prompt": "\n".join(json.dumps(asdict(ask)) for ask in self.model.asks),
            "trace": "\n".join(map(json.dumps, read_calls(self.run_dir / "instances" / NAME / "calls.jsonl.gz"))),
            "job": "\n".join(json.dumps(asdict(job)) for job in self.recorder.jobs),
            "container": "\n".join(self.commands),
            "artifact": "\n".join(f"{path.name}\n{text_of(path)}" for path in files),
        }

    def leaks(self) -> list[tuple[str, str]]:
        """(kind of place, gold field) of every sentinel that is found."""
        return leaks_of(self.places())


def leaks_of(places: dict[str, str]) -> list[tuple[str, str]]:
    """(kind of place, gold field) of every sentinel in the texts."""
    return [(place, name) for place, text in places.items() for name in GOLD if sentinel(name) in text]


def text_of(path: Path) -> str:
    """A file's text, unpacked."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")


Spoil = Callable[[Instance, dict[str, Any]], Instance]
Open = Callable[[Instance, RepoSnapshot], AbstractAsyncContextManager[Recorder]]


async def run_poisoned(
    folder: Path,
    *,
    suffix: str = ".jsonl",
    overrides: Callable[[dict[str, Any]], tuple[str, ...]] = lambda row: (),
    spoil: Spoil = lambda instance, row: instance,
    open_runner: Open | None = None,
) -> Finished:
    """A poisoned dataset file through the door and all stages.

    Args:
        overrides: settings, made of the row by a variant that leaks on purpose.
        spoil: changes the instance behind the door, for the same purpose.
        open_runner: a real runner in a Recorder; None = the Recorder alone.
    """
    repo = make_repo(folder / "repo", FILES)
    row = poisoned_row(git(repo, "rev-parse", "HEAD").strip())
    dataset = folder / f"rows{suffix}"
    dataset.write_text(json.dumps(row) + "\n" if suffix == ".jsonl" else json.dumps([row]))
    small = ("localize.rollouts=2", "repair.samples=3", "validation.reproduction_tests=1")
    config = load_config("nemotron-cascade", overrides=(*small, *overrides(row)))
    model = ScriptedModel(answer, context_tokens=98304)
    recorder = Recorder()
    instance = spoil(load_instances(dataset)[0], row)
    manifest = make_manifest(config, model=model.name, dataset=dataset_digest(dataset), instances=(NAME,))
    with RunStore.open(folder / "run", manifest) as run, RepoSnapshot.open(repo, instance.base_commit) as snapshot:
        store = run.instance(NAME)
        async with open_runner(instance, snapshot) if open_runner else nullcontext(recorder) as opened:
            recorder = opened
            traced = TracedModel(model, CallLog(store.calls_path))
            world = World(config=config, model=traced, runner=lambda *_: nullcontext(opened))
            await run_instance(instance, snapshot, world, store)
    return Finished(folder / "run", dataset, row, model, recorder)
