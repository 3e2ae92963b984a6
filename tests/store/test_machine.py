"""Any order of saves, restarts, failing disks, kills and rot against a dictionary that says what must be there."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agentless.errors import StoreError
from agentless.export import read_preds
from agentless.records import Candidates, Prediction
from agentless.store import RunStore
from tests.store.faults import DISK, Killed, full, quick_folder
from tests.store.records import candidates, manifest, prediction

names = st.sampled_from(["a", "b/../c"])
keys = st.sampled_from(["k1", "k2"])
counts = st.integers(0, 3)
Saved = tuple[str, int]


class RunFolder(RuleBasedStateMachine):
    """`samples` and `patches` hold, per instance, the possible contents: two after a save that died half way."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=quick_folder()))
        self.run = RunStore.open(self.folder / "run", manifest())
        self.samples: dict[str, set[Saved | None]] = {}
        self.patches: dict[str, set[Saved | None]] = {}

    def teardown(self) -> None:
        self.run.close()
        shutil.rmtree(self.folder)

    @rule(name=names, key=keys, count=counts)
    def save_samples(self, name: str, key: str, count: int) -> None:
        self.run.instance(name).save("candidates", key, candidates(name, count))
        self.samples[name] = {(key, count)}

    @rule(name=names, key=keys, count=counts)
    def save_prediction(self, name: str, key: str, count: int) -> None:
        self.run.instance(name).save("prediction", key, prediction(name, patch(count)))
        self.patches[name] = {(key, count)}

    @rule(name=names, key=keys, count=counts, at=st.integers(1, 12), killed=st.booleans())
    def fail_while_saving(self, name: str, key: str, count: int, at: int, killed: bool) -> None:
        fault: BaseException = Killed() if killed else full()
        try:
            with DISK.failing(self.folder / "run", at, fault):
                self.run.instance(name).save("candidates", key, candidates(name, count))
                self.samples[name] = {(key, count)}
                self.run.instance(name).save("prediction", key, prediction(name, patch(count)))
                self.patches[name] = {(key, count)}
        except (Killed, StoreError):
            self.samples[name] = self.samples.get(name, {None}) | {(key, count)}
            self.patches[name] = self.patches.get(name, {None}) | {(key, count)}
            self.restart()

    @rule()
    def restart(self) -> None:
        self.run.close()
        self.run = RunStore.open(self.folder / "run", manifest())

    @rule(name=names, size=st.integers(0, 40))
    def rot(self, name: str, size: int) -> None:
        path = self.run.instance(name).path("candidates")
        if path.exists():
            path.write_bytes(path.read_bytes()[:size])
            self.samples[name] = {None}
            assert self.run.instance(name).latest("candidates", Candidates) is None

    @invariant()
    def holds_what_was_saved(self) -> None:
        for name, possible in self.samples.items():
            found = self.found(name, "candidates")
            assert found in possible
            self.samples[name] = {found}
        for name, possible in self.patches.items():
            found = self.found(name, "prediction")
            assert found in possible
            self.patches[name] = {found}

    def found(self, name: str, step: str) -> Saved | None:
        for key in ("k1", "k2"):
            store = self.run.instance(name)
            if step == "candidates" and (loaded := store.load(step, key, Candidates)) is not None:
                return key, len(loaded.samples)
            if step == "prediction" and (told := store.load(step, key, Prediction)) is not None:
                return key, patch_count(told.model_patch)
        return None

    @invariant()
    def lists_each_prediction_once(self) -> None:
        path = self.folder / "run" / "preds.jsonl"
        listed = {item.instance_id: item for item in read_preds(path)} if path.exists() else {}
        for name, possible in self.patches.items():
            (saved,) = possible
            assert (name in listed) == (saved is not None)
            assert saved is None or patch_count(listed[name].model_patch) == saved[1]


def patch(count: int) -> str:
    """A unified diff that adds `count` + 1 lines."""
    body = "".join(f"+{line}\n" for line in range(count + 1))
    return f"--- a/x\n+++ b/x\n@@ -0,0 +1,{count + 1} @@\n{body}"


def patch_count(text: str) -> int:
    return len(text.splitlines()) - 4


TestRunFolder = RunFolder.TestCase
TestRunFolder.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


def test_the_machine_can_fail(tmp_path: Path) -> None:
    """The model is compared with the disk, so a disk that lies must be noticed."""
    machine = RunFolder()
    machine.save_samples("a", "k1", 2)
    machine.samples["a"] = {("k1", 3)}
    with pytest.raises(AssertionError):
        machine.holds_what_was_saved()
    machine.teardown()
