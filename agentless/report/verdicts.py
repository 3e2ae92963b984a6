"""What the official tests said of a run's predictions and samples, read from its evaluation folder.

A verdict is one of `harness.outcomes.ScoreVerdict`. None stands for what the machine owes: not scored, no image,
a failed engine, a sample lost with the model's server. It never counts as unresolved.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentless.errors import StoreError
from agentless.records import Candidates, Prediction
from agentless.report.attempts import section
from agentless.store import InstanceStore, RunStore
from agentless.texts import text_digest

FOLDER = "evaluation"
JUDGED = frozenset({"resolved", "unresolved", "empty_patch", "apply_failed", "timeout"})
"""Verdicts that say something about the patch; only `resolved` is a success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One instance as it was scored."""

    instance_id: str
    chosen: str | None
    """Verdict of the prediction."""
    note: str = ""
    """Why the prediction has none."""
    samples: Mapping[int, str | None] = field(default_factory=dict)
    """Attempt -> verdict, over the samples that the run's last settings ask for."""
    classes: Mapping[int, str | None] = field(default_factory=dict)
    """Attempt -> key of its class of equal patches, None without a patch."""

    @property
    def right(self) -> list[bool]:
        """Whether each sample resolves the issue, in order of attempts."""
        return [self.samples[attempt] == "resolved" for attempt in sorted(self.samples)]

    @property
    def whole(self) -> bool:
        """Whether there are samples, and each has a verdict."""
        return bool(self.samples) and None not in self.samples.values()


def read_verdicts(run: RunStore) -> tuple[Judged, ...] | None:
    """Every instance of the run, by id; None when the run was never scored.

    Raises:
        StoreError: something is there and cannot be read.
    """
    folder = run.folder / FOLDER
    if not (folder / "scores").is_dir() and not (folder / "samples.json").exists():
        return None
    listed = read_json(folder / "samples.json")
    asked = section(run.manifest.config, "repair").get("samples")
    limit = asked if isinstance(asked, int) else None
    ids = sorted({*run.instance_ids(), *run.manifest.instances})
    return tuple(judge(run.instance(name), folder, listed.get(name), limit) for name in ids)


def judge(store: InstanceStore, folder: Path, listed: object, limit: int | None) -> Judged:
    """One instance.

    Args:
        listed: its part of samples.json: the attempts that were scored. Without it the verdicts of samples that
            equal the prediction are known and those of the others are not, which would say nothing of all samples.
        limit: samples that count: a folder may hold more than the last run asked for.
    """
    scores = folder / "scores" / store.instance_id
    prediction = store.latest("prediction", Prediction)
    candidates = store.latest("candidates", Candidates)
    if prediction is None:
        failure = store.load_error()
        chosen, note = None, f"no prediction: {failure.message if failure else 'unfinished'}"
    else:
        chosen, note = verdict_of(scores, prediction.model_patch)
    samples = [one for one in (candidates.samples if candidates else ()) if limit is None or one.attempt < limit]
    scored = {str(one.attempt) for one in samples} if len(samples) == 1 else names(listed)
    verdicts: dict[int, str | None] = {}
    for sample in sorted(samples, key=lambda sample: sample.attempt):
        heard = sample.outcome != "server_error" and str(sample.attempt) in scored
        verdicts[sample.attempt] = verdict_of(scores, sample.patch)[0] if heard else None
    return Judged(
        instance_id=store.instance_id,
        chosen=chosen,
        note=note,
        samples=verdicts,
        classes=classes_of(candidates, verdicts),
    )


def names(listed: object) -> set[str]:
    """The keys of an object, none of anything else."""
    return set(listed) if isinstance(listed, dict) else set()


def verdict_of(scores: Path, patch: str) -> tuple[str | None, str]:
    """(verdict, "") or (None, why there is none) of a patch; an empty one needs no record."""
    if not patch.strip():
        return "empty_patch", ""
    path = scores / f"{patch_key(patch)}.json"
    outcome = read_json(path).get("outcome")
    if not isinstance(outcome, dict):
        return None, "not scored"
    verdict = outcome.get("verdict")
    if verdict in JUDGED:
        return str(verdict), ""
    return None, f"{verdict}: {outcome.get('note', '')}".rstrip(": ")


def patch_key(patch: str) -> str:
    """Name of a patch's score: first 16 hex digits of its SHA-256, as `agentless score` writes it."""
    return text_digest(patch)


def classes_of(candidates: Candidates | None, kept: Mapping[int, str | None]) -> dict[int, str | None]:
    """Attempt -> class; a patch that was not grouped yet is alone."""
    if candidates is None:
        return {}
    keys = {attempt: each.key for each in candidates.candidates for attempt in each.attempts}
    texts = {sample.attempt: sample.patch for sample in candidates.samples if sample.patch.strip()}
    return {attempt: keys.get(attempt, texts.get(attempt)) for attempt in kept}


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file, {} when there is none.

    Raises:
        StoreError: it is there and no JSON object.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"could not read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise StoreError(f"{path} is damaged; remove it and run `agentless score` again")
    return content
