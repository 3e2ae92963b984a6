"""From a run folder to predictions and bundles: records and trace in, the harness writes."""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.errors import InputError

if TYPE_CHECKING:
    from agentless.records import Prediction
    from agentless.report.attempts import Effort
    from agentless.store import RunStore
    from harness.bundle_layout import Finding
    from harness.bundle_metadata import Submission
    from harness.leaderboard import Entry

NAMES = {"predictions": "preds.jsonl", "sb-cli": "preds.json"}


def write_predictions_of(args: argparse.Namespace) -> "tuple[Path, list[Finding]]":
    """Predictions alone, as lines, or as one object by id for sb-cli.

    Raises:
        InputError: no run, no predictions, or several models for sb-cli.
    """
    from agentless.export import write_preds
    from agentless.files import write_whole
    from agentless.store import RunStore, prediction_line

    run = RunStore.view(args.run_dir)
    predictions = predictions_of_run(run)
    path = args.output / NAMES[args.format]
    check_folder(args.output)
    if args.format == "sb-cli":
        models = sorted({prediction.model_name_or_path for prediction in predictions.values()})
        if len(models) > 1:
            raise InputError(f"sb-cli takes one model, and {args.run_dir} has {', '.join(models)}")
        content = {name: json.loads(prediction_line(one)) for name, one in predictions.items()}
        write_whole(path, json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n")
    else:
        write_preds(path, predictions.values())
    return path, unpredicted(run, predictions)


def write_leaderboard(args: argparse.Namespace) -> "tuple[Path, list[Finding]]":
    """A bundle below `--output`, and what a check of it finds.

    Raises:
        InputError: no run, no predictions, or something foreign at the bundle's place.
    """
    from datetime import UTC, datetime

    from agentless.report.attempts import effort_of
    from agentless.store import RunStore
    from harness.bundle_check import check_bundle
    from harness.bundle_layout import bundle_name
    from harness.bundle_leaks import read_answers
    from harness.bundle_logs import find_logs
    from harness.leaderboard import write_bundle

    run = RunStore.view(args.run_dir)
    predictions = predictions_of_run(run)
    effort = effort_of(run)
    day = args.date or datetime.now(UTC).strftime("%Y%m%d")
    target = args.output / bundle_name(day, args.system, run.manifest.model or "model")
    check_folder(args.output)
    answers = read_answers(args.dataset) if args.dataset else {}  # a bad one is told before anything is written
    logs = find_logs(run.folder / "evaluation", predictions)
    submission, todos = submission_of(args, run, effort)
    write_bundle(target, submission, entries(run, predictions, logs), notes_of(run, effort, len(predictions)))
    found = check_bundle(target, answers=answers, expected=run.manifest.instances)
    return target, [*found, *todos]


def predictions_of_run(run: "RunStore") -> "dict[str, Prediction]":
    """Instance id -> prediction, sorted.

    Raises:
        InputError: there is none yet.
    """
    from agentless.export import read_preds

    path = run.folder / "preds.jsonl"
    if not path.is_file():
        raise InputError(f"{run.folder} has no predictions yet; run `agentless run` again with its folder")
    return {prediction.instance_id: prediction for prediction in sorted(read_preds(path), key=instance_of)}


def instance_of(prediction: "Prediction") -> str:
    """What predictions are sorted by."""
    return prediction.instance_id


def unpredicted(run: "RunStore", predictions: "dict[str, Prediction]") -> "list[Finding]":
    """Instances of the run that have no prediction."""
    from harness.bundle_layout import violation

    lost = [name for name in run.manifest.instances if name not in predictions]
    return [violation("preds.jsonl", f"no prediction for {name}; resume the run") for name in lost]


def check_folder(output: Path) -> None:
    """Whether there can be a folder.

    Raises:
        InputError: it is a file, or may not be written to.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"--output {output} is a file; name a folder")
    if output.is_dir() and not os.access(output, os.W_OK):
        raise InputError(f"--output {output}: no permission to write there")


def submission_of(
    args: argparse.Namespace, run: "RunStore", effort: "Effort"
) -> "tuple[Submission, list[Finding]]":
    """The metadata, and what of it the submitter still has to say."""
    from harness.bundle_layout import METADATA, todo
    from harness.bundle_metadata import Submission

    model = run.manifest.model
    profile = (run.manifest.config.get("model") or {}).get("profile", "")
    open_model = bool(profile) if args.os_model is None else args.os_model  # all profiles are of open weights
    unsaid = args.os_model is None and not profile
    submission = Submission(
        name=args.name or f"agentless + {model}",
        models=(model,) if model else (),
        attempts=effort.attempts,
        os_model=open_model,
        os_system=args.os_system,
        orgs=tuple(args.org),
        authors=args.authors,
        site=args.site,
        report=args.report,
        logo=args.logo,
    )
    todos = [todo(METADATA, "say whether the weights are open: --os-model or --no-os-model")] if unsaid else []
    return submission, todos


def entries(run: "RunStore", predictions: "dict[str, Prediction]", logs: dict[str, Path]) -> "Iterator[Entry]":
    """One instance after the other."""
    from agentless.report.trajectory import trajectory
    from harness.leaderboard import Entry
    from harness.score_records import Records, patch_key

    preset = str(run.manifest.config.get("preset", ""))
    records = Records(run.folder / "evaluation")
    for instance_id, prediction in predictions.items():
        text = trajectory(run.instance(instance_id), model=run.manifest.model, preset=preset)
        score = records.load(instance_id, patch_key(prediction.model_patch))
        note = f"{score.outcome.verdict}: {score.outcome.note or 'no reason was noted'}" if score else ""
        yield Entry(prediction=prediction, trajectory=text, logs=logs.get(instance_id), note=note)


def notes_of(run: "RunStore", effort: "Effort", predictions: int) -> list[str]:
    """What the README says of the run."""
    version = run.manifest.versions.get("agentless-swe", "")
    judged = "tests of the repository that pass on the original" if effort.regression_tests else ""
    judged += " and " * bool(judged and effort.reproduction_tests)
    judged += "tests that the model wrote" * bool(effort.reproduction_tests)
    return [
        f"system: agentless {version}: localization, repair and validation in three stages without an agent loop",
        f"model: {run.manifest.model}",
        f"protocol: {run.manifest.config.get('preset', '')}",
        f"predictions: {predictions}, one per instance",
        f"at most {effort.samples} samples, {effort.patches} different patches and {effort.reproduction_tests}"
        " tests written by the model for an instance",
        f"alternatives were judged by {judged or 'no test'}",
    ]
