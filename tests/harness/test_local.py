"""Scoring by SWE-bench's rule, with a runner that answers from a table."""

from pathlib import Path
from typing import ClassVar

import pytest

from agentless.errors import DatasetError, SandboxError
from agentless.ports import CommandResult, TestJob, TestReport
from harness.gold import Gold
from harness.local import gold_tests, grade, score
from tests.conftest import git, make_repo

TEST_PATCH = """\
diff --git a/tests/test_a.py b/tests/test_a.py
--- a/tests/test_a.py
+++ b/tests/test_a.py
@@ -1 +1,2 @@
 old = 1
+new = 2
diff --git a/tests/test_b.py b/tests/test_b.py
new file mode 100644
--- /dev/null
+++ b/tests/test_b.py
@@ -0,0 +1 @@
+fresh = 3
diff --git a/tests/gone file.py b/tests/gone file.py
deleted file mode 100644
--- a/tests/gone file.py
+++ /dev/null
@@ -1 +0,0 @@
-old = 4
diff --git a/tests/data.txt b/tests/data.txt
new file mode 100644
--- /dev/null
+++ b/tests/data.txt
@@ -0,0 +1 @@
+data
"""


class TableRunner:
    """Answers every job with one report, and keeps the job."""

    __test__: ClassVar[bool] = False
    name = "table"

    def __init__(self, answer: TestReport | SandboxError) -> None:
        self.answer = answer
        self.jobs: list[TestJob] = []

    async def identity(self) -> str:
        return "table"

    async def run(self, job: TestJob) -> TestReport:
        self.jobs.append(job)
        if isinstance(self.answer, SandboxError):
            raise self.answer
        return self.answer


def ended(output: str, **other: object) -> CommandResult:
    fields: dict[str, object] = {"name": "tests", "exit_code": 0, "outcome": "ended", "output": output, **other}
    return CommandResult(**fields)  # type: ignore[arg-type]  # a table of fields, checked by the tests that use it


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = {"a.py": "x = 1\n", "tests/test_a.py": "old = 1\n", "tests/gone file.py": "old = 4\n"}
    return make_repo(tmp_path / "repo", files)


def gold_of(repository: Path, test_patch: str = TEST_PATCH) -> Gold:
    return Gold(
        instance_id="pallets__flask-0",
        repo="pallets/flask",
        base_commit=git(repository, "rev-parse", "HEAD").strip(),
        patch="",
        test_patch=test_patch,
        fail_to_pass=("t.py::bug",),
        pass_to_pass=("t.py::old", "t.py::skip"),
    )


GREEN = "PASSED t.py::bug\nPASSED t.py::old\nSKIPPED t.py::skip\n"


@pytest.mark.parametrize(
    ("log", "verdict", "failed"),
    [
        (GREEN, "resolved", ()),
        (GREEN.replace("PASSED t.py::bug", "XFAIL t.py::bug"), "resolved", ()),
        (GREEN.replace("PASSED t.py::bug", "SKIPPED t.py::bug"), "unresolved", ("t.py::bug",)),
        (GREEN.replace("PASSED t.py::old", "FAILED t.py::old"), "unresolved", ("t.py::old",)),
        ("PASSED t.py::bug\n", "unresolved", ("t.py::old", "t.py::skip")),
        ("", "unresolved", ("t.py::bug", "t.py::old", "t.py::skip")),
    ],
)
def test_the_rule(repository: Path, log: str, verdict: str, failed: tuple[str, ...]) -> None:
    result = grade(gold_of(repository), ended(log))
    assert (result.verdict, result.failed) == (verdict, failed)


def test_a_timeout_is_its_own_verdict_whatever_was_green(repository: Path) -> None:
    assert grade(gold_of(repository), ended(GREEN, outcome="timeout", exit_code=None)).verdict == "timeout"


def test_tests_that_were_not_started_say_nothing(repository: Path) -> None:
    assert grade(gold_of(repository), ended("", outcome="not_run", exit_code=None)).verdict == "infra"


def test_a_killed_run_is_judged_by_what_it_printed(repository: Path) -> None:
    assert grade(gold_of(repository), ended("", outcome="killed", exit_code=None)).verdict == "unresolved"


def test_the_test_patch_gives_whole_files(repository: Path) -> None:
    tests = gold_tests(repository, gold_of(repository))
    assert tests.written == {
        "tests/test_a.py": "old = 1\nnew = 2\n",
        "tests/test_b.py": "fresh = 3\n",
        "tests/data.txt": "data\n",
    }
    assert tests.deleted == ("tests/gone file.py",)
    assert set(tests.runnable) == {"tests/test_a.py", "tests/test_b.py"}


def test_the_repository_is_left_as_it_was(repository: Path) -> None:
    before = sorted(path for path in repository.rglob("*") if path.is_file())
    gold_tests(repository, gold_of(repository))
    assert sorted(path for path in repository.rglob("*") if path.is_file()) == before
    assert git(repository, "status", "--porcelain") == ""


def test_a_test_patch_that_does_not_apply_is_bad_input(repository: Path) -> None:
    with pytest.raises(DatasetError, match="git apply failed"):
        gold_tests(repository, gold_of(repository, TEST_PATCH.replace(" old = 1", " other = 1")))


def test_an_unknown_commit_is_bad_input(repository: Path, tmp_path: Path) -> None:
    gold = gold_of(repository)
    other = make_repo(tmp_path / "other", {"b.py": ""})
    with pytest.raises(DatasetError, match="git read-tree failed"):
        gold_tests(other, gold)


async def test_the_job_holds_the_patch_and_the_tests_after_it(repository: Path) -> None:
    runner = TableRunner(TestReport(applied=True, results=(ended(GREEN, seconds=1.5),)))
    result = await score(gold_of(repository), "a patch", repository=repository, runner=runner, sources="src")
    (job,) = runner.jobs
    assert job.patch == "a patch"
    assert job.files["tests/test_a.py"] == "old = 1\nnew = 2\n"
    (command,) = job.commands
    assert command.shell.startswith("rm -f -- 'tests/gone file.py'; export PYTHONPATH=\"$PWD/src\"; ")
    assert "tests/data.txt" not in command.shell
    assert (result.verdict, result.seconds) == ("resolved", 1.5)


async def test_a_patch_that_does_not_apply(repository: Path) -> None:
    runner = TableRunner(TestReport(applied=False, note="a.py: no such line"))
    result = await score(gold_of(repository), "bad", repository=repository, runner=runner)
    assert (result.verdict, result.note) == ("apply_failed", "a.py: no such line")


async def test_a_broken_sandbox_is_no_verdict_on_the_patch(repository: Path) -> None:
    runner = TableRunner(SandboxError("bwrap is gone"))
    result = await score(gold_of(repository), "", repository=repository, runner=runner)
    assert (result.verdict, result.note) == ("infra", "bwrap is gone")


async def test_a_report_without_the_command_is_no_verdict(repository: Path) -> None:
    result = await score(
        gold_of(repository), "", repository=repository, runner=TableRunner(TestReport(applied=True))
    )
    assert result.verdict == "infra"
