"""Unified diffs in replies, with the mistakes that models make in them."""

import pytest

from agentless.records import Edit
from agentless.repair.outcome import Refusal
from agentless.repair.unified import read_diff


def edits(text: str) -> list[Edit]:
    found = read_diff(text)
    assert isinstance(found, list), found
    return found


def test_wrong_line_numbers_do_not_matter() -> None:
    text = (
        "```diff\n--- a/x.py\n+++ b/x.py\n@@ -900,1 +7,99 @@ def f():\n a\n-b\n+c\n@@ ... @@\n d\n+e\n```\nDone."
    )
    assert edits(text) == [
        Edit(path="x.py", action="replace", search="a\nb\n", replace="a\nc\n"),
        Edit(path="x.py", action="replace", search="d\n", replace="d\ne\n"),
    ]


def test_a_context_line_that_lost_its_blank() -> None:
    text = "--- x.py\n+++ x.py\n@@ -1 +1 @@\n a\n\n-b\n+c\n\n\n"
    assert edits(text) == [Edit(path="x.py", action="replace", search="a\n\nb\n", replace="a\n\nc\n")]


def test_several_files_with_git_headers() -> None:
    text = (
        "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
        "diff --git a/y.py b/y.py\n--- a/y.py\n+++ b/y.py\n@@ -1 +1 @@\n-c\n+d\n\\ No newline at end of file\n"
    )
    assert [(edit.path, edit.search, edit.replace) for edit in edits(text)] == [
        ("x.py", "a\n", "b\n"),
        ("y.py", "c\n", "d\n"),
    ]


def test_created_deleted_and_quoted_files() -> None:
    text = (
        '--- /dev/null\n+++ "b/\\303\\274.py"\n@@ -0,0 +1 @@\n+x\n--- a/y.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\n'
    )
    assert edits(text) == [
        Edit(path="ü.py", action="create", replace="x\n"),
        Edit(path="y.py", action="delete"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--- a/x.py\n+++ b/x.py\n",
        "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n a\n",
        "@@ -1 +1 @@\n-a\n+b\n",
        "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n",
        "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n" + "x" * 1_000_001,
    ],
)
def test_what_changes_nothing_is_no_edit(text: str) -> None:
    found = read_diff(text)
    assert isinstance(found, Refusal)
    assert found.outcome == "no_edit"
