"""Score one prediction without Docker: SWE-bench's rule, in any TestRunner, on a rebuilt instance."""

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from agentless.errors import DatasetError, SandboxError
from agentless.ports import CommandResult, TestCommand, TestJob, TestRunner
from harness.commands import command_for
from harness.gold import Gold
from harness.logs import Status, parser_of

ScoreVerdict = Literal["resolved", "unresolved", "apply_failed", "timeout", "infra"]
"""Only `resolved` is a success; `infra` says nothing about the patch and may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the instance's own tests said of one patch."""

    instance_id: str
    verdict: ScoreVerdict
    failed: tuple[str, ...] = ()
    """FAIL_TO_PASS and PASS_TO_PASS tests that are not green, in that order."""
    note: str = ""
    """Why there is no verdict by tests, in one line."""
    seconds: float = 0.0
    output: str = ""
    """End of the test log."""


@dataclass(frozen=True, slots=True)
class GoldTests:
    """The test files as the test patch leaves them, whatever a candidate did to them."""

    written: Mapping[str, str]
    """Path -> text."""
    deleted: tuple[str, ...]

    @property
    def runnable(self) -> tuple[str, ...]:
        """The Python files among them: what the test command is given."""
        return tuple(path for path in self.written if path.endswith(".py"))


async def score(
    gold: Gold,
    patch: str,
    *,
    repository: Path,
    runner: TestRunner,
    sources: str = ".",
    timeout_s: float = 600.0,
) -> Score:
    """Run the instance's tests on base commit + patch + test patch, and grade.

    Args:
        gold: the row's answers.
        patch: the prediction; "" scores the original.
        repository: git repository that has `gold.base_commit`.
        runner: makes fresh trees of that commit.
        sources: folder of the tree that goes on PYTHONPATH.
        timeout_s: wall-clock seconds for the tests.

    Raises:
        DatasetError: the test patch does not apply, or the project's test command is not known.
    """
    tests = gold_tests(repository, gold)
    command = command_for(gold.repo, tests.runnable, sources=sources, timeout_s=timeout_s)
    command = without(tests.deleted, command)
    try:
        report = await runner.run(TestJob(patch=patch, files=tests.written, commands=(command,)))
    except SandboxError as error:
        return Score(instance_id=gold.instance_id, verdict="infra", note=str(error))
    if not report.applied:
        return Score(instance_id=gold.instance_id, verdict="apply_failed", note=report.note)
    result = report.result(command.name)
    if result is None:
        return Score(instance_id=gold.instance_id, verdict="infra", note=report.note or "the tests did not run")
    return grade(gold, result)


def grade(gold: Gold, result: CommandResult) -> Score:
    """The verdict on one run of the tests: every FAIL_TO_PASS and PASS_TO_PASS test must be green."""
    base = Score(
        instance_id=gold.instance_id, verdict="unresolved", seconds=result.seconds, output=result.output[-4000:]
    )
    if result.outcome == "timeout":
        return replace(base, verdict="timeout", note="the tests did not end in time")
    if result.outcome == "not_run":
        return replace(base, verdict="infra", note="the tests were not started")
    failed = not_green(gold, parser_of(gold.repo)(result.output))
    return replace(base, verdict="unresolved" if failed else "resolved", failed=failed)


def not_green(gold: Gold, statuses: Mapping[str, Status]) -> tuple[str, ...]:
    """SWE-bench's rule: a skipped test stays green but turns nothing green; a test that is missing failed."""
    turned = [name for name in gold.fail_to_pass if statuses.get(name) not in ("PASSED", "XFAIL")]
    broken = [name for name in gold.pass_to_pass if statuses.get(name) not in ("PASSED", "XFAIL", "SKIPPED")]
    return (*turned, *broken)


def without(paths: tuple[str, ...], command: TestCommand) -> TestCommand:
    """The command, after removing the files that the test patch deletes."""
    if not paths:
        return command
    line = f"rm -f -- {shlex.join(paths)}; {command.shell}"
    return replace(command, shell=line)


def gold_tests(repository: Path, gold: Gold) -> GoldTests:
    """What the test patch makes of the base commit, found without touching the repository.

    Raises:
        DatasetError: the commit is not there, the patch does not apply, or a file of it is not text.
    """
    with tempfile.TemporaryDirectory() as scratch:
        environment = scratch_environment(repository, Path(scratch))
        git(repository, environment, "read-tree", gold.base_commit)
        git(repository, environment, "apply", "--cached", "--whitespace=nowarn", "-", text=gold.test_patch)
        changes = git(repository, environment, "diff-index", "--cached", "--name-status", "-z", gold.base_commit)
        written: dict[str, str] = {}
        deleted: list[str] = []
        for status, path in re.findall(r"([^\0]+)\0([^\0]+)\0", changes):
            if status == "D":
                deleted.append(path)
            else:
                written[path] = git(repository, environment, "show", f":{path}")
    return GoldTests(written, tuple(deleted))


def scratch_environment(repository: Path, scratch: Path) -> dict[str, str]:
    """Git variables that send the index and every new object into a scratch folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    objects = git(repository, clean, "rev-parse", "--path-format=absolute", "--git-path", "objects").strip()
    return clean | {
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
    }


def git(repository: Path, environment: Mapping[str, str], *arguments: str, text: str = "") -> str:
    """One git command's output.

    Raises:
        DatasetError: git failed or gave bytes that are not UTF-8.
    """
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, env=environment)
        return done.stdout.decode()
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise DatasetError(f"{repository}: git {arguments[0]} failed: {reason}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{repository}: git {arguments[0]}: a file of the test patch is not UTF-8") from error
