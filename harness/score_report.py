"""The summaries of an evaluation: swebench's own report of the chosen patches, and verdicts sample by sample."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentless.files import write_whole
from harness.outcomes import LOG, OUTPUT, REPORT, Score, ScoreVerdict
from harness.score_pool import Worker
from harness.score_records import SYSTEM, Records, write_json

RUN_ID = "evaluation"
GRADED: tuple[ScoreVerdict, ...] = ("resolved", "unresolved")
REPORT_SECONDS = 600.0


async def write_report(records: Records, rows: Iterable[Mapping[str, Any]], scores: Sequence[Score]) -> Path:
    """Write report.json: swebench's schema 2, made by swebench's `make_run_report`.

    Its `error_ids` are all without a verdict by tests: apply_failed, timeout, missing_image, infra. A report.json
    that blames the machine is held back from it, since it would count the instance as unresolved as well.

    Args:
        rows: the whole dataset, for the instances that were not predicted.
        scores: one per predicted instance, at least one.

    Raises:
        WorkerError: swebench failed.
        StoreError: the disk is full or read-only.
    """
    target = records.folder / "report.json"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for score in scores:
            link_logs(records, score, folder / "logs" / "run_evaluation" / RUN_ID / SYSTEM / score.instance_id)
        job = {
            "op": "report",
            "rows": [{"instance_id": row["instance_id"], "image": row["image"]} for row in rows],
            "predictions": {score.instance_id: prediction_of(score) for score in scores},
            "run_id": RUN_ID,
        }
        async with Worker(folder) as worker:
            answer = await worker.ask(job, REPORT_SECONDS)
        write_whole(target, Path(answer["path"]).read_bytes())  # noqa: ASYNC240 - a few kilobytes
    return target


def prediction_of(score: Score) -> dict[str, str]:
    """What the report needs of a prediction: whether it is empty."""
    patch = "" if score.outcome.verdict == "empty_patch" else "scored"
    return {"instance_id": score.instance_id, "model_name_or_path": SYSTEM, "model_patch": patch}


def link_logs(records: Records, score: Score, target: Path) -> None:
    """Links to the logs of one score where swebench looks for them."""
    target.mkdir(parents=True)
    names = [OUTPUT, LOG, *([REPORT] if score.outcome.verdict in GRADED else [])]
    for name in names:
        source = records.logs(score.instance_id, score.patch_key) / name
        if source.exists():
            (target / name).symlink_to(source.resolve())


def write_samples(records: Records, verdicts: Mapping[str, Mapping[int, str]]) -> Path:
    """Write samples.json: instance -> attempt -> verdict, attempts in order.

    Raises:
        StoreError: the disk is full or read-only.
    """
    target = records.folder / "samples.json"
    listed = {
        name: {str(attempt): found[attempt] for attempt in sorted(found)} for name, found in verdicts.items()
    }
    write_json(target, listed)
    return target
