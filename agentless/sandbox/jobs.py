"""A job from patch to report, the same for every kind of isolation: copy, apply, write, run, read."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from agentless.ports import CommandResult, TestCommand, TestJob, TestReport
from agentless.sandbox.interpreter import Interpreter, find_interpreter
from agentless.sandbox.limits import SandboxLimits
from agentless.sandbox.process import Finished
from agentless.sandbox.results import read_results
from agentless.sandbox.tree import TreeStore, UnsafePathError, remove, write_inside

SHOWN_OUTPUT = 64 * 1024
"""Bytes of output in a record."""
APPLY_SECONDS = 60.0
APPLY = "git apply --whitespace=nowarn -p1 {patch}"
TREE_NAME = "tree"


class JobRunner:
    """Base of the runners: exports once, runs each job in its own copy, at most `limits.jobs` at once."""

    __test__: ClassVar[bool] = False
    name = "none"

    def __init__(
        self,
        export: Callable[[Path], None],
        *,
        python: str = "",
        limits: SandboxLimits | None = None,
        scratch: Path | None = None,
        slots: asyncio.Semaphore | None = None,
    ) -> None:
        """
        Args:
            export: writes the snapshot into an empty folder; called once, before the first job.
            python: the project's interpreter, a path or a name on PATH; "" = `python3`.
            limits: bounds of each job.
            scratch: where trees are written; None = memory or the temporary folder (`scratch.places`).
            slots: shared by several runners to bound their jobs together; None = `limits.jobs` for this one.
        """
        self.python = python
        self.limits = limits or SandboxLimits()
        self.trees = TreeStore(export, scratch, self.owner())
        self.found: Interpreter | None = None
        self.slots = slots or asyncio.Semaphore(self.limits.jobs)

    async def execute(self, job: Path, shell: str, timeout_s: float) -> Finished:
        """Run one bash line in the job's tree."""
        raise NotImplementedError

    def interpreter(self) -> Interpreter:
        """The project's interpreter, looked up once.

        Raises:
            ConfigError: there is none, or it does not start.
        """
        if self.found is None:
            self.found = find_interpreter(self.python)
        return self.found

    async def identity(self) -> str:
        """The interpreter that jobs run with, and its version.

        Raises:
            ConfigError: there is none, or it does not start.
        """
        python = await asyncio.to_thread(self.interpreter)
        return f"{python.executable} {python.version}"

    def owner(self) -> int | None:
        """User id that jobs run as and that owns their files, chosen once; None = ours."""
        return None

    def patch_path(self, job: Path) -> str:
        """Where the patch file is seen by `execute`."""
        return str(job / "patch.diff")

    async def run(self, job: TestJob) -> TestReport:
        """Run one job in a fresh tree; the tree is gone afterwards.

        Raises:
            SandboxError: the tree could not be copied, the sandbox did not start, or the machine ran short.
        """
        async with self.slots:
            folder = await self.trees.new_job()
            try:
                return await self.run_in(folder, job)
            finally:
                await asyncio.shield(remove(folder))

    async def run_in(self, folder: Path, job: TestJob) -> TestReport:
        """Apply, write, run the commands in order."""
        if job.patch:
            note = await self.apply(folder, job.patch)
            if note:
                return TestReport(applied=False, note=note)
        try:
            for path, text in job.files.items():
                write_inside(folder / TREE_NAME, path, text)
        except UnsafePathError as error:
            return TestReport(applied=False, note=f"a test file could not be placed: {error}")
        results = [
            read_result(command, await self.execute(folder, command.shell, command.timeout_s))
            for command in job.commands
        ]
        return TestReport(applied=True, results=tuple(results))

    async def apply(self, folder: Path, patch: str) -> str:
        """Apply a unified diff in the job's tree, "" or why it does not apply.

        `git apply` outside a repository: refuses `..`, absolute paths, `.git` and paths beyond symbolic links.
        """
        (folder / "patch.diff").write_bytes(patch.encode("utf-8", "surrogatepass"))
        (folder / "patch.diff").chmod(0o644)  # the job's user reads it, whatever our umask is
        shell = APPLY.format(patch=self.patch_path(folder))
        finished = await self.execute(folder, shell, APPLY_SECONDS)
        if finished.exit_code == 0:
            return ""
        lines = finished.output.decode(errors="replace").strip().splitlines()
        return f"the patch does not apply: {finished.reason or (lines[0] if lines else 'git apply failed')}"

    async def close(self) -> None:
        """Remove the exported snapshot."""
        await self.trees.close()

    async def __aenter__(self) -> "JobRunner":
        """Usable as `async with`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        with contextlib.suppress(FileNotFoundError):
            await self.close()


def read_result(command: TestCommand, finished: Finished) -> CommandResult:
    """What the command did, its tests read by the command's parser; the reason of a kill ends the output."""
    text = finished.output.decode("utf-8", "replace")
    reason = f"\nstopped: {finished.reason}\n".encode() if finished.outcome == "killed" else b""
    return CommandResult(
        name=command.name,
        exit_code=finished.exit_code,
        outcome=finished.outcome,
        tests=read_results(command.parser, command.name, text, finished.exit_code),
        output=(finished.output + reason)[-SHOWN_OUTPUT:].decode("utf-8", "replace"),
        seconds=finished.seconds,
    )
