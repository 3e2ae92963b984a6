import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.errors import DatasetError, InputError, ModelServerError, StoreError
from agentless.records import Candidates, Instance, Localization, Prediction, Sample, Selection, Validation
from agentless.store import STEPS, InstanceStore, digest_of
from agentless.store.instance import encode, folder_name, instance_id_of
from tests.store.records import candidates, localization, prediction

KINDS = (Instance, Localization, Candidates, Validation, Selection, Prediction)
records = st.one_of(*(st.from_type(kind) for kind in KINDS))


@pytest.fixture
def store(tmp_path: Path) -> InstanceStore:
    return InstanceStore(tmp_path / "a", "a", on_prediction=lambda prediction: None)


def test_steps_are_numbered_files(store: InstanceStore) -> None:
    names = [store.path(step).name for step in STEPS]
    assert names == [
        "1-localization.json",
        "2-candidates.json",
        "3-validation.json",
        "4-selection.json",
        "5-prediction.json",
    ]
    with pytest.raises(ValueError, match="oops"):
        store.path("oops")


def test_what_is_saved_is_loaded_for_the_same_key_only(store: InstanceStore) -> None:
    assert store.load("localization", "k1", Localization) is None
    store.save("localization", "k1", localization())
    assert store.load("localization", "k1", Localization) == localization()
    assert store.load("localization", "k2", Localization) is None
    assert store.latest("localization", Localization) == localization()


def test_a_stale_artifact_is_replaced(store: InstanceStore) -> None:
    store.save("candidates", "k1", candidates(samples=1))
    store.save("candidates", "k2", candidates(samples=3))
    assert store.load("candidates", "k1", Candidates) is None
    assert store.load("candidates", "k2", Candidates) == candidates(samples=3)


@settings(max_examples=150, deadline=None)
@given(record=records)
def test_every_record_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, record: object) -> None:
    store = InstanceStore(tmp_path_factory.mktemp("s"), "a")
    store.save("selection", "k", record)
    loaded = store.load("selection", "k", type(record))
    assert type(loaded) is type(record)
    assert digest_of(loaded) == digest_of(record)  # by digest: NaN is not equal to itself


def test_line_ends_and_strange_letters_are_kept(store: InstanceStore) -> None:
    patch = "+a\r\n-b\u2028\x00\x1b\U0001f600\n\\ No newline at end of file\n"
    sample = Sample(attempt=0, outcome="patch", patch=patch)
    store.save("candidates", "k", Candidates(instance_id="a", samples=(sample,)))
    loaded = store.load("candidates", "k", Candidates)
    assert loaded is not None
    assert loaded.samples[0].patch == patch


def test_a_lone_surrogate_is_saved_as_a_question_mark_and_has_the_same_digest(store: InstanceStore) -> None:
    record = prediction(patch="x\ud800y")
    store.save("prediction", "k", record)
    loaded = store.load("prediction", "k", Prediction)
    assert loaded == prediction(patch="x?y")
    assert digest_of(loaded) == digest_of(record)


def corruptions() -> list[bytes]:
    whole = encode({"key": "k", "record": localization()})
    wrong = {"key": "k", "record": {"instance_id": "a", "files": [{"path": 7, "score": "high"}]}}
    return [
        b"",
        whole[: len(whole) // 2],
        whole[:-3],
        b"\x00" * 64,
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps({"key": "k"}).encode(),
        json.dumps({"key": "k", "record": None}).encode(),
        json.dumps(wrong).encode(),
    ]


@pytest.mark.parametrize("content", corruptions(), ids=lambda content: repr(content[:12]))
def test_a_corrupt_artifact_is_made_again_and_kept_aside(store: InstanceStore, content: bytes) -> None:
    store.folder.mkdir()
    store.path("localization").write_bytes(content)
    assert store.load("localization", "k", Localization) is None
    aside = store.folder / "1-localization.json.corrupt"
    assert aside.read_bytes() == content
    assert not store.path("localization").exists()
    store.save("localization", "k", localization())
    assert store.load("localization", "k", Localization) == localization()


def test_a_second_corrupt_artifact_does_not_push_out_the_first(store: InstanceStore) -> None:
    store.folder.mkdir()
    for content in (b"one", b"two", b"three"):
        store.path("localization").write_bytes(content)
        store.load("localization", "k", Localization)
    kept = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    assert kept == {
        "1-localization.json.corrupt": b"one",
        "1-localization.json.corrupt-2": b"two",
        "1-localization.json.corrupt-3": b"three",
    }


def test_a_reader_moves_nothing(tmp_path: Path) -> None:
    reader = InstanceStore(tmp_path, "a")
    reader.path("localization").write_bytes(b"{")
    assert reader.latest("localization", Localization) is None
    assert [path.name for path in tmp_path.iterdir()] == ["1-localization.json"]


def test_an_unreadable_artifact_is_an_error_and_not_a_miss(store: InstanceStore) -> None:
    store.path("localization").mkdir(parents=True)
    with pytest.raises(StoreError, match="could not read"):
        store.load("localization", "k", Localization)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelServerError("gone"), "infra"),
        (DatasetError("bad row"), "input"),
        (ZeroDivisionError("oops"), "crash"),
    ],
)
def test_an_error_is_written_down_with_its_kind(store: InstanceStore, error: Exception, kind: str) -> None:
    assert store.load_error() is None
    store.save_error(error)
    failure = store.load_error()
    assert failure is not None
    assert (failure.kind, failure.type, failure.message) == (kind, type(error).__name__, str(error))
    assert failure.instance_id == "a"
    store.clear_error()
    store.clear_error()
    assert store.load_error() is None


def test_a_prediction_is_published_and_clears_the_error(tmp_path: Path) -> None:
    heard: list[Prediction] = []
    store = InstanceStore(tmp_path, "a", on_prediction=heard.append)
    store.save_error(ModelServerError("gone"))
    store.save("selection", "k", Selection(instance_id="a"))
    assert (heard, store.load_error() is None) == ([], False)
    store.save("prediction", "k", prediction("a"))
    assert heard == [prediction("a")]
    assert store.load_error() is None


def test_a_corrupt_error_note_is_no_error(store: InstanceStore) -> None:
    store.folder.mkdir()
    (store.folder / "error.json").write_text('{"kind": "who knows"}')
    assert store.load_error() is None
    assert (store.folder / "error.json.corrupt").exists()


HOSTILE = [
    "../x",
    "..",
    ".",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\0b",
    ".git",
    "C:x",
    "a b",
    "ä",
    "%2e%2e",
    "\ud800",
    "~",
    "-rf",
]


@pytest.mark.parametrize("instance_id", [*HOSTILE, "django__django-11099", "pallets__flask-5014"])
def test_an_id_is_one_folder_inside_instances(tmp_path: Path, instance_id: str) -> None:
    name = folder_name(instance_id)
    assert (tmp_path / name).parent == tmp_path
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert not name.startswith(".")
    assert instance_id_of(name) == instance_id
    (tmp_path / name).mkdir()


def test_ordinary_ids_keep_their_names() -> None:
    assert folder_name("django__django-11099") == "django__django-11099"


@given(st.text(st.characters(), min_size=1, max_size=15), st.text(st.characters(), min_size=1, max_size=15))
def test_two_ids_never_share_a_folder(left: str, right: str) -> None:
    assert (folder_name(left) == folder_name(right)) == (left == right)
    assert instance_id_of(folder_name(left)) == left


@pytest.mark.parametrize("instance_id", ["", "x" * 201, "ä" * 60])
def test_an_empty_or_endless_id_is_bad_input(instance_id: str) -> None:
    with pytest.raises(InputError, match="instance id"):
        folder_name(instance_id)


def test_the_call_trace_lies_beside_the_artifacts(store: InstanceStore) -> None:
    assert store.calls_path == store.folder / "calls.jsonl.gz"
