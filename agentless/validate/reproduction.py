"""Reproduction tests: scripts the model writes, kept only when they see the issue on the original."""

import re
from collections.abc import Sequence
from dataclasses import replace

from agentless.config import ValidationConfig
from agentless.ports import Ask, ChatModel, CommandResult, Message, Reply, TestJob, TestReport, TestRunner
from agentless.prompting import load_prompt, turns_text
from agentless.records import Candidate, Instance, ReproductionTest, Verdict
from agentless.validate.commands import reproduction_command
from agentless.validate.gather import all_of
from agentless.validate.parse import parse_reply
from agentless.validate.protect import FOLDER

REPRODUCED = 77
"""Exit code that says: the wrong behaviour is there. A failed assert says the same.

A rare one: 1 and 2 are the codes of Python, argparse and pytest for their own errors.
"""
SHOWN_PATCHES = 3
MARGIN_TOKENS = 64
"""Kept free for the chat template."""
SHRINK = 0.7
SMALLEST_ISSUE = 200
TESTS_PER_JOB = 8
TRACEBACK = "Traceback (most recent call last):"
ASSERTION = re.compile(r"^AssertionError\b")
NO_CONTENT = frozenset({"truncated", "no_answer", "context_overflow", "server_error"})


async def write_tests(
    instance: Instance, candidates: Sequence[Candidate], example: str, model: ChatModel, config: ValidationConfig
) -> list[ReproductionTest]:
    """Ask for `config.reproduction_tests` scripts; those still to be run on the original say `kept`.

    Args:
        example: the beginning of a test file of the project, "" for none.

    Raises:
        ModelServerError: the server is gone.
    """
    shown = candidates if config.reproduction_sees == "patches" else ()
    # a context that cannot hold a full output and a prompt is shared in half
    max_tokens = min(config.max_tokens, model.context_tokens // 2)
    left = model.context_tokens - max_tokens - MARGIN_TOKENS
    budget = min(left, config.max_prompt_tokens or left)
    messages = await fitted_messages(instance, shown, example, model, budget)
    ask = Ask(
        instance_id=instance.instance_id,
        stage="validate",
        purpose="reproduction_test",
        messages=messages,
        attempts=tuple(range(config.reproduction_tests)),
        temperature=config.temperature,
        top_p=config.top_p,
        max_tokens=max_tokens,
        prompt_hash=load_prompt("validate/reproduction_test", 1).digest,
    )
    return read_replies(await model.ask(ask))


async def fitted_messages(
    instance: Instance, candidates: Sequence[Candidate], example: str, model: ChatModel, budget: int
) -> tuple[Message, ...]:
    """The prompt within `budget` tokens: patches go first, then the example, then the issue's end.

    A prompt that never fits is sent in its smallest form: the server's refusal is then the outcome.
    """
    prompt = load_prompt("validate/reproduction_test", 1)
    issue = instance.problem_statement
    most_voted = sorted(candidates, key=lambda candidate: -len(candidate.attempts))
    patches = [candidate.patch for candidate in most_voted[:SHOWN_PATCHES]]
    while True:
        messages = prompt.render(issue=issue, example=example, patches=patches)
        if await model.count_tokens(turns_text(messages)) <= budget:
            return messages
        if patches:
            patches.pop()
        elif example:
            example = ""
        elif len(issue) > SMALLEST_ISSUE:
            issue = issue[: int(len(issue) * SHRINK)]
        else:
            return messages


def read_replies(replies: Sequence[Reply]) -> list[ReproductionTest]:
    """One record per reply; scripts with equal syntax trees are one test, the first."""
    tests: list[ReproductionTest] = []
    first: dict[str, int] = {}
    for reply in replies:
        if reply.outcome != "ok":
            tests.append(ReproductionTest(attempt=reply.attempt, outcome=reply.outcome, detail=reply.error))
            continue
        parsed = parse_reply(reply.text)
        if parsed.outcome != "ok":
            tests.append(ReproductionTest(attempt=reply.attempt, outcome=parsed.outcome, detail=parsed.detail))
        elif parsed.digest in first:
            detail = f"the same as attempt {first[parsed.digest]}"
            tests.append(ReproductionTest(attempt=reply.attempt, outcome="duplicate", detail=detail))
        else:
            first[parsed.digest] = reply.attempt
            path = f"{FOLDER}/test_repro_{reply.attempt}.py"
            tests.append(ReproductionTest(attempt=reply.attempt, outcome="kept", path=path, code=parsed.code))
    return tests


async def try_on_original(
    tests: Sequence[ReproductionTest], runner: TestRunner, config: ValidationConfig
) -> list[ReproductionTest]:
    """Run the scripts on the original; only those that see the issue there stay `kept`.

    Raises:
        SandboxError: the sandbox failed.
    """
    waiting = [test for test in tests if test.outcome == "kept"]
    groups = [waiting[start : start + TESTS_PER_JOB] for start in range(0, len(waiting), TESTS_PER_JOB)]
    reports = await all_of([runner.run(reproduction_job(group, config)) for group in groups])
    judged = {
        test.path: on_original(test, report)
        for group, report in zip(groups, reports, strict=True)
        for test in group
    }
    return [judged.get(test.path, test) if test.outcome == "kept" else test for test in tests]


def reproduction_job(tests: Sequence[ReproductionTest], config: ValidationConfig) -> TestJob:
    """The original with these scripts in it."""
    commands = tuple(reproduction_command(test.path, config.reproduction_timeout_s) for test in tests)
    return TestJob(files={test.path: test.code for test in tests}, commands=commands)


def on_original(test: ReproductionTest, report: TestReport) -> ReproductionTest:
    """What the script's end on the original makes of it."""
    result = report.result(test.path)
    if result is None or result.exit_code is None:
        detail = report.note or (how_stopped(result) if result else "not run")
        return replace(test, outcome="unknown_on_original", detail=detail)
    verdict = verdict_of(result)
    if verdict == "pass":
        return replace(test, outcome="passes_on_original", detail="exit code 0 before any change")
    line = exception_line(result)
    if verdict == "fail":
        return replace(test, detail=line)
    return replace(test, outcome="error_on_original", detail=f"exit code {result.exit_code}: {line}")


def verdict_of(result: CommandResult | None) -> Verdict:
    """pass: exit 0. fail: exit 77, or exit 1 by a failed assert. unknown: any other end, a broken script's too."""
    if result is None or result.exit_code is None or result.outcome != "ended":
        return "unknown"
    if result.exit_code == 0:
        return "pass"
    failed_assert = result.exit_code == 1 and ASSERTION.match(exception_line(result)) is not None
    return "fail" if result.exit_code == REPRODUCED or failed_assert else "unknown"


def how_stopped(result: CommandResult) -> str:
    """Why a script did not end by itself; the sandbox says the reason of a kill in the last line of output."""
    reason = f": {last_line(result)}" if result.outcome == "killed" else ""
    return f"{result.outcome} after {result.seconds:.0f} s{reason}"


def exception_line(result: CommandResult) -> str:
    """The exception that ended the script, at most 200 characters: of a message of many lines the first.

    That is the first line after the last traceback's head that is not indented; without a traceback the last line.
    """
    _, head, rest = result.output.rpartition(TRACEBACK)
    lines = [line for line in rest.splitlines() if line and not line[0].isspace()]
    return lines[0][:200] if head and lines else last_line(result)


def last_line(result: CommandResult) -> str:
    """The last line that was printed, at most 200 characters."""
    lines = result.output.strip().splitlines()
    return lines[-1][:200] if lines else ""
