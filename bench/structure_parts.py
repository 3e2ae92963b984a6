"""The parts of `structure.py`, one a process: PART ARGUMENTS..., figures as the last line of the output, in JSON.

Only the standard library is imported at the top: the interpreter of `agentless` need not have our packages. Exit
status 2 and one line are for what the user can mend.
"""

import ast
import contextlib
import importlib
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

Figures = dict[str, Any]


def main() -> int:
    """Run the part that the command line names."""
    parts: dict[str, Callable[..., Figures | str]]
    parts = {"export": export, "agentless": agentless, "plain": plain, "index": index}
    found = parts[sys.argv[1]](*sys.argv[2:])
    print("\n" + (json.dumps(found) if isinstance(found, dict) else ""))
    if isinstance(found, str):
        print(found, file=sys.stderr)
    return 2 if isinstance(found, str) else 0


def export(tree: str, repo: str, *commits: str) -> Figures | str:
    """Write the tree of the first commit; count the sources, and those that only the last one has."""
    from agentless.errors import InputError
    from agentless.repo import RepoSnapshot, language_of

    Path(tree).mkdir()
    sources: list[set[str]] = []
    try:
        for commit in commits:
            with RepoSnapshot.open(repo, commit) as snapshot:
                sources.append({entry.sha for path, entry in snapshot.entries.items() if language_of(path)})
                if len(sources) == 1:
                    snapshot.export(Path(tree))
    except InputError as error:
        return str(error)
    return {"sources": len(sources[0]), "new": len(sources[-1] - sources[0])}


def agentless(folder: str, tree: str) -> Figures | str:
    """Run the code that the user named. What it prints is dropped."""
    sys.path.insert(0, folder)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            create = importlib.import_module("get_repo_structure.get_repo_structure").create_structure
        except ImportError as error:
            return f"{error}; name an interpreter that has it by --python"
        except AttributeError as error:
            return f"{error}; name the folder of an Agentless 1.5 checkout"
        began = used()
        structure = create(tree)
        found = figures(began, count(structure))
    file = Path(tree).with_name("structure.json")
    file.write_text(json.dumps(structure), encoding="utf-8")
    del structure
    began = used()
    structure = json.loads(file.read_text(encoding="utf-8"))
    again = figures(began, count(structure))
    del again["peak_mb"]  # it is that of both
    return {**found, "json": again}


def count(node: Figures) -> int:
    """Python files of a structure: what has classes, functions and a text."""
    if isinstance(node.get("classes"), list):
        return 1
    return sum(map(count, node.values()))


def plain(tree: str) -> Figures:
    """Names and lines of classes and functions, and nothing else."""
    began = used()
    files = [path for path in Path(tree).rglob("*.py") if path.is_file()]
    kept: list[tuple[str, int, int | None]] = []
    for path in files:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            kept += definitions(path.read_bytes())
    return figures(began, len(files))


def definitions(data: bytes) -> list[tuple[str, int, int | None]]:
    """(name, first line, last line)."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(data)) if isinstance(node, kinds)]
    return [(node.name, node.lineno, node.end_lineno) for node in nodes]


def index(repo: str, commit: str, cache: str, which: str) -> Figures:
    """Open, index, ask for symbols of ten files and of all, close. The CPU seconds of asking are told apart."""
    from agentless.repo import BlobCache, Index, RepoSnapshot, is_test_path, language_of

    tests = which == "with tests"
    began = used()
    with BlobCache.open(Path(cache)) as blobs, RepoSnapshot.open(repo, commit) as snapshot:
        built = Index.build(snapshot, blobs)
        paths = [path for path in snapshot.candidates() if language_of(path) and (tests or not is_test_path(path))]
        if tests:
            built.prepare(paths)
        asking = used()
        for path in spread(sorted(paths, key=lambda path: (snapshot.entries[path].size, path))):
            built.symbols(path)
        ten = figures(asking, 0)
        for path in paths:
            built.symbols(path)
        every = figures(asking, 0)
    found = figures(began, len(paths))
    less = {name: round(found[name] - every[name], 3) for name in ("cpu_s", "wall_s")}
    return {**found, **less, "ten_cpu_s": ten["cpu_s"], "all_cpu_s": every["cpu_s"]}


def spread(paths: list[str]) -> list[str]:
    """Ten of them at even distances; all where there are fewer."""
    return [paths[len(paths) * (2 * tenth + 1) // 20] for tenth in range(10)] if len(paths) > 10 else paths


def used() -> tuple[float, float]:
    """CPU seconds of this process and its finished children, and wall clock."""
    usages = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages), time.perf_counter()


def figures(began: tuple[float, float], files: int) -> Figures:
    """Seconds since then, and the largest resident size of the process so far, MB."""
    cpu_s, wall_s = (round(now - then, 3) for now, then in zip(used(), began, strict=True))
    peak_mb = round(getrusage(RUSAGE_SELF).ru_maxrss / 1000)
    return {"files": files, "cpu_s": cpu_s, "wall_s": wall_s, "peak_mb": peak_mb}


if __name__ == "__main__":
    sys.exit(main())
