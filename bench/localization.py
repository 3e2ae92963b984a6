"""How well files and functions are found without a model, against the gold patches of a dataset.

    python bench/localization.py --dataset verified.jsonl --repos mirrors/ --limit 60

Evaluation only: this reads the column `patch`, which nothing under agentless/ may do. Figures: recall of files
at k (all gold files, any gold file), mean reciprocal rank of the best one, recall of the gold function at k over
the rows whose patch edits one function, milliseconds per query once the repository is indexed.
"""

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentless.errors import RepositoryError
from agentless.localize import rank_elements, retrieve
from agentless.localize.elements import outermost
from agentless.repo import BlobCache, Index, RepoSnapshot

DEPTHS = (1, 3, 5, 10, 20)
ELEMENT_DEPTHS = (1, 2, 3, 5, 12)
MISSING = 10**9
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? ")


@dataclass(slots=True)
class Figures:
    """Ranks from 0, MISSING where not found; times in milliseconds."""

    best: list[int] = field(default_factory=list)
    worst: list[int] = field(default_factory=list)
    element: list[int] = field(default_factory=list)
    file_ms: list[float] = field(default_factory=list)
    element_ms: list[float] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def changed_lines(patch: str) -> dict[str, list[int]]:
    """Path -> old lines that the patch removes, or after which it adds."""
    changed: dict[str, list[int]] = {}
    path, line = "", 0
    for text in patch.splitlines():
        hunk = HUNK.match(text)
        if text.startswith("--- "):
            path = text[6:] if text.startswith("--- a/") else ""
        elif hunk:
            line = int(hunk[1]) + (hunk[2] == "0")
        elif path and text.startswith(("-", "+")) and not text.startswith("+++ "):
            removed = text.startswith("-")
            changed.setdefault(path, []).append(line if removed else line - 1)
            line += removed
        elif path and text.startswith(" "):
            line += 1
    return changed


def gold_function(index: Index, patch: str) -> tuple[str, str] | None:
    """(path, qualified name) when every changed line lies in one function, else None."""
    changed = changed_lines(patch)
    if len(changed) != 1:
        return None
    ((path, lines),) = changed.items()
    holding = [
        symbol
        for symbol in outermost(index.symbols(path))
        if all(symbol.start_line <= line <= symbol.end_line for line in lines)
    ]
    return (path, holding[0].name) if holding else None


def measure(row: dict[str, Any], index: Index, figures: Figures, top: int) -> None:
    """Add one row's ranks and times."""
    issue = str(row["problem_statement"])
    retrieve(index, issue)  # word counts are unpacked by the first query
    started = time.perf_counter()
    ranked = retrieve(index, issue)
    figures.file_ms.append(1000 * (time.perf_counter() - started))
    places = {file.path: place for place, file in enumerate(ranked)}
    gold = [places.get(path, MISSING) for path in changed_lines(str(row["patch"]))] or [MISSING]
    figures.best.append(min(gold))
    figures.worst.append(max(gold))
    started = time.perf_counter()
    elements = rank_elements(index, issue, ranked[:top], max(ELEMENT_DEPTHS))
    figures.element_ms.append(1000 * (time.perf_counter() - started))
    target = gold_function(index, str(row["patch"]))
    if target is not None:
        names = [(location.path, location.name) for location in elements]
        figures.element.append(names.index(target) if target in names else MISSING)


def folder_of(repos: Path, repo: str) -> Path | None:
    """The repository's folder: owner/name, owner__name or owner+name, as it is or below `repo`."""
    for name in (repo, repo.replace("/", "__"), repo.replace("/", "+")):
        for folder in (repos / name / "repo", repos / name):
            if (folder / "HEAD").exists() or (folder / ".git").exists():
                return folder
    return None


def indexes(
    rows: Sequence[dict[str, Any]], repos: Path, figures: Figures
) -> Iterator[tuple[dict[str, Any], Index]]:
    """Each row with its index; rows whose repository or commit is not at hand are skipped and named."""
    cache = BlobCache.open()
    for row in rows:
        folder = folder_of(repos, str(row["repo"]))
        if folder is None:
            figures.skipped.append(str(row["instance_id"]))
            continue
        try:
            with RepoSnapshot.open(folder, str(row["base_commit"])) as snapshot:
                yield row, Index.build(snapshot, cache, tests=False)
        except RepositoryError as error:
            figures.skipped.append(f"{row['instance_id']}: {error}")


def share(ranks: Sequence[int], depth: int) -> float:
    """Percent of the ranks below the depth."""
    return round(100 * sum(rank < depth for rank in ranks) / max(1, len(ranks)), 1)


def summary(figures: Figures) -> dict[str, Any]:
    """All figures, ready for JSON."""
    times = sorted(figures.file_ms) or [0.0]
    return {
        "rows": len(figures.best),
        "skipped": len(figures.skipped),
        "all_files": {depth: share(figures.worst, depth) for depth in DEPTHS},
        "any_file": {depth: share(figures.best, depth) for depth in DEPTHS},
        "mrr": round(sum(1 / (1 + rank) for rank in figures.best) / max(1, len(figures.best)), 3),
        "function_rows": len(figures.element),
        "function": {depth: share(figures.element, depth) for depth in ELEMENT_DEPTHS},
        "query_ms": {"mean": round(sum(times) / len(times)), "p90": round(times[int(0.9 * (len(times) - 1))])},
        "elements_ms": round(sum(figures.element_ms) / max(1, len(figures.element_ms))),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="jsonl with patch and problem_statement")
    parser.add_argument("--repos", type=Path, required=True, help="folder of git repositories")
    parser.add_argument("--limit", type=int, default=0, help="rows, drawn with a fixed seed; 0 = all")
    parser.add_argument("--top-files", type=int, default=4, help="files whose functions are ranked")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lines = options.dataset.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    if options.limit:
        rows = random.Random(0).sample(rows, min(options.limit, len(rows)))  # noqa: S311 - a sample, not a secret
    rows.sort(key=lambda row: (row["repo"], row["base_commit"]))
    figures = Figures()
    for number, (row, index) in enumerate(indexes(rows, options.repos, figures), start=1):
        measure(row, index, figures, options.top_files)
        print(f"\r{number} of {len(rows)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    result = summary(figures)
    print(
        json.dumps(result) if options.json else "\n".join(f"{name:14} {value}" for name, value in result.items())
    )


if __name__ == "__main__":
    main()
