import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agentless.store.predictions import lines_of, prediction_line, write_predictions
from tests.store.records import prediction


def test_a_line_has_exactly_three_keys_and_no_line_end() -> None:
    line = prediction_line(prediction("a", "diff\r\n+x\n"))
    assert list(json.loads(line)) == ["instance_id", "model_name_or_path", "model_patch"]
    assert "\n" not in line
    assert json.loads(line)["model_patch"] == "diff\r\n+x\n"


@given(st.text(), st.text(st.characters()))
def test_any_text_is_one_line_of_utf8(instance_id: str, patch: str) -> None:
    data = lines_of([prediction(instance_id, patch)])
    assert data.count(b"\n") == 1
    read = json.loads(data)
    assert read["instance_id"] == instance_id
    assert read["model_patch"] == patch.encode("utf-8", "replace").decode("utf-8")


def test_lines_are_sorted_and_a_file_that_is_right_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "preds.jsonl"
    made = {name: prediction(name) for name in ("b", "a")}
    write_predictions(path, made)
    assert [json.loads(line)["instance_id"] for line in path.read_text().splitlines()] == ["a", "b"]
    before = path.stat().st_ino
    write_predictions(path, made)
    assert path.stat().st_ino == before
    write_predictions(path, {"a": prediction("a", "other")})
    assert [json.loads(line)["model_patch"] for line in path.read_text().splitlines()] == ["other"]
