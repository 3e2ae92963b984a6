"""Jobs in bubblewrap: no network, nothing of the machine but programs, one private tree.

Two ways to become nobody:

- as root: commands run under a user id that nothing else on the machine has, without capabilities. Files of root
  stay unreadable. RLIMIT_NPROC counts the jobs of one runner together (copying trees is faster when all have one
  owner), so it is set for all of them, and the watchman counts each;
- as another user: in a user namespace of its own, in which the process limit counts this job alone (Linux 5.14).
"""

import os
import secrets
import shutil
import signal
import subprocess
from functools import lru_cache
from pathlib import Path

from agentless.errors import SandboxError
from agentless.sandbox.interpreter import Interpreter
from agentless.sandbox.jobs import TREE_NAME, JobRunner
from agentless.sandbox.layout import (
    device_arguments,
    identity_files,
    parents,
    source_folders,
    system_arguments,
    tree_arguments,
)
from agentless.sandbox.process import Finished, clean_environment, run_process
from agentless.sandbox.program import bwrap_program
from agentless.sandbox.watch import NamespaceWatchman

MOUNT = "/testbed"
"""Where the tree is seen inside, unless the runner is told another place."""
PATCH = "/etc/agentless/patch.diff"
LINKS = "/etc/agentless/bin"
FIRST_USER, USERS = 1_900_000_000, 1 << 24
INNER_USER = 1000
NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
DROP = ("--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
SETUP_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
STARTED_BY_SIGNAL = 128
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def owns_all_users() -> bool:
    """Whether this process is root over all user ids, so that it can give a job one of its own."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split()[2:] == ["4294967295"]


@lru_cache(maxsize=1)
def knows_size() -> bool:
    """Whether the installed bwrap can bound a tmpfs (`--size`, since 0.7)."""
    try:
        result = subprocess.run(
            [bwrap_program() or "bwrap", "--help"], capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"--size" in result.stdout + result.stderr


class BwrapRunner(JobRunner):
    """Runs each command of a job in a new sandbox over the job's tree."""

    name = "bwrap"
    mount = MOUNT
    """Set to the project's real path when its interpreter has the project installed in editable form."""

    def owner(self) -> int | None:
        """A user id that nothing else on the machine has, when we are root."""
        return FIRST_USER + secrets.randbelow(USERS) if owns_all_users() else None

    def patch_path(self, job: Path) -> str:
        """The patch is shown read-only at a fixed place."""
        return PATCH

    async def execute(self, job: Path, shell: str, timeout_s: float) -> Finished:
        """Run one bash line in a new sandbox; everything it started is gone when this returns.

        Raises:
            SandboxError: bubblewrap is missing or could not build the sandbox.
        """
        python = self.interpreter()
        read_end, write_end = os.pipe()
        watchman = NamespaceWatchman(job, self.limits, read_end)
        argv = self.command_line(job, shell, write_end)
        try:
            finished = await run_process(
                argv, env=self.environment(job, python), cwd="/", timeout_s=timeout_s,
                kill=watchman.kill, watch=watchman.look, pass_fd=write_end,
            )  # fmt: skip
            status = watchman.status()
        except OSError as error:
            raise SandboxError(f"cannot start bwrap: {error}; install the package bubblewrap") from error
        finally:
            os.close(read_end)
        return explained(finished, status)

    def command_line(self, job: Path, shell: str, status_fd: int = -1) -> list[str]:
        """The whole argv; bwrap reports to the file descriptor unless it is negative."""
        status = ["--json-status-fd", str(status_fd)] if status_fd >= 0 else []
        # our PATH finds bwrap; the sandbox's PATH, which the child gets, is for what runs inside
        program = bwrap_program() or "bwrap"
        return [program, *status, *self.arguments(job, self.interpreter()), "--", *self.launcher(shell)]

    def arguments(self, job: Path, python: Interpreter) -> list[str]:
        """Everything bwrap is told but the command."""
        user = self.trees.owner or INNER_USER
        arguments = ["--die-with-parent", "--new-session", *NAMESPACES, "--hostname", "sandbox"]
        arguments += ["--cap-drop", "ALL"]
        if self.trees.owner:
            arguments += [part for name in SETUP_CAPABILITIES for part in ("--cap-add", name)]
        else:
            arguments += ["--unshare-user", "--uid", str(user), "--gid", str(user)]
        arguments += [*system_arguments(), *identity_files(job / "etc", user)]
        arguments += device_arguments(sized=knows_size())
        arguments += ["--bind", str(job / "tmp"), "/tmp", "--perms", "0755", "--dir", "/run"]  # noqa: S108
        arguments += [*parents("/var/tmp"), "--symlink", "/tmp", "/var/tmp"]  # noqa: S108
        arguments += [*parents(f"{LINKS}/python"), "--symlink", python.executable, f"{LINKS}/python"]
        if (job / "patch.diff").exists():
            arguments += ["--ro-bind", str(job / "patch.diff"), PATCH]
        arguments += tree_arguments(str(job / TREE_NAME), self.mount, python)
        # the folders made above are memory: a job that could write there would escape its limits
        return [*arguments, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", self.mount]

    def launcher(self, shell: str) -> list[str]:
        """Drop to the job's user, set limits, then the bash line (in a shell of its own, never spliced)."""
        sharing = self.limits.jobs if self.trees.owner else 1
        limits = self.limits.ulimits(self.limits.max_processes * sharing)
        script = f'mkdir -p /tmp/home && {limits} && exec /bin/bash -c "$0"'
        bash = ["/bin/bash", "-c", script, shell]
        if not self.trees.owner:
            return bash
        user = str(self.trees.owner)
        setpriv = shutil.which("setpriv", path=SYSTEM_PATH) or "setpriv"
        return [setpriv, *DROP, "--reuid", user, "--regid", user, *bash]

    def environment(self, job: Path, python: Interpreter) -> dict[str, str]:
        """The whole environment: the interpreter first on PATH, the tree first among modules."""
        folders = [*(f"{self.mount}/{name}" for name in source_folders(job / TREE_NAME)), self.mount]
        values = {
            "PATH": f"{python.folder}:{SYSTEM_PATH}:{LINKS}",
            "PYTHONPATH": ":".join(folders),
            "HOME": "/tmp/home",  # noqa: S108 - the sandbox's own
            "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
            "USER": "sandbox",
            "LOGNAME": "sandbox",
        }
        if python.user_base:
            values["PYTHONUSERBASE"] = python.user_base
        values["GIT_CEILING_DIRECTORIES"] = str(Path(self.mount).parent)
        return clean_environment(**values)


def explained(finished: Finished, status: dict[str, int]) -> Finished:
    """Tell a command's end from a sandbox that never started.

    Raises:
        SandboxError: bwrap ended without having run the command.
    """
    if finished.outcome != "ended":
        return finished
    code = status.get("exit-code")
    if code is None:
        lines = finished.output.decode(errors="replace").strip().splitlines() or ["no message"]
        raise SandboxError(f"bwrap could not build the sandbox: {lines[-1]}")
    if code in (STARTED_BY_SIGNAL + signal.SIGKILL, STARTED_BY_SIGNAL + signal.SIGXCPU):
        return Finished(
            exit_code=None, outcome="killed", output=finished.output, seconds=finished.seconds,
            reason="killed by the system: out of memory or CPU time",
        )  # fmt: skip
    return Finished(exit_code=code, outcome="ended", output=finished.output, seconds=finished.seconds)
