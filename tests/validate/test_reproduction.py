from dataclasses import replace

import pytest

from agentless.config import ValidationConfig
from agentless.ports import CommandResult, Reply, TestCommand, TestJob
from agentless.records import Instance, ReproductionTest
from agentless.validate.reproduction import read_replies, try_on_original, verdict_of, write_tests
from tests.validate.conftest import ISSUE, PATCH, FakeModel, FakeRunner, candidate, result

SCRIPT = "```python\nimport shop\nassert shop.total(-{}) == 0\n```"
HEAD = "Traceback (most recent call last):\n"


def config(**values: object) -> ValidationConfig:
    """A configuration with these values."""
    return ValidationConfig.model_validate(values)


def written(*numbers: int) -> list[ReproductionTest]:
    """Tests as they come from replies."""
    return read_replies([Reply(attempt=n, outcome="ok", text=SCRIPT.format(n)) for n in numbers])


async def test_one_ask_with_an_attempt_per_test(instance: Instance) -> None:
    model = FakeModel(*(SCRIPT.format(number) for number in range(3)))
    tests = await write_tests(
        instance, [candidate()], "import shop", model, config(reproduction_tests=3, max_tokens=99)
    )
    (ask,) = model.asked
    assert (ask.stage, ask.purpose, ask.attempts, ask.max_tokens) == (
        "validate",
        "reproduction_test",
        (0, 1, 2),
        99,
    )
    assert ask.prompt_hash
    assert [test.path for test in tests] == [f".agentless_tests/test_repro_{number}.py" for number in range(3)]
    assert {test.outcome for test in tests} == {"kept"}


@pytest.mark.parametrize(("sees", "shown"), [("issue", False), ("patches", True)])
async def test_what_the_writer_sees(instance: Instance, sees: str, shown: bool) -> None:
    model = FakeModel("nothing")
    await write_tests(instance, [candidate()], "", model, config(reproduction_sees=sees, reproduction_tests=1))
    text = model.asked[0].messages[-1].content
    assert ISSUE in text
    assert ("max(count, 0)" in text) is shown


async def test_the_patches_of_most_samples_are_shown(instance: Instance) -> None:
    pool = [candidate(str(number), PATCH.replace("0)", f"{number}00)"), samples=number) for number in range(1, 6)]
    model = FakeModel("nothing")
    await write_tests(instance, pool, "", model, config(reproduction_tests=1))
    text = model.asked[0].messages[-1].content
    assert [f"{number}00)" in text for number in range(1, 6)] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("budget", "patch", "example", "issue"),
    [(5000, True, True, True), (1200, False, True, True), (620, False, False, True), (500, False, False, False)],
)
async def test_a_small_budget_drops_patches_then_the_example_then_the_end_of_the_issue(
    instance: Instance, budget: int, patch: bool, example: bool, issue: bool
) -> None:
    long = Instance(instance_id="i", repo="r", base_commit="", problem_statement="Broken. " + "x" * 1000 + " END")
    pool = [candidate(patch=PATCH + "+p\n" * 3000)]
    model = FakeModel("nothing")
    values = config(max_prompt_tokens=budget, reproduction_tests=1)
    if patch:
        pool = [candidate()]
    await write_tests(long, pool, "EXAMPLE " + "e" * 1500, model, values)
    text = model.asked[0].messages[-1].content
    assert ("Proposed" in text, "EXAMPLE" in text, "END" in text) == (patch, example, issue)
    assert "Broken." in text


async def test_without_a_budget_the_context_is_the_limit(instance: Instance) -> None:
    model = FakeModel("nothing", context_tokens=1500)
    await write_tests(
        instance, [candidate(patch="+p\n" * 9000)], "", model, config(max_tokens=500, reproduction_tests=1)
    )
    assert "Proposed" not in model.asked[0].messages[-1].content


async def test_a_budget_beyond_the_context_is_the_contexts(instance: Instance) -> None:
    model = FakeModel("nothing", context_tokens=1500)
    values = config(max_tokens=500, max_prompt_tokens=100_000, reproduction_tests=1)
    await write_tests(instance, [candidate(patch="+p\n" * 9000)], "", model, values)
    assert "Proposed" not in model.asked[0].messages[-1].content


def test_every_lost_reply_has_its_reason() -> None:
    replies = [
        Reply(attempt=0, outcome="truncated", error="32768 tokens"),
        Reply(attempt=1, outcome="no_answer"),
        Reply(attempt=2, outcome="context_overflow"),
        Reply(attempt=3, outcome="server_error", error="HTTP 500"),
        Reply(attempt=4, outcome="ok", text="no"),
        Reply(attempt=5, outcome="ok", text="```python\nimport (\n```"),
        Reply(attempt=6, outcome="ok", text=SCRIPT.format(1)),
        Reply(attempt=7, outcome="ok", text=SCRIPT.format(1).replace("assert", "# again\nassert")),
    ]
    tests = read_replies(replies)
    assert [test.outcome for test in tests] == [
        "truncated", "no_answer", "context_overflow", "server_error",
        "no_test", "syntax_error", "kept", "duplicate",
    ]  # fmt: skip
    assert tests[3].detail == "HTTP 500"
    assert tests[7].detail == "the same as attempt 6"


@pytest.mark.parametrize(
    ("code", "output", "verdict"),
    [
        (0, "", "pass"),
        (77, "", "fail"),
        (2, "usage: script.py", "unknown"),
        (1, f"{HEAD}  File x\n    assert a, b\nAssertionError: a\nb\n", "fail"),
        (
            1,
            f"FAIL: t\n{HEAD}  File x\nAssertionError: Lists differ: [1] != [2]\n\n- [1]\n+ [2]\n\nFAILED\n",
            "fail",
        ),
        (1, f"{HEAD}  File x\nAssertionError: \nArrays are not equal\n x: array(1)\n", "fail"),
        (1, f"{HEAD}AssertionError: a\n\nDuring handling, another exception:\n\n{HEAD}TypeError: b\n", "unknown"),
        (1, f"{HEAD}  File x\nValueError: a\nAssertionError: in the message\n", "unknown"),
        (1, "Traceback\nAssertionError", "fail"),
        (1, "Traceback\nAssertionError: -2 != 0", "fail"),
        (1, "AssertionError\nTypeError: no", "unknown"),
        (1, "ModuleNotFoundError: No module named 'nope'", "unknown"),
        (1, "AssertionErrors are nice", "unknown"),
        (139, "AssertionError", "unknown"),
        (None, "AssertionError", "unknown"),
    ],
)
def test_exit_codes_are_verdicts(code: int | None, output: str, verdict: str) -> None:
    assert verdict_of(result("t", code, output)) == verdict


def test_what_did_not_run_is_unknown() -> None:
    assert verdict_of(None) == "unknown"


@pytest.mark.parametrize(
    ("code", "output", "outcome", "detail"),
    [
        (77, "", "kept", ""),
        (2, "bad option", "error_on_original", "exit code 2: bad option"),
        (1, f"{HEAD}AssertionError: a\nb\n", "kept", "AssertionError: a"),
        (1, "AssertionError: -2", "kept", "AssertionError: -2"),
        (0, "", "passes_on_original", "exit code 0"),
        (1, "NameError: x", "error_on_original", "exit code 1: NameError: x"),
        (None, "", "unknown_on_original", "timeout"),
    ],
)
async def test_only_tests_that_see_the_issue_are_kept(
    code: int | None, output: str, outcome: str, detail: str
) -> None:
    runner = FakeRunner(lambda job, command: result(command.name, code, output))
    (test,) = await try_on_original(written(0), runner, config())
    assert test.outcome == outcome
    assert detail in test.detail


async def test_tests_run_in_jobs_of_eight_on_the_original_and_only_those_that_wait() -> None:
    seen: list[str] = []

    def answer(job: TestJob, command: TestCommand) -> CommandResult:
        seen.append(command.name)
        return result(command.name, 77)

    runner = FakeRunner(answer)
    lost = ReproductionTest(attempt=99, outcome="truncated")
    tests = await try_on_original([*written(*range(10)), lost], runner, config(reproduction_timeout_s=5))
    assert [len(job.files) for job in runner.jobs] == [8, 2]
    assert all(job.patch == "" for job in runner.jobs)
    assert runner.jobs[0].commands[0].timeout_s == 5
    assert [test.outcome for test in tests] == ["kept"] * 10 + ["truncated"]
    assert len(set(seen)) == 10


async def test_a_job_that_cannot_start_leaves_them_unknown() -> None:
    runner = FakeRunner(lambda job, command: result(command.name), refuses=[""])
    (test,) = await try_on_original(written(0), runner, config())
    assert test.outcome == "unknown_on_original"
    assert test.detail == "the patch does not apply: no"


async def test_a_killed_script_says_why() -> None:
    def answer(job: TestJob, command: TestCommand) -> CommandResult:
        return replace(result(command.name, None, "hello\n\nstopped: 9 processes\n"), outcome="killed")

    (test,) = await try_on_original(written(0), FakeRunner(answer), config())
    assert (test.outcome, test.detail) == ("unknown_on_original", "killed after 0 s: stopped: 9 processes")
