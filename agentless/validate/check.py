"""The stage: tests on the original, then every candidate against them."""

import asyncio
from collections.abc import Callable, Sequence

from agentless.config import ValidationConfig
from agentless.ports import ChatModel, NoProgress, Progress, TestJob, TestReport, TestRunner
from agentless.records import Candidate, Evidence, Instance, ReproductionTest, Validation
from agentless.repo import Index
from agentless.validate.commands import regression_command, reproduction_command
from agentless.validate.gather import all_of
from agentless.validate.nearby import choose_test_files
from agentless.validate.protect import protected_files
from agentless.validate.regression import Baseline, judge, make_baseline
from agentless.validate.reproduction import try_on_original, verdict_of, write_tests

EXAMPLE_LINES = 30
NOT_EXECUTED = "nothing was executed: no sandbox"


async def validate(
    instance: Instance,
    index: Index,
    candidates: Sequence[Candidate],
    model: ChatModel | None,
    runner: TestRunner | None,
    config: ValidationConfig,
    *,
    progress: Progress = NoProgress(),  # noqa: B008 - stateless
) -> Validation:
    """Evidence for every candidate: regression tests near the edits, and the model's reproduction tests.

    Without a runner nothing is executed and all evidence is empty. A candidate that does not apply, crashes or
    times out has unknown verdicts, and a note.

    Args:
        index: the original tree.
        model: writes reproduction tests; None = there are none.
        runner: bounds by itself how many jobs run at once.

    Raises:
        SandboxError: the sandbox failed.
        ModelServerError: the model server is gone.
    """
    if runner is None or not candidates:
        note = NOT_EXECUTED if candidates else "there is no candidate"
        evidence = tuple(Evidence(key=candidate.key) for candidate in candidates)
        return Validation(instance_id=instance.instance_id, evidence=evidence, note=note)
    total = len(candidates) + 1
    progress.update(instance.instance_id, "validate", 0, total, "tests on the original")
    files = choose_test_files(index, instance.problem_statement, candidates, config.regression_files)
    pending = asyncio.ensure_future(baseline_of(index, files, runner, config))
    try:
        tests = await reproductions_of(instance, index, files, candidates, model, runner, config)
    except BaseException:
        pending.cancel()
        await asyncio.wait({pending})
        raise
    baseline = await pending
    kept = [test for test in tests if test.outcome == "kept"]

    def report(done: int) -> None:
        progress.update(instance.instance_id, "validate", done + 1, total, "candidates")

    jobs = [candidate_job(index, candidate, files, baseline, kept, config) for candidate in candidates]
    found = await examine(candidates, jobs, baseline, kept, runner, report)
    return Validation(
        instance_id=instance.instance_id,
        evidence=tuple(found),
        reproduction_tests=tuple(tests),
        regression_files=files,
        baseline=baseline.tests if baseline else (),
        flaky=baseline.flaky if baseline else (),
        note=explain(baseline, kept),
    )


async def examine(
    candidates: Sequence[Candidate],
    jobs: Sequence[TestJob],
    baseline: Baseline | None,
    kept: Sequence[ReproductionTest],
    runner: TestRunner,
    report: Callable[[int], None],
) -> list[Evidence]:
    """Evidence of all candidates, in order.

    Args:
        jobs: one for each candidate.
        report: called with the number of candidates that are over.
    """
    done = 0
    report(done)

    async def one(candidate: Candidate, job: TestJob) -> Evidence:
        nonlocal done
        outcome = await runner.run(job) if job.commands else None
        done += 1
        report(done)
        return evidence_of(candidate, baseline, kept, outcome)

    return await all_of([one(*pair) for pair in zip(candidates, jobs, strict=True)])


async def baseline_of(
    index: Index, files: Sequence[str], runner: TestRunner, config: ValidationConfig
) -> Baseline | None:
    """Regression tests that pass on the original; None when none are wanted or there is nothing to run."""
    if config.regression_files == 0 or not (files or (config.test_cmd and "{files}" not in config.test_cmd)):
        return None
    return await make_baseline(runner, regression_command(index, files, config), config.baseline_runs)


async def reproductions_of(
    instance: Instance,
    index: Index,
    files: Sequence[str],
    candidates: Sequence[Candidate],
    model: ChatModel | None,
    runner: TestRunner,
    config: ValidationConfig,
) -> list[ReproductionTest]:
    """The model's scripts, judged on the original."""
    if model is None or config.reproduction_tests == 0:
        return []
    example = "\n".join(index.text(files[0]).splitlines()[:EXAMPLE_LINES]) if files else ""
    written = await write_tests(instance, candidates, example, model, config)
    return await try_on_original(written, runner, config)


def candidate_job(
    index: Index,
    candidate: Candidate,
    regression_files: Sequence[str],
    baseline: Baseline | None,
    kept: Sequence[ReproductionTest],
    config: ValidationConfig,
) -> TestJob:
    """Everything that judges one candidate, in one tree: regression tests first, scripts after them.

    The tests are the original's: what the patch does to tests and their configuration is undone after it was
    applied (`protect.protected_files` says what, and what cannot be undone).
    """
    regression = [baseline.command] if baseline and baseline.tests else []
    scripts = [reproduction_command(test.path, config.reproduction_timeout_s) for test in kept]
    files = protected_files(index, candidate, regression_files)
    files |= {test.path: test.code for test in kept}
    return TestJob(patch=candidate.patch, files=files, commands=(*regression, *scripts))


def evidence_of(
    candidate: Candidate, baseline: Baseline | None, kept: Sequence[ReproductionTest], report: TestReport | None
) -> Evidence:
    """The cells of one candidate."""
    if report is None:
        return Evidence(key=candidate.key, note="there is no test to run")
    regression, note = judge(baseline, report) if baseline and baseline.tests else ({}, report.note)
    reproduction = {test.path: verdict_of(report.result(test.path)) for test in kept}
    return Evidence(key=candidate.key, regression=regression, reproduction=reproduction, note=note)


def explain(baseline: Baseline | None, kept: Sequence[ReproductionTest]) -> str:
    """Why no test judges the candidates, "" when one does."""
    if kept or (baseline and baseline.tests):
        return ""
    return (baseline.note if baseline else "") or "no test file was found near the edits"
