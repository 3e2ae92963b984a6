import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.errors import DatasetError, RunFolderError, StoreError
from harness.outcomes import Outcome, Score
from harness.score_records import Records, check_id, patch_key, row_key, write_json

SCORE = Score(
    instance_id="a__b-1",
    patch_key="00ff",
    outcome=Outcome(verdict="unresolved", note="n", not_fixed=("f[a b]",), broken=("p\u2028",), test_seconds=1.5),
    seconds=2.5,
    logs="logs/x",
    image="i:latest",
    image_id="sha256:1",
    row_key="r",
    timeout_s=1800,
    versions={"swebench": "5.0.2"},
)
ROW: dict[str, Any] = {
    "instance_id": "a__b-1", "image": "i", "eval_script": "pytest", "log_parser": "p", "eval_type": "e",
    "repo": "a/b", "version": "1", "FAIL_TO_PASS": '["f"]', "PASS_TO_PASS": "[]", "problem_statement": "x",
}  # fmt: skip


def test_a_score_comes_back_as_it_was(tmp_path: Path) -> None:
    records = Records(tmp_path / "evaluation")
    records.save(SCORE)
    assert records.load("a__b-1", "00ff") == SCORE
    assert records.load("a__b-1", "0000") is None
    records.save(replace(SCORE, seconds=9.0))
    assert records.load("a__b-1", "00ff") == replace(SCORE, seconds=9.0)
    assert [path.name for path in records.path("a__b-1", "00ff").parent.iterdir()] == ["00ff.json"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "3", "{}", '{"outcome": 3}', '{"outcome": {"verdict": "resolved"}}']
)
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    records = Records(tmp_path)
    records.save(SCORE)
    records.path("a__b-1", "00ff").write_text(content)
    assert records.load("a__b-1", "00ff") is None


def test_a_cleared_record_leaves_no_file_of_swebench(tmp_path: Path) -> None:
    """swebench takes whatever report.json it finds for the result."""
    records = Records(tmp_path)
    records.save(SCORE)
    folder = records.logs("a__b-1", "00ff")
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")
    records.clear("a__b-1", "00ff")
    assert not folder.exists()
    assert records.load("a__b-1", "00ff") is None
    records.clear("a__b-1", "00ff")


def test_equal_patches_have_one_key_and_line_ends_count() -> None:
    assert patch_key("a\n") == patch_key("a\n")
    assert patch_key("a\r\n") != patch_key("a\n")
    assert len(patch_key("\ud800")) == 16


@pytest.mark.parametrize(
    "name", ["eval_script", "log_parser", "eval_type", "repo", "version", "FAIL_TO_PASS", "PASS_TO_PASS"]
)
def test_a_corrected_row_has_another_key(name: str) -> None:
    assert row_key({**ROW, name: "other"}) != row_key(ROW)


def test_the_key_of_a_row_is_of_what_judges() -> None:
    assert row_key({**ROW, "image": "mirror/i", "problem_statement": "y", "created_at": 3}) == row_key(ROW)


@pytest.mark.parametrize("name", ["django__django-11099", "a", "pydata__xarray-1.2+3"])
def test_real_ids_name_a_folder(name: str) -> None:
    assert check_id(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc", "a/b", "a b", "a\n", "-rf", "x" * 200, "a\0", "ä"]
)
def test_other_ids_are_refused(name: str) -> None:
    with pytest.raises(DatasetError, match="cannot name a folder"):
        check_id(name)


@given(st.text())
def test_no_accepted_id_leaves_its_folder(name: str) -> None:
    try:
        check_id(name)
    except DatasetError:
        return
    assert (Path("/x") / name).resolve().parent == Path("/x")


def take(folder: Path) -> str:
    try:
        with Records(folder).locked():
            return "taken"
    except RunFolderError as error:
        return str(error)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with Records(tmp_path / "new").locked(), context.Pool(1) as pool:
        assert "another process scores into" in pool.apply(take, (tmp_path / "new",))
    assert take(tmp_path / "new") == "taken"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not write"):
        write_json(tmp_path / "file" / "x.json", {})
    with pytest.raises(StoreError, match="could not write"):
        Records(tmp_path / "file").save(SCORE)
    with pytest.raises(StoreError), Records(tmp_path / "file").locked():
        pass


def test_what_a_killed_writer_left_is_swept_by_the_next_one(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.save(SCORE)
    for folder in (tmp_path, tmp_path / "scores" / "a__b-1"):
        (folder / ".tmp-0").write_text("half")
    with records.locked():
        assert not list(tmp_path.rglob(".tmp-*"))
    assert records.load("a__b-1", "00ff") == SCORE
