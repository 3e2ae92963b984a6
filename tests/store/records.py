"""Small records that the store's tests save."""

from agentless.config import RunConfig, load_config
from agentless.records import Candidates, Localization, Prediction, RankedFile, Sample
from agentless.store import Manifest, make_manifest


def localization(instance_id: str = "a__b-1", path: str = "src/app.py") -> Localization:
    return Localization(instance_id=instance_id, files=(RankedFile(path=path, score=1.5, reasons=("path",)),))


def candidates(instance_id: str = "a__b-1", samples: int = 2) -> Candidates:
    made = tuple(
        Sample(attempt=attempt, outcome="no_edit", detail=f"reply {attempt}") for attempt in range(samples)
    )
    return Candidates(instance_id=instance_id, samples=made)


def prediction(instance_id: str = "a__b-1", patch: str = "diff\n") -> Prediction:
    return Prediction(instance_id=instance_id, model_name_or_path="m", model_patch=patch)


def config(*overrides: str) -> RunConfig:
    return load_config(overrides=overrides)


def manifest(*overrides: str, model: str = "m", dataset: str = "d0") -> Manifest:
    return make_manifest(config(*overrides), model=model, dataset=dataset, prompts={"repair/x.v1": "p0"})
