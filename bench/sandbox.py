"""What a sandboxed job costs beside its tests: python bench/sandbox.py --repo DIR [--python PY] [--test-cmd CMD]

Prints the seconds of each part, the median of several runs, and the alternatives for the private copy.
"""

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agentless.ports import TestCommand, TestJob
from agentless.repo import RepoSnapshot
from agentless.sandbox import BwrapRunner, SandboxLimits, probe
from agentless.sandbox.scratch import places
from agentless.sandbox.tree import TreeStore, remove

COPIES = {
    "cp -a": ["cp", "-a"],
    "cp -a --reflink=auto (used)": ["cp", "-a", "--reflink=auto"],
    "cp -al, hard links (not private)": ["cp", "-al"],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", required=True, help="a git repository")
    parser.add_argument("--python", default="", help="interpreter with the project's dependencies")
    parser.add_argument("--test-cmd", default="", help="a bash line that runs some of its tests")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    if problem := probe(args.python):
        raise SystemExit(problem)
    with RepoSnapshot.open(args.repo) as snapshot:
        for place in dict.fromkeys([*places(None), Path(tempfile.gettempdir())]):
            print(f"in {place}")
            with tempfile.TemporaryDirectory(dir=place) as scratch:
                copies(snapshot, Path(scratch), args.runs)
                asyncio.run(jobs(snapshot, Path(scratch), args.python, args.test_cmd, args.runs))


def report(name: str, seconds: list[float]) -> None:
    """One line: the median and the range."""
    print(f"{name:44s} {statistics.median(seconds):8.3f} s   ({min(seconds):.3f} to {max(seconds):.3f})")


def copies(snapshot: RepoSnapshot, scratch: Path, runs: int) -> None:
    """The export, and ways to copy it."""
    base = scratch / "base"
    base.mkdir()
    begin = time.perf_counter()
    snapshot.export(base)
    report(f"export of {len(snapshot.entries)} files, once", [time.perf_counter() - begin])
    for name, command in COPIES.items():
        seconds = []
        for number in range(runs):
            target = scratch / f"copy-{number}"
            begin = time.perf_counter()
            subprocess.run([*command, str(base), str(target)], check=True)
            seconds.append(time.perf_counter() - begin)
            subprocess.run(["rm", "-rf", str(target)], check=True)
        report(f"copy by {name}", seconds)


async def timed(runs: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    """Seconds of each run."""
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        await work()
        seconds.append(time.perf_counter() - begin)
    return seconds


async def jobs(snapshot: RepoSnapshot, scratch: Path, python: str, test_cmd: str, runs: int) -> None:
    """Whole jobs: an empty one, an interpreter's start, the tests; and the same tests without a sandbox."""
    runner = BwrapRunner(snapshot.export, python=python, limits=SandboxLimits(jobs=1), scratch=scratch)
    store: TreeStore = runner.trees
    await store.base()

    async def copy() -> None:
        await remove(await store.new_job())

    report("private copy with its owner, and removal", await timed(runs, copy))
    job = await store.new_job()
    report("start of a sandbox (true)", await timed(runs, lambda: runner.execute(job, "true", 60)))
    report("start of a sandbox and Python", await timed(runs, lambda: runner.execute(job, "python -c ''", 60)))
    if test_cmd:
        command = TestCommand(name="tests", shell=test_cmd, timeout_s=600)
        report("the tests alone, same tree", await timed(runs, lambda: runner.execute(job, test_cmd, 600)))
        report("a job with the tests", await timed(runs, lambda: runner.run(TestJob(commands=(command,)))))
    await runner.close()


if __name__ == "__main__":
    main()
