"""Pools of real candidate patches and the test outcomes that belong to them, read as records for `select`.

A pool row has `instance_id`, `system`, `model_patch`, `patch_hash`, `ast_hash` (classes of equal syntax trees) and
the answer: `verdict` (image pools, scored in Docker) or `resolved` (as its authors published it). A signal row has
`instance_id`, `key` (an `ast_hash`, or BASE for the original; GOLD is dropped) and `res`: test file -> outcome of
each test, `reg:` for regression files and `src:AUTHOR` for a reproduction test. A row without hashes gets those of
its text and of its changed lines; one without an instance, a patch or an answer is no candidate.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentless.records import Candidate, Candidates, Evidence, ReproductionTest, Sample, Validation, Verdict
from agentless.select.normalize import lines_key
from agentless.texts import text_digest

Row = Mapping[str, Any]

UNTRUSTED = ("vorflux", "polydev")
"""Published answers that do not hold (vorflux) or do not exist (polydev)."""
SELECTED = ("120patches",)
"""Systems whose patch is itself a choice among others of the pool."""
VERDICTS: Mapping[str, bool] = {"resolved": True, "unresolved": False, "apply_failed": False}


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The candidates of one instance, and which are right."""

    candidates: Candidates
    validation: Validation
    right: tuple[bool, ...]
    """Of each attempt."""
    systems: tuple[str, ...]
    patch_hashes: tuple[str, ...]
    standings: Mapping[str, float] = field(default_factory=dict)

    @property
    def mixed(self) -> bool:
        """Whether there is anything to choose."""
        return any(self.right) and not all(self.right)

    def share_right(self, key: str) -> float:
        """Share of a class's samples that are right: 0 or 1 but for a flaky verdict."""
        attempts = next(each.attempts for each in self.candidates.candidates if each.key == key)
        return sum(self.right[attempt] for attempt in attempts) / len(attempts)


def named(*beginnings: str) -> Callable[[Row], bool]:
    """Rows whose system begins like one of these."""
    return lambda row: str(row["system"]).startswith(beginnings)


def published(row: Row) -> bool:
    """Rows of published systems whose answers can be used."""
    return "resolved" in row and not row["system"].startswith(UNTRUSTED) and SELECTED[0] not in row["system"]


WEAK = ("swefixer", "20240620_sweagent", "sweswiss")
SUBSETS: Mapping[str, Callable[[Row], bool]] = {
    "A image pools": lambda row: "verdict" in row,
    "C published systems": published,
    "D weak systems": lambda row: published(row) and named(*WEAK)(row),
    "G SWE-Swiss alone x3": lambda row: published(row) and named("sweswiss")(row),
    "E one agent x5": lambda row: "verdict" in row and named("kkk-full_i0_run")(row),
    "F one agent x7": lambda row: "verdict" in row and named("kkk-full_i")(row),
}
"""The columns of the table; an answer stands in `verdict` or in `resolved`, never in both."""


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """All rows of JSON lines files, gzipped or not."""
    rows: list[Row] = []
    for path in paths:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            rows += [whole(json.loads(line)) for line in file if line.strip()]
    return [row for row in rows if row["instance_id"]]


def whole(row: Row) -> Row:
    """The row with what may be missing in it."""
    if "res" in row or "key" in row:
        return {"instance_id": "", "key": "", "res": {}, **row}
    patch = row.get("model_patch") or ""
    row = {"instance_id": "", "system": "unknown", **row, "model_patch": patch}
    row.setdefault("patch_hash", text_digest(patch))
    row.setdefault("ast_hash", lines_key(patch))
    return row


def read_signals(paths: Iterable[Path]) -> dict[str, dict[str, Row]]:
    """Instance id -> key -> signal row; GOLD is dropped here."""
    signals: dict[str, dict[str, Row]] = {}
    for row in read_rows(paths):
        if row["key"] != "GOLD":
            signals.setdefault(row["instance_id"], {})[row["key"]] = row
    return signals


def pools_of(
    rows: Iterable[Row], signals: Mapping[str, Mapping[str, Row]] | None = None, *, only_run: bool = False
) -> list[Pool]:
    """One pool per instance with at least two candidates that have an answer and a patch.

    Args:
        signals: `read_signals`; with them it is also known which patches do not apply. None = the text alone.
        only_run: leave out candidates on which no test was run though they apply, so that a missing measurement
            is not taken for a test that did not pass; instances without signals are left out.
    """
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if (row["model_patch"] or "").strip() and answer(row) is not None:
            grouped.setdefault(row["instance_id"], []).append(row)
    pools = []
    for instance_id, members in sorted(grouped.items()):
        found = None if signals is None else signals.get(instance_id, {})
        if only_run and found is not None:
            members = [row for row in members if row["ast_hash"] in found or row.get("verdict") == "apply_failed"]
            if not any(row["ast_hash"] in found for row in members):
                continue
        if len(members) > 1:
            pools.append(pool_of(instance_id, members, found))
    return pools


def answer(row: Row) -> bool | None:
    """Whether the patch is right, None when nobody knows."""
    if "verdict" in row:
        return VERDICTS.get(row["verdict"])
    return None if row.get("resolved") is None else bool(row["resolved"])


def pool_of(instance_id: str, rows: list[Row], signals: Mapping[str, Row] | None) -> Pool:
    """One instance's pool; attempts are numbered in the order of the rows."""
    classes: dict[str, list[int]] = {}
    for attempt, row in enumerate(rows):
        classes.setdefault(row["ast_hash"], []).append(attempt)
    made = tuple(
        Candidate(key=key, patch=rows[attempts[0]]["model_patch"], attempts=tuple(attempts))
        for key, attempts in classes.items()
    )
    samples = tuple(
        Sample(attempt=attempt, outcome="patch", patch=row["model_patch"]) for attempt, row in enumerate(rows)
    )
    systems = tuple(row["system"] for row in rows)
    unapplied = {row["ast_hash"]: 0.0 for row in rows if row.get("verdict") == "apply_failed"}
    return Pool(
        candidates=Candidates(instance_id=instance_id, samples=samples, candidates=made),
        validation=validation_of(instance_id, made, signals or {}, systems),
        right=tuple(bool(answer(row)) for row in rows),
        systems=systems,
        patch_hashes=tuple(row["patch_hash"] for row in rows),
        standings={} if signals is None else unapplied,
    )


def validation_of(
    instance_id: str, candidates: Iterable[Candidate], signals: Mapping[str, Row], systems: tuple[str, ...]
) -> Validation:
    """The evidence; without a run of the original, or of any candidate, there is none."""
    runs = {each.key: statuses(signals[each.key]) for each in candidates if each.key in signals}
    if "BASE" not in signals or not runs:
        return Validation(instance_id=instance_id)
    ran = {file for run in runs.values() for file, _ in run}  # what was run on the original alone judges nobody
    base = {name: status for name, status in statuses(signals["BASE"]).items() if name[0] in ran}
    baseline = tuple(name for name, status in base.items() if name[0].startswith("reg:") and status == "PASSED")
    seen = {name for run in runs.values() for name, status in run.items() if status == "PASSED"}
    wanted = tuple(  # a name that never passes may be the parser's second name of a failure
        name for name, status in base.items() if name[0].startswith("src:") and status != "PASSED" and name in seen
    )
    tests = tuple(
        ReproductionTest(attempt=place, outcome="kept", path=label(name), author=author(name[0], systems))
        for place, name in enumerate(wanted)
    )
    return Validation(
        instance_id=instance_id,
        baseline=tuple(map(label, baseline)),
        reproduction_tests=tests,
        evidence=tuple(
            Evidence(key=key, regression=verdicts(run, baseline), reproduction=verdicts(run, wanted))
            for key, run in runs.items()
        ),
    )


def statuses(signal: Row) -> dict[tuple[str, str], str]:
    """(file, test) -> status."""
    found = {file: (result or {}).get("st") or {} for file, result in (signal["res"] or {}).items()}
    return {(file, test): status for file, tests in found.items() for test, status in tests.items()}


def verdicts(run: Mapping[tuple[str, str], str], names: Iterable[tuple[str, str]]) -> dict[str, Verdict]:
    """Cells of one candidate; a test that is not in the log is unknown."""
    words: dict[str, Verdict] = {"PASSED": "pass", "FAILED": "fail", "ERROR": "fail"}
    return {label(name): words.get(run.get(name, ""), "unknown") for name in names}


def label(name: tuple[str, str]) -> str:
    """File and test in one text."""
    return "::".join(name)


def author(source: str, systems: tuple[str, ...]) -> int | None:
    """The attempt whose system wrote the test."""
    name = source.removeprefix("src:")
    return systems.index(name) if name in systems else None
