"""The stage: tests on the original, then every candidate against them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from agentless.config import ValidationConfig
from agentless.ports import ChatModel, NoProgress, Progress, TestRunner
from agentless.records import Candidate, Evidence, Instance, ReproductionTest, Validation
from agentless.repo import Index
from agentless.validate.budget import OVER, Budget
from agentless.validate.ground import Ground, Site, find_ground
from agentless.validate.ledger import ForgetfulLedger, Ledger, place_of
from agentless.validate.matrix import Matrix
from agentless.validate.nearby import choose_test_files
from agentless.validate.reproduction import Desk, write_tests
from agentless.validate.schedule import fill

EXAMPLE_LINES = 30
NOT_EXECUTED = "nothing was executed: no sandbox"
NOT_RUN = "not run: the sandbox ended before these tests"


async def validate(
    instance: Instance,
    index: Index,
    candidates: Sequence[Candidate],
    model: ChatModel | None,
    runner: TestRunner | None,
    config: ValidationConfig,
    *,
    ledger: Ledger | None = None,
    stream: str = "",
    regression_first: bool = False,
    progress: Progress = NoProgress(),  # noqa: B008 - stateless
) -> Validation:
    """Evidence for every candidate: regression tests near the edits, and the model's reproduction tests.

    Without a runner nothing is executed and all evidence is empty. A candidate that does not apply, crashes or
    times out has unknown verdicts, and a note. What the ledger knows is neither asked nor run again.

    Args:
        index: the original tree.
        model: writes reproduction tests; None = there are none.
        runner: bounds by itself how many jobs run at once.
        ledger: keeps tests and cells as they are made; None = nothing is kept.
        stream: digest of what the candidates come from. The test files and the tests of the model that were
            chosen for a stream's first candidates judge its later ones too.
        regression_first: fewer broken regression tests win, so that a budget leaves out who breaks more.

    Raises:
        SandboxError: the sandbox failed.
        ModelServerError: the model server is gone.
    """
    if runner is None or not candidates:
        note = NOT_EXECUTED if candidates else "there is no candidate"
        evidence = tuple(Evidence(key=candidate.key) for candidate in candidates)
        return Validation(instance_id=instance.instance_id, evidence=evidence, note=note)
    place = await place_of(instance, index, runner, config)
    site = Site(
        instance=instance, index=index, runner=runner, config=config, budget=Budget(config.max_container_s),
        ledger=ledger or ForgetfulLedger(), place=place, stream=stream,
    )  # fmt: skip
    total = len(candidates) + 1
    progress.update(instance.instance_id, "validate", 0, total, "tests on the original")
    ground, tests = await both(site, candidates, model)
    kept = {test.path: test for test in tests if test.outcome == "kept"}
    matrix = Matrix(site=site, candidates=candidates, files=ground.files, baseline=ground.baseline, tests=kept)
    matrix.recall()

    def report(done: int) -> None:
        progress.update(instance.instance_id, "validate", done + 1, total, "candidates")

    lines = await fill(matrix, report, regression_first=regression_first)
    return assembled(matrix, ground, tests, lines)


async def both(
    site: Site, candidates: Sequence[Candidate], model: ChatModel | None
) -> tuple[Ground, list[ReproductionTest]]:
    """The baseline and the model's tests, found side by side; when one fails the other is stopped."""
    pending = asyncio.ensure_future(find_ground(site, candidates))
    try:
        tests = await reproductions_of(site, candidates, model)
    except BaseException:
        pending.cancel()
        await asyncio.wait({pending})
        raise
    return await pending, tests


async def reproductions_of(
    site: Site, candidates: Sequence[Candidate], model: ChatModel | None
) -> list[ReproductionTest]:
    """The model's tests, judged on the original."""
    config, index = site.config, site.index
    if model is None or config.reproduction_tests == 0:
        return []
    near = choose_test_files(index, site.instance.problem_statement, candidates, 1)
    example = "\n".join(index.text(near[0]).splitlines()[:EXAMPLE_LINES]) if near else ""
    desk = Desk(
        instance=site.instance, model=model, runner=site.runner, config=config, budget=site.budget,
        ledger=site.ledger, place=site.place, stream=site.stream,
    )  # fmt: skip
    return await write_tests(desk, candidates, example)


def assembled(
    matrix: Matrix, ground: Ground, tests: Sequence[ReproductionTest], left_out: Sequence[str]
) -> Validation:
    """The record of the stage."""
    baseline = ground.baseline
    why = OVER if matrix.site.budget.limited else NOT_RUN
    evidence = tuple(matrix.evidence(candidate, why) for candidate in matrix.candidates)
    late = sum(test.outcome == "left_out" for test in tests)
    lines = [
        *ground.left_out,
        *([f"{late} reproduction tests on the original: {OVER}"] if late else []),
        *left_out,
    ]
    return Validation(
        instance_id=matrix.site.instance.instance_id,
        evidence=evidence,
        reproduction_tests=tuple(after_candidates(test, matrix) for test in tests),
        regression_files=ground.files,
        baseline=baseline.tests if baseline else (),
        flaky=baseline.flaky if baseline else (),
        note=explain(ground, matrix.tests),
        left_out=tuple(lines),
        seconds=round(matrix.site.budget.spent_s, 3),
    )


def after_candidates(test: ReproductionTest, matrix: Matrix) -> ReproductionTest:
    """A kept test that no candidate passes is of no use: it may ask for what no fix brings.

    It stays kept while a candidate has not run it, since that one may pass; one that nobody has run is left out.
    """
    judged = [candidate for candidate in matrix.candidates if test.author not in candidate.attempts]
    cells = [matrix.cells.get((candidate.key, test.path)) for candidate in judged]
    if test.outcome == "kept" and cells and not any(cells) and matrix.site.budget.limited:
        return replace(test, outcome="left_out", detail=OVER)
    passing = any(cell is None or "pass" in cell.verdicts.values() for cell in cells)
    if test.outcome != "kept" or passing or not cells:
        return test
    return replace(test, outcome="never_passes", detail=f"none of {len(cells)} candidates passes it")


def explain(ground: Ground, kept: dict[str, ReproductionTest]) -> str:
    """Why no test judges the candidates, "" when one does."""
    if kept or (ground.baseline and ground.baseline.tests):
        return ""
    return (ground.baseline.note if ground.baseline else "") or "no test file was found near the edits"
