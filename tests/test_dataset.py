import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from agentless.dataset import dataset_digest, load_instances, own_instance
from agentless.errors import DatasetError, InputError

GOLD = {
    "patch": "GOLD", "test_patch": "GOLD", "hints_text": "GOLD", "FAIL_TO_PASS": '["GOLD"]',
    "PASS_TO_PASS": '["GOLD"]', "created_at": "2023", "environment_setup_commit": "c0",
}  # fmt: skip


def row(name: str = "a__b-1", **other: Any) -> dict[str, Any]:
    own = {
        "instance_id": name, "repo": "a/b", "base_commit": "c1", "problem_statement": "It fails.\r\nAlways.",
        "version": "1.0", "image": f"swebench/{name}:latest", "eval_script": "GOLD", "log_parser": "GOLD",
    }  # fmt: skip
    return {**own, **GOLD, **other}


def jsonl(folder: Path, *rows: object) -> Path:
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in rows), encoding="utf-8")
    return path


def test_a_row_becomes_an_instance_without_gold(tmp_path: Path) -> None:
    (instance,) = load_instances(jsonl(tmp_path, row()))
    assert asdict(instance) == {
        "instance_id": "a__b-1", "repo": "a/b", "base_commit": "c1", "problem_statement": "It fails.\r\nAlways.",
        "version": "1.0", "image": "swebench/a__b-1:latest",
    }  # fmt: skip
    assert "GOLD" not in repr(instance)


def test_a_classic_row_has_no_image(tmp_path: Path) -> None:
    classic = {key: value for key, value in row().items() if key not in ("image", "eval_script", "log_parser")}
    (instance,) = load_instances(jsonl(tmp_path, classic))
    assert instance.image == ""


def test_null_optional_fields_are_empty(tmp_path: Path) -> None:
    (instance,) = load_instances(jsonl(tmp_path, row(version=None, image=None)))
    assert (instance.version, instance.image) == ("", "")


def test_json_as_a_list_or_by_id(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([row("x"), row("y")]))
    assert [instance.instance_id for instance in load_instances(path)] == ["x", "y"]
    path.write_text(json.dumps({"x": row("x"), "y": row("y")}))
    assert [instance.instance_id for instance in load_instances(path)] == ["x", "y"]


def test_parquet_reads_only_our_columns(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "data.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([row("x"), row("y", image=None)]), path)
    loaded = load_instances(path)
    assert [instance.instance_id for instance in loaded] == ["x", "y"]
    assert loaded[0].problem_statement == "It fails.\r\nAlways."
    assert loaded[1].image == ""
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(DatasetError, match="no readable parquet"):
        load_instances(path)
    parquet.write_table(pyarrow.table({"instance_id": ["x"]}), path)
    with pytest.raises(DatasetError, match=r"row 1 \(x\) lacks repo, base_commit, problem_statement"):
        load_instances(path)


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # what a machine without it looks like to `import`
    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"pip install 'agentless-swe\[parquet\]'"):
        load_instances(tmp_path / "data.parquet")


def test_ids_choose_in_the_order_of_the_file_and_limit_counts_after_them(tmp_path: Path) -> None:
    path = jsonl(tmp_path, row("x"), row("y"), row("z"))
    assert [instance.instance_id for instance in load_instances(path, ids=["z", "x"])] == ["x", "z"]
    assert [instance.instance_id for instance in load_instances(path, ids=["z", "y"], limit=1)] == ["y"]
    assert [instance.instance_id for instance in load_instances(path, limit=99)] == ["x", "y", "z"]


def test_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    text = json.dumps(row(problem_statement="one\u2028two\x85three"), ensure_ascii=False)
    (tmp_path / "data.jsonl").write_text(f"\ufeff{text}\n\n{json.dumps(row('y'))}", encoding="utf-8")
    loaded = load_instances(tmp_path / "data.jsonl")
    assert [instance.problem_statement[:3] for instance in loaded] == ["one", "It "]
    assert "\u2028" in loaded[0].problem_statement


def lacking(*names: str) -> dict[str, Any]:
    return {key: value for key, value in row("m").items() if key not in names}


BAD_ROWS: list[tuple[str, list[object], str]] = [
    (
        "missing fields are all named",
        [row(), lacking("repo", "base_commit")],
        r"row 2 \(m\) lacks repo, base_commit",
    ),
    ("without an id there is the number", [lacking("instance_id")], r"row 1 lacks instance_id; a row needs"),
    ("null is missing", [row(repo=None)], r"row 1 \(a__b-1\) lacks repo"),
    ("an empty issue", [row(problem_statement=" \n")], r"row 1 \(a__b-1\): problem_statement is empty"),
    ("an empty id", [row("")], r"row 1: instance_id is empty"),
    ("no text", [row(base_commit=7)], r"base_commit is int, not text"),
    ("an image that is no text", [row(image=["x"])], r"image is list, not text"),
    ("twice", [row("x"), row("y"), row("x")], r"row 3: x is already in row 1"),
    ("no object", [row(), 5], r"row 2 is int, not an object"),
    ("no rows", [], r"has no rows"),
]


@pytest.mark.parametrize(("rows", "message"), [case[1:] for case in BAD_ROWS], ids=[case[0] for case in BAD_ROWS])
def test_a_bad_row_is_named(tmp_path: Path, rows: list[Mapping[str, Any]], message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        load_instances(jsonl(tmp_path, *rows))
    assert "\n" not in str(caught.value)
    assert "GOLD" not in str(caught.value)


def test_unknown_ids_are_named_with_what_was_meant(tmp_path: Path) -> None:
    path = jsonl(tmp_path, row("django__django-11099"), row("pallets__flask-5014"))
    with pytest.raises(DatasetError) as caught:
        load_instances(path, ids=["django__django-1109", "nothing", "pallets__flask-5014"])
    assert str(caught.value) == (
        "not in the dataset: django__django-1109 (did you mean django__django-11099?), nothing"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.csv", b"a,b", "a dataset is a .jsonl, .json or .parquet file"),
        ("data.jsonl", b'{"instance_id": ', "line 1 is not JSON"),
        ("data.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("data.jsonl", b"\xff\xfe{}", "not UTF-8"),
        ("data.json", b"{", "is not JSON"),
        ("data.json", b'"text"', "holds str, not a list of rows"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        load_instances(tmp_path / name)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cannot read .*No such file"):
        load_instances(tmp_path / "none.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DatasetError, match="cannot read"):
        load_instances(tmp_path / "folder.jsonl")
    with pytest.raises(DatasetError, match="cannot read"):
        dataset_digest(tmp_path / "none.jsonl")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_at_least_one(tmp_path: Path, limit: int) -> None:
    with pytest.raises(DatasetError, match="at least 1"):
        load_instances(jsonl(tmp_path, row()), limit=limit)


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    first = dataset_digest(jsonl(tmp_path, row("x")))
    assert first == dataset_digest(jsonl(tmp_path, row("x")))
    assert first != dataset_digest(jsonl(tmp_path, row("y")))
    assert len(first) == 16


def test_an_own_issue_is_an_instance(tmp_path: Path) -> None:
    folder = tmp_path / "my project!"
    folder.mkdir()
    instance = own_instance(folder, "It fails.\r\n", "HEAD~1")
    assert instance.instance_id.startswith("my-project-")
    assert (instance.repo, instance.base_commit) == (str(folder), "HEAD~1")
    assert instance.problem_statement == "It fails.\r\n"
    assert instance == own_instance(folder, "It fails.\r\n", "HEAD~1")


def test_another_issue_or_commit_is_another_instance(tmp_path: Path) -> None:
    ids = {own_instance(tmp_path, issue, commit).instance_id for issue in ("a", "b") for commit in ("", "c1")}
    assert len(ids) == 4


def test_any_folder_gives_a_name() -> None:
    assert own_instance("/", "x").instance_id.startswith("repository-")


@pytest.mark.parametrize("issue", ["", " \n\t"])
def test_an_empty_issue_is_bad_input(tmp_path: Path, issue: str) -> None:
    with pytest.raises(InputError, match="the issue is empty"):
        own_instance(tmp_path, issue)
