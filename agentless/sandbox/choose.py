"""Which runner a configuration gets on this machine, and the reason in words."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agentless.config import ValidationConfig
from agentless.errors import ConfigError
from agentless.sandbox.bwrap import SYSTEM_PATH, BwrapRunner, owns_all_users
from agentless.sandbox.host import HostRunner
from agentless.sandbox.jobs import JobRunner
from agentless.sandbox.limits import SandboxLimits
from agentless.sandbox.program import bwrap_program

PROBE_SECONDS = 20.0
OLDEST = "0.5"
INSTALL = "install it (Debian and Ubuntu: apt-get install {package}), or choose --sandbox host for code you trust"
NAMESPACES = (
    "user namespaces are not allowed here. In a container: start it with --security-opt seccomp=unconfined "
    "(and apparmor=unconfined). On Ubuntu 24.04: sysctl kernel.apparmor_restrict_unprivileged_userns=0. On old "
    "Debian: sysctl kernel.unprivileged_userns_clone=1. Or choose --sandbox host for code you trust"
)


class Choice(NamedTuple):
    """A runner, or none, and why."""

    runner: JobRunner | None
    reason: str
    """One line for people: what runs the tests, or why nothing does and how to change that."""


def choose_runner(
    config: ValidationConfig,
    export: Callable[[Path], None],
    *,
    jobs: int = 2,
    scratch: Path | None = None,
    mount: str = "",
    slots: asyncio.Semaphore | None = None,
    checked: bool = False,
) -> Choice:
    """The runner for `config.sandbox`. `auto` is bubblewrap where it works, else none: never the host.

    Args:
        export: writes the snapshot into an empty folder, e.g. `RepoSnapshot.export`.
        jobs: sandboxes at once (`limits.tests`) for this snapshot.
        scratch: where trees are written; None = memory or the temporary folder (`scratch.places`).
        mount: the repository's real path, where the interpreter has it installed in editable form; "" = /testbed.
        slots: bounds the sandboxes of several snapshots together, instead of `jobs`.
        checked: the sandbox was tried before in this run, and need not be again for each instance.

    Raises:
        ConfigError: `bwrap` was asked for and does not work, or `config.python` is no interpreter.
    """
    if config.sandbox == "none":
        return Choice(runner=None, reason="nothing is executed: sandbox is none")
    limits = SandboxLimits(
        memory_mb=config.memory_mb, max_processes=config.max_processes, cpu_s=config.cpu_s, jobs=jobs
    )
    if config.sandbox == "host":
        host = HostRunner(export, python=config.python, limits=limits, scratch=scratch, slots=slots)
        host.interpreter()
        return Choice(runner=host, reason="tests run on this machine without isolation, as --sandbox host says")
    problem = "" if checked else probe(config.python)
    if problem and config.sandbox == "bwrap":
        raise ConfigError(problem)
    if problem:
        return Choice(runner=None, reason=f"nothing is executed: {problem}")
    runner = BwrapRunner(export, python=config.python, limits=limits, scratch=scratch, slots=slots)
    runner.mount = mount or runner.mount
    python = runner.interpreter()
    return Choice(
        runner=runner, reason=f"tests run in bubblewrap with Python {python.version} ({python.executable})"
    )


def probe(python: str = "") -> str:
    """Start one empty sandbox: "" when it works, else `what is missing; how to get it` in one line.

    Args:
        python: interpreter the sandbox would use; one that is missing is the caller's to report.
    """
    if not bwrap_program():
        return "bwrap is missing; " + INSTALL.format(package="bubblewrap")
    for program in ("git", "bash"):
        if shutil.which(program) is None:
            return f"{program} is missing; " + INSTALL.format(package=program)
    if owns_all_users() and shutil.which("setpriv", path=SYSTEM_PATH) is None:
        return "setpriv is missing; " + INSTALL.format(package="util-linux")
    runner = BwrapRunner(lambda _: None, python=python)
    with tempfile.TemporaryDirectory(prefix="agentless-probe-") as folder:
        for name in ("tree", "tmp"):
            place = Path(folder, name)
            place.mkdir()
            if owner := runner.trees.owner:
                os.chown(place, owner, owner)
        try:
            argv = runner.command_line(Path(folder), "test -d /proc/self && test ! -e /etc/shadow")
            result = subprocess.run(
                argv, env={"PATH": os.defpath}, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=PROBE_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap does not start ({error}); {NAMESPACES}"
    if result.returncode == 0:
        return ""
    errors = result.stderr.decode(errors="replace").strip().splitlines() or [f"exit {result.returncode}"]
    if "nknown option" in errors[-1]:
        return f"bubblewrap is older than {OLDEST} ({errors[-1]}); install a newer one"
    return f"bubblewrap cannot build a sandbox ({errors[-1]}); {NAMESPACES}"
