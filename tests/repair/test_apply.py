"""Edits become new texts, in order, or a refusal that says which edit."""

import pytest

from agentless.records import Edit
from agentless.repair.apply import Applied, apply_edits
from agentless.repair.outcome import Refusal
from tests.repair.conftest import PlainTree

TREE = PlainTree(
    {
        "a.py": "one\ntwo\nthree\n",
        "crlf.py": "one\r\ntwo\r\n",
        "open.py": "one\ntwo",
        "empty.py": "",
        "twice.py": "x\ny\nx\nz\n",
    },
    {"link": "120000"},
)


def edit(path: str, search: str, replace: str) -> Edit:
    return Edit(path=path, action="replace", search=search, replace=replace)


def texts(*edits: Edit, shown: dict[str, list[tuple[int, int]]] | None = None) -> dict[str, str | None]:
    applied = apply_edits(edits, TREE, shown)
    assert isinstance(applied, Applied), applied
    return dict(applied.new)


def refusal(*edits: Edit) -> Refusal:
    refused = apply_edits(edits, TREE)
    assert isinstance(refused, Refusal)
    return refused


def test_a_later_edit_sees_the_earlier_ones() -> None:
    assert texts(edit("a.py", "two\n", "2\nzwei\n"), edit("a.py", "zwei\n", "deux\n")) == {
        "a.py": "one\n2\ndeux\nthree\n"
    }


def test_an_empty_replacement_deletes() -> None:
    assert texts(edit("a.py", "two\n", "")) == {"a.py": "one\nthree\n"}


def test_crlf_and_a_missing_last_newline_are_kept() -> None:
    assert texts(edit("crlf.py", "two\n", "2\n3\n")) == {"crlf.py": "one\r\n2\r\n3\r\n"}
    assert texts(edit("open.py", "two\n", "2\n3\n")) == {"open.py": "one\n2\n3"}


def test_a_new_file_and_one_that_was_empty() -> None:
    made = Edit(path="new/x.py", action="create", replace="x = 1\n")
    assert texts(made, edit("new/x.py", "x = 1\n", "x = 2\n")) == {"new/x.py": "x = 2\n"}
    assert texts(edit("empty.py", "", "x\n")) == {"empty.py": "x\n"}


def test_a_deleted_file_is_none() -> None:
    assert texts(Edit(path="a.py", action="delete")) == {"a.py": None}


def test_shown_spans_move_with_the_lines_above_them() -> None:
    shown = {"twice.py": [(2, 4)]}
    assert texts(edit("twice.py", "y\n", "y\ny1\ny2\n"), edit("twice.py", "x\n", "X\n"), shown=shown) == {
        "twice.py": "x\ny\ny1\ny2\nX\nz\n"
    }


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        (edit("a.py", "", "x\n"), "search_ambiguous"),
        (edit("a.py", "four\n", "x\n"), "search_not_found"),
        (edit("twice.py", "x\n", "y\n"), "search_ambiguous"),
        (edit("none.py", "x\n", "y\n"), "file_not_found"),
        (Edit(path="none.py", action="delete"), "file_not_found"),
        (Edit(path="a.py", action="create", replace="x\n"), "search_ambiguous"),
        (edit("../a.py", "one\n", "x\n"), "outside_repository"),
        (edit("link", "one\n", "x\n"), "not_editable"),
    ],
)
def test_one_bad_edit_refuses_all(bad: Edit, outcome: str) -> None:
    refused = refusal(edit("a.py", "two\n", "2\n"), bad)
    assert refused.outcome == outcome
    assert "edit 2 of 2" in refused.detail


def test_old_texts_are_what_the_tree_has() -> None:
    applied = apply_edits([edit("crlf.py", "two\n", "2\n"), Edit(path="n", action="create", replace="n\n")], TREE)
    assert isinstance(applied, Applied)
    assert applied.old == {"crlf.py": "one\r\ntwo\r\n", "n": None}


@pytest.mark.parametrize(("first", "second"), [("n", "n/b.py"), ("n/b.py", "n"), ("n/b/c.py", "n")])
def test_no_draft_makes_a_file_and_a_folder_of_one_name(first: str, second: str) -> None:
    refused = refusal(*(Edit(path=path, action="create", replace="x\n") for path in (first, second)))
    assert refused.outcome == "malformed_edit"
    assert refused.detail == f"edit 2 of 2: {second} and {first} cannot both be files"


def test_a_file_that_the_draft_deletes_still_makes_no_folder() -> None:
    under = Edit(path="a.py/b.py", action="create", replace="x\n")
    assert refusal(under).outcome == "not_editable"
    assert refusal(Edit(path="a.py", action="delete"), under).outcome == "not_editable"


def test_names_that_only_begin_alike_are_two_files() -> None:
    made = [Edit(path=path, action="create", replace="x\n") for path in ("n", "n.py", "nb/c", "m/n")]
    assert set(texts(*made)) == {"n", "n.py", "nb/c", "m/n"}
