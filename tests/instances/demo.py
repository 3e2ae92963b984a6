"""`make demo`: a real model fixes a real bug in a real project on this CPU, and the project's own tests judge it.

python -m tests.instances.demo [INSTANCE_ID] [--solve OPTION ...]
"""

import argparse
import asyncio
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agentless.errors import AgentlessError, SandboxError
from agentless.folders import cache_folder
from agentless.repo import RepoSnapshot
from agentless.sandbox import BwrapRunner, SandboxLimits, probe
from harness.gold import read_gold
from harness.local import Score, score
from harness.pypi.recipes import recipe_of, rows
from harness.pypi.repository import Built
from tests.instances.build import build
from tests.instances.environments import python_of

DEFAULT = "pallets__flask-5014"
RULE = "─" * 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuild, solve, score.

    Returns:
        0 RESOLVED, 1 NOT RESOLVED, 2 the demo cannot run here.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.instances.demo", description=__doc__.splitlines()[0])
    parser.add_argument("instance_id", nargs="?", default=DEFAULT, choices=list(rows()), metavar="INSTANCE_ID")
    parser.add_argument("--solve", nargs=argparse.REMAINDER, default=[], help="options of `agentless solve`")
    options = parser.parse_args(arguments)
    try:
        return demonstrate(options.instance_id, options.solve)
    except AgentlessError as error:
        say(f"demo: {error}")
        return 2
    except KeyboardInterrupt:
        say("demo: interrupted; what was fetched is kept")
        return 130


def demonstrate(instance_id: str, options: Sequence[str]) -> int:
    """The whole demonstration of one instance."""
    problem = probe()
    if problem:
        raise SandboxError(f"the demo runs a model's code only in a sandbox: {problem}")
    say(f"Rebuilding {instance_id} from its source distribution, and an environment for its tests")
    built = build(instance_id, cache_folder() / "instances")
    python = python_of(recipe_of(built.row))
    heading("The issue")
    print(built.row["problem_statement"].strip())
    heading("agentless solve")
    began = time.monotonic()
    patch = solve(built, python, options)
    seconds = time.monotonic() - began
    heading("The patch")
    print(patch.strip() or "(none)")
    if not patch:
        return verdict(instance_id, "no patch", seconds)
    heading("The maintainers' own tests, which the model never saw")
    result = asyncio.run(judge(built, python, patch))
    gold = read_gold(built.row)
    total, turned = len(gold.fail_to_pass) + len(gold.pass_to_pass), ", ".join(gold.fail_to_pass)
    print(f"{total - len(result.failed)} of {total} as they should be; the bug's own: {turned}")
    for name in result.failed[:5]:
        print(f"  not green: {name}")
    if result.note:
        print(f"  {result.note}")
    return verdict(instance_id, result.verdict, seconds)


def solve(built: Built, python: Path, options: Sequence[str]) -> str:
    """The patch that the command line prints; its progress goes to the terminal as it is.

    The shown command can be repeated: the issue and the records stay in the cache, each demonstration's apart.
    """
    folder = cache_folder() / "demo" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    issue = folder / "issue.md"
    issue.write_text(built.row["problem_statement"], encoding="utf-8", newline="")
    given = [
        "--repo", str(built.repository), "--commit", built.row["base_commit"], "--issue", str(issue),
        "--python", str(python), "--sandbox", "bwrap", "--run-dir", str(folder / "run"), *options,
    ]  # fmt: skip
    say(f"$ {shlex.join(['agentless', 'solve', *given])}")
    command = [sys.executable, "-P", "-m", "agentless.cli.main", "solve", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    check_ended(done.returncode, folder / "run")
    return done.stdout.decode("utf-8", "surrogateescape")


def check_ended(code: int, run_dir: Path) -> None:
    """Whether `agentless solve` came to an end of its own, with a patch or without one that can be used.

    Raises:
        AgentlessError: it failed before, e.g. without the weights, which is no verdict on a model.
    """
    decided = any(run_dir.glob("instances/*/5-prediction.json"))
    if code not in (0, 1) or not decided:
        raise AgentlessError(f"agentless solve failed with exit code {code}, see above; run the demo again")


async def judge(built: Built, python: Path, patch: str) -> Score:
    """FAIL_TO_PASS and PASS_TO_PASS on base commit + patch + test patch, in the sandbox."""
    gold = read_gold(built.row)
    with RepoSnapshot.open(built.repository, gold.base_commit) as snapshot:
        sources = recipe_of(built.row).sources
        async with BwrapRunner(snapshot.export, python=str(python), limits=SandboxLimits()) as runner:
            return await score(gold, patch, repository=built.repository, runner=runner, sources=sources)


def verdict(instance_id: str, found: str, seconds: float) -> int:
    """The last line, and the exit code."""
    resolved = found == "resolved"
    heading(f"{instance_id}: {'RESOLVED' if resolved else f'NOT RESOLVED ({found})'} in {seconds:.0f} s")
    return 0 if resolved else 1


def heading(text: str) -> None:
    """A rule with a title."""
    print(f"\n{RULE}\n{text}\n{RULE}", flush=True)


def say(text: str) -> None:
    """A line on stderr, in order with stdout."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
