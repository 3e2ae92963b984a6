"""Jobs on the host, without isolation: only when a person asks for it by `--sandbox host`."""

import os
from pathlib import Path

from agentless.errors import SandboxError
from agentless.sandbox.interpreter import Interpreter
from agentless.sandbox.jobs import TREE_NAME, JobRunner
from agentless.sandbox.layout import source_folders
from agentless.sandbox.process import Finished, clean_environment, run_process
from agentless.sandbox.watch import MARK, HostWatchman


class HostRunner(JobRunner):
    """Runs a job's commands in its private tree as the current user.

    Memory, CPU, file size and time are limited, the environment is clean and the process group is killed at the
    end; but a command can read and change everything its user can, and reach the network.
    """

    name = "host"

    async def execute(self, job: Path, shell: str, timeout_s: float) -> Finished:
        """Run one bash line in the job's tree.

        Raises:
            SandboxError: bash could not be started.
            ConfigError: no such interpreter.
        """
        python = self.interpreter()
        tree = job / TREE_NAME
        (job / "tmp" / "home").mkdir(exist_ok=True)
        script = f'{self.limits.ulimits()} && exec /bin/bash -c "$0"'
        watchman = HostWatchman(job, self.limits)
        try:
            return await run_process(
                ["/bin/bash", "-c", script, shell], env=self.environment(job, tree, python), cwd=str(tree),
                timeout_s=timeout_s, kill=watchman.kill, watch=watchman.look,
            )  # fmt: skip
        except OSError as error:
            raise SandboxError(f"cannot start bash: {error}") from error

    def environment(self, job: Path, tree: Path, python: Interpreter) -> dict[str, str]:
        """The whole environment; PATH is the host's behind the interpreter."""
        shim = job / "bin"
        shim.mkdir(exist_ok=True)
        link = shim / "python"
        if not link.is_symlink():
            link.symlink_to(python.executable)
        folders = [*(str(tree / name) for name in source_folders(tree)), str(tree)]
        values = {
            "PATH": f"{python.folder}:{os.environ.get('PATH', os.defpath)}:{shim}",
            "PYTHONPATH": ":".join(folders),
            "HOME": str(job / "tmp" / "home"),
            "TMPDIR": str(job / "tmp"),
            "GIT_CEILING_DIRECTORIES": str(job),
            MARK: str(job),
        }
        if python.user_base:
            values["PYTHONUSERBASE"] = python.user_base
        return clean_environment(**values)
