"""What indexes and queries cost over the commits of a dataset, against a plain re-parse in the same run.

    python bench/index.py --dataset verified.jsonl --repos mirrors/ [--limit 40] [--synthetic 50000] [--json]

Passes over the rows in the order of the dataset, each in a process of its own:

- cold: an empty cache; every commit is opened and its sources that are no tests are indexed. `first` is the first
  commit of a repository, `next` the others.
- query: the same again with the cache that is there now, and one query on each index; what is new in documentation
  and other texts is read by it. Histories are read before, once per repository, and reported by themselves.
- again: the same once more, with everything in the cache.
- tests: a cold pass that reads test files too, as validation does when it looks for tests.
- re-parse: the first commit of each repository, no cache: `ast.parse` of every .py file that is no test and a walk
  over its classes and functions. To be compared with `first` of the cold pass; `structure.py` has Agentless 1.5.

Peak memory is that of a process which opens, indexes (no cache) and queries one tree: the largest repository of
the rows, and a synthetic one. CPU seconds are those of the process and its git, running or ended; wall clock says
little on a busy machine.
"""

import argparse
import ast
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from agentless.errors import RepositoryError
from agentless.localize import retrieve
from agentless.repo import BlobCache, Index, RepoSnapshot, is_test_path, language_of
from bench.synthetic_tree import synthetic

Row = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="jsonl with repo, base_commit and problem_statement")
    parser.add_argument("--repos", type=Path, help="folder of git repositories named owner__name")
    parser.add_argument("--limit", type=int, default=0, help="rows, drawn with a fixed seed; 0 = all")
    parser.add_argument("--synthetic", type=int, default=50_000, help="files of the synthetic tree; 0 = none")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", nargs="+", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part[0]](options, *options.part[1:])))
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="agentless-bench-") as scratch:
        if options.dataset:
            for part, folder in (
                ("cold", "cache"), ("query", "cache"), ("again", "cache"), ("tests", "tests"), ("reparse", "")
            ):  # fmt: skip
                found[part] = child(part, str(Path(scratch) / folder))
            row = max(
                rows_of(options), key=lambda row: LARGEST.index(row["repo"]) if row["repo"] in LARGEST else -1
            )
            repo = str(folder_of(options.repos, row["repo"]))
            found["memory " + row["repo"]] = child("memory", repo, row["base_commit"])
            first = found["cold"]["first_cpu_s"]["mean"]
            found["reparse / first"] = round(found["reparse"]["cpu_s"]["mean"] / first, 1)
        if options.synthetic:
            repo = str(synthetic(Path(scratch) / "repo", options.synthetic))
            found[f"memory of {options.synthetic} files"] = child("memory", repo, "HEAD")
    show(found, as_json=options.json)


LARGEST = ("django/django", "sympy/sympy")
"""By text; the last one that is there is measured."""


def child(*part: str) -> dict[str, Any]:
    """A part in a process of its own: its memory and its caches are its own."""
    command = [sys.executable, *sys.argv, "--part", *part]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows_of(options: argparse.Namespace) -> list[Row]:
    """The rows in the order of the dataset; a sample of them when there is a limit."""
    lines = options.dataset.read_text(encoding="utf-8").splitlines()
    rows: list[Row] = [json.loads(line) for line in lines if line.strip()]
    if options.limit:
        chosen = random.Random(0).sample(range(len(rows)), min(options.limit, len(rows)))  # noqa: S311 - a sample
        rows = [rows[place] for place in sorted(chosen)]
    return rows


def folder_of(repos: Path, repo: str) -> Path:
    """The repository's folder."""
    return repos / repo.replace("/", "__")


def opened(options: argparse.Namespace) -> Iterator[tuple[Row, float, float, RepoSnapshot]]:
    """(row, CPU and wall-clock seconds before it was opened, snapshot) of each row whose commit is at hand."""
    for row in rows_of(options):
        began = cpu_s(), time.perf_counter()
        try:
            with RepoSnapshot.open(folder_of(options.repos, row["repo"]), row["base_commit"]) as snapshot:
                yield row, *began, snapshot
        except RepositoryError as error:
            print(f"{row['instance_id']}: {error}", file=sys.stderr)


def cold(options: argparse.Namespace, folder: str, *, tests: bool = False) -> dict[str, Any]:
    """Index every commit with a cache that is empty at first."""
    used: dict[str, list[tuple[float, float]]] = {}
    with BlobCache.open(Path(folder)) as cache:
        for row, cpu, wall, snapshot in opened(options):
            index = Index.build(snapshot, cache)
            if tests:
                index.prepare(path for path in snapshot.candidates() if language_of(path))
            used.setdefault(row["repo"], []).append((cpu_s() - cpu, time.perf_counter() - wall))
    first = [pairs[0] for pairs in used.values()]
    following = [pair for pairs in used.values() for pair in pairs[1:]]
    found: dict[str, Any] = {"rows": len(first) + len(following)}
    for name, pairs in (("all", first + following), ("first", first), ("next", following)):
        found[f"{name}_cpu_s"] = spread([cpu for cpu, _ in pairs])
        found[f"{name}_wall_s"] = spread([wall for _, wall in pairs])
    for repo, all_of_it in used.items():
        found[f"next_cpu_s {repo}"] = spread([cpu for cpu, _ in all_of_it[1:]])
    return {**found, "disk_mb": disk_mb(folder), "peak_mb": peak_mb()}


def tests(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """The same with test files."""
    return cold(options, folder, tests=True)


def query(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Index every commit again, and ask each index once."""
    figures: dict[str, list[float]] = {}
    with BlobCache.open(Path(folder)) as cache:
        for row, cpu, wall, snapshot in opened(options):
            index = Index.build(snapshot, cache)
            indexed = cpu_s(), time.perf_counter()
            _ = index.past
            began = cpu_s(), time.perf_counter()
            retrieve(index, str(row["problem_statement"]))
            ended = cpu_s(), time.perf_counter()
            for name, before, after in (
                ("index", (cpu, wall), indexed), ("history", indexed, began), ("query", began, ended)
            ):  # fmt: skip
                figures.setdefault(f"{name}_cpu_s", []).append(after[0] - before[0])
                figures.setdefault(f"{name}_wall_s", []).append(after[1] - before[1])
    found: dict[str, Any] = {name: spread(values) for name, values in figures.items()}
    found["history_wall_s"]["all"] = round(sum(figures["history_wall_s"]), 2)
    return {**found, "disk_mb": disk_mb(folder), "peak_mb": peak_mb()}


def reparse(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """The structure of the first commit of each repository by the `ast` module."""
    seen, used = set(), []
    for row, _, _, snapshot in opened(options):
        if row["repo"] in seen:
            continue
        seen.add(row["repo"])
        began = cpu_s()
        for path, data in snapshot.blobs([path for path in snapshot.candidates() if path.endswith(".py")]):
            if not is_test_path(path):
                structure(data)
        used.append(cpu_s() - began)
    return {"rows": len(used), "cpu_s": spread(used)}


def structure(data: bytes) -> list[tuple[str, int, int, list[str]]]:
    """Classes and functions of a text with their lines, as Agentless 1.5 keeps them."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = data.decode("utf-8", "replace").splitlines()
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (node.name, node.lineno, node.end_lineno or 0, lines[node.lineno - 1 : node.end_lineno])
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def memory(options: argparse.Namespace, repo: str, commit: str) -> dict[str, Any]:
    """Open, index and ask one tree, with nothing cached."""
    with RepoSnapshot.open(repo, commit) as snapshot:
        began = time.perf_counter()
        index = Index.build(snapshot)
        indexed, seconds = peak_mb(), []
        began, first = time.perf_counter(), time.perf_counter() - began
        for _ in range(2):
            ranked = retrieve(index, "find_row of get_value fails\n\nThe parser raises KeyError in module_7.py")
            seconds.append(round(time.perf_counter() - began, 2))
            began = time.perf_counter()
    return {
        "files": len(ranked),
        "index_wall_s": round(first, 2),
        "query_wall_s": seconds,
        "indexed_mb": indexed,
        "peak_mb": peak_mb(),
    }


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "cold": cold,
    "query": query,
    "again": query,
    "tests": tests,
    "reparse": reparse,
    "memory": memory,
}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean, median, 90th percentile and worst."""
    ordered = sorted(values) or [0.0]
    places = {"median": len(ordered) // 2, "p90": int(0.9 * (len(ordered) - 1)), "worst": -1}
    picked = {name: round(ordered[place], 3) for name, place in places.items()}
    return {"mean": round(sum(ordered) / len(ordered), 3), **picked}


def disk_mb(folder: str) -> float:
    """Everything below the folder."""
    return round(sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6, 1)


def peak_mb() -> int:
    """Largest resident size of this process so far."""
    return round(getrusage(RUSAGE_SELF).ru_maxrss / 1000)


def cpu_s() -> float:
    """CPU seconds of this process, and of its children whether they have ended or not."""
    usages = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + sum(map(child_cpu_s, children()))


def children() -> list[str]:
    """Process ids of the children that run: a `git cat-file` goes on from one snapshot to the next."""
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that ends now
            found += (task / "children").read_text().split()
    return found


def child_cpu_s(pid: str) -> float:
    """CPU seconds of one child so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """JSON, or a line per figure."""
    if as_json:
        print(json.dumps(found))
        return
    for part, figures in found.items():
        if not isinstance(figures, dict):
            print(f"{part}: {figures}")
            continue
        print(part)
        for name, value in figures.items():
            print(f"  {name:16} {value}")


if __name__ == "__main__":
    main()
