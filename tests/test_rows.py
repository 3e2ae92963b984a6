import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.errors import DatasetError
from agentless.rows import READERS, json_rows, jsonl_rows, parsed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def saved(folder: Path, content: bytes, name: str = "x.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@given(st.lists(JSON, max_size=5))
def test_what_was_written_as_lines_comes_back_with_its_numbers(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path = saved(tmp_path_factory.mktemp("rows"), text.encode("utf-8"))
    assert list(jsonl_rows(path)) == list(enumerate(rows, start=1))


def test_numbers_are_those_of_the_lines(tmp_path: Path) -> None:
    path = saved(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\n  \n[2]')
    assert list(jsonl_rows(path)) == [(1, {"a": 1}), (4, [2])]


def test_lines_end_at_lf_alone(tmp_path: Path) -> None:
    text = "one\u2028two\x85three\x0bfour"
    path = saved(tmp_path, json.dumps(text, ensure_ascii=False).encode())
    assert list(jsonl_rows(path)) == [(1, text)]


def test_an_object_is_a_list_of_its_values(tmp_path: Path) -> None:
    assert list(json_rows(saved(tmp_path, b'\xef\xbb\xbf{"x": 1, "y": 2}'))) == [(1, 1), (2, 2)]
    assert list(json_rows(saved(tmp_path, b"[5, null]"))) == [(1, 5), (2, None)]


def test_a_long_file_is_read_as_it_is_asked_for(tmp_path: Path) -> None:
    assert next(jsonl_rows(saved(tmp_path, b"1\nnonsense\n"))) == (1, 1)


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".jsonl", b"{}\n{\n", r"x\.jsonl line 2 is not JSON: "),
        (".jsonl", b"[" * 100_000, r"x\.jsonl line 1 is not JSON: "),
        (".jsonl", b"\xff\n", r"x\.jsonl is not UTF-8 text"),
        (".json", b"{", r"x\.json is not JSON: "),
        (".json", b"\xff", r"x\.json is not UTF-8 text"),
        (".json", b"5", r"x\.json holds int, not a list of rows"),
    ],
)
def test_whatever_is_wrong_is_one_line_with_the_place(
    tmp_path: Path, suffix: str, content: bytes, message: str
) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        list(READERS[suffix](saved(tmp_path, content, f"x{suffix}")))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_file_that_cannot_be_opened(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DatasetError, match=r"cannot read .*none.*: No such file"):
        list(READERS[suffix](tmp_path / f"none{suffix}"))
    with pytest.raises(DatasetError, match=r"cannot read .*: Is a directory"):
        list(READERS[suffix](tmp_path))


def test_one_value() -> None:
    assert parsed(' {"a": [1]}', "here") == {"a": [1]}
    with pytest.raises(DatasetError, match=r"^here is not JSON: "):
        parsed("", "here")
