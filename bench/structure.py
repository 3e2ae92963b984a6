"""The structure pass of Agentless 1.5 against our index, on the same tree and in the same run.

    python bench/structure.py --repo REPO --commit SHA [--commit NEXT] [--repo ...] [--agentless FOLDER] [--json]

The tree is exported once. Every row is a process of its own (`structure_parts.py`), without its start and imports:

- (a) `create_structure` of your own checkout of Agentless 1.5 over the exported tree: classes, functions and texts
  of every .py file. Its clone and checkout are left out. Nine of its commands make the structure of an instance;
  where structure files were prepared they read one of those instead: "from its JSON".
- (b) `ast.parse` of the same files, and a walk.
- (c) `Index.build` with an empty cache, (d) in another process with that cache, (e) of the next commit with it;
  also with the facts of test files, which (a) reads too. Opening repository and cache, writing, and git count.

An index may put parsing off: "10 files" and "all files" are further CPU seconds to ask for the symbols of ten
files of all sizes, then of every file. The ratios are (a)'s CPU seconds to those of the row, to those of the row
and ten files, and to those of the row and all files.

FOLDER holds get_repo_structure/get_repo_structure.py. That code is RUN, with your rights and without a sandbox,
only because you name it: name a checkout that you trust. --python: an interpreter for it, where this one lacks a
package that it imports.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

Figures = dict[str, Any]

PARTS = Path(__file__).resolve().with_name("structure_parts.py")
MODULE = "get_repo_structure/get_repo_structure.py"
AGAIN = 9
"""Commands of Agentless 1.5 that need the structure of an instance: five of localization, four of repair."""
MISSING = "(a) and the ratios to it are missing: name your checkout of Agentless 1.5 by --agentless FOLDER"
PLACES = "give --repo REPO --commit SHA, perhaps a second --commit for (e), and again for the next repository"
HEADINGS = {
    "files": "files",
    "cpu_s": "CPU s",
    "wall_s": "wall s",
    "ten_cpu_s": "10 files",
    "all_cpu_s": "all files",
    "peak_mb": "peak MB",
    "ratio": "(a)/CPU",
    "ratio_ten": "(a)/+10",
    "ratio_all": "(a)/+all",
}


class Stop(Exception):  # noqa: N818 - the end of the program, not an error of a part of it
    """(exit status, one line for the user)."""


def main() -> int:
    """Measure and print; 1 when a part failed, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in ("repo", "commit"):  # one list, since a commit belongs to the repository before it
        parser.add_argument(f"--{kind}", dest="given", action="append", type=f"{kind} {{}}".format)
    parser.add_argument("--agentless", type=Path, metavar="FOLDER", help="checkout whose code is run")
    parser.add_argument("--python", default=sys.executable, metavar="INTERPRETER", help="runs that code")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        if options.agentless and not (options.agentless / MODULE).is_file():
            raise Stop(2, f"{options.agentless} has no {MODULE}: name the folder of an Agentless 1.5 checkout")
        found = [measure(*place, options) for place in places(options.given or [])]
    except Stop as stop:
        status, line = stop.args
        print(line, file=sys.stderr)
        return int(status)
    print(json.dumps(found) if options.json else "\n\n".join(map(table, found)))
    return 0


def places(given: list[str]) -> list[tuple[str, list[str]]]:
    """(repository, its commits) in the order of the command line."""
    found: list[tuple[str, list[str]]] = []
    for kind, _, text in (each.partition(" ") for each in given):
        if kind == "repo":
            found.append((text, []))
        elif not found:
            raise Stop(2, PLACES)
        else:
            found[-1][1].append(text)
    if not found or any(len(commits) not in (1, 2) for _, commits in found):
        raise Stop(2, PLACES)
    return found


def measure(repo: str, commits: list[str], options: argparse.Namespace) -> Figures:
    """All rows of one repository."""
    rows: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="agentless-bench-") as scratch:
        tree = f"{scratch}/{Path(repo).absolute().name}"
        tells = child("export", tree, repo, *commits)
        if options.agentless:
            once = child("agentless", options.agentless.resolve(), tree, python=options.python)
            rows = {"(a) Agentless 1.5": once, "(a) from its JSON": once.pop("json")}
        rows["(b) ast.parse and a walk"] = child("plain", tree)
        steps = [("(c) empty cache", commits[0]), ("(d) warm cache", commits[0]), ("(e) next commit", commits[-1])]
        for name, commit in steps[: len(commits) + 1]:
            for which in ("no tests", "with tests"):
                rows[f"{name}, {which}"] = child("index", repo, commit, f"{scratch}/{which}", which)
    for row in rows.values() if options.agentless else ():
        row["ratio"] = ratio(once["cpu_s"], row["cpu_s"])
        for more in ("ten", "all") if "ten_cpu_s" in row else ():
            row[f"ratio_{more}"] = ratio(once["cpu_s"], row["cpu_s"] + row[f"{more}_cpu_s"])
    missing = [] if options.agentless else [MISSING]
    missing += [] if len(commits) > 1 else ["(e) is missing: name the next commit by a second --commit"]
    return {"repo": Path(tree).name, "commits": commits, **tells, "rows": rows, "missing": missing}


def ratio(theirs: float, ours: float) -> float:
    """How many times as much, of what is measured in milliseconds."""
    return round(theirs / max(ours, 0.001), 1)


def child(part: str, *arguments: object, python: str = sys.executable) -> Figures:
    """What a part measured in a process of its own. It writes no bytecode: FOLDER stays as it is."""
    command = [python, "-B", str(PARTS), part, *map(str, arguments)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise Stop(2, f"{python} cannot be started: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise Stop(2 if done.returncode == 2 else 1, f"{part}: {said[-1]}")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def table(found: Figures) -> str:
    """A line per row, and what is missing."""
    lines = [f"{found['repo']} {' '.join(found['commits'])}"]
    lines.append(f"{found['sources']} sources, {found['new']} of the next commit are new")
    for name, row in {"": HEADINGS, **found["rows"]}.items():
        lines.append(f"{name:28}" + "".join(f"{row.get(column, '-'):>10}" for column in HEADINGS))
    if "(a) Agentless 1.5" in found["rows"]:
        every = [found["rows"][name]["cpu_s"] * AGAIN for name in ("(a) Agentless 1.5", "(a) from its JSON")]
        lines.append("(a) {} times, as for one instance: {:.0f} s; from its JSON {:.1f} s".format(AGAIN, *every))
    return "\n".join([*lines, *found["missing"]])


if __name__ == "__main__":
    sys.exit(main())
