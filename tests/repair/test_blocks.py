"""Markers and names of files, line by line."""

import pytest

from agentless.repair.blocks import Block, block_spans, dividers_in, hints_in, names_in, path_in, read_blocks
from agentless.repair.outcome import Refusal


def blocks(text: str) -> list[Block]:
    found = read_blocks(text)
    assert isinstance(found, list), found
    return found


def test_two_blocks_share_the_path_above_them() -> None:
    one, two = blocks(
        "### a.py\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nz\n=======\n>>>>>>> REPLACE\n"
    )
    assert (one.path, one.body, one.dividers) == ("a.py", ["x", "=======", "y"], [1])
    assert (two.path, two.body, two.dividers) == ("a.py", ["z", "======="], [1])


def test_text_without_markers_has_no_blocks() -> None:
    assert blocks("a << b >> c\n====\n<<<< SEARCH\n") == []
    assert blocks(">>>>>>> REPLACE\n=======\n") == []


def test_markers_of_other_lengths_are_text() -> None:
    (block,) = blocks("a.py\n<<<<<<< SEARCH\n<<<<<<<<<< ten\n>>>> four\n=======\n>>>>>>>>>> ten\n>>>>>>> REPLACE")
    assert block.body == ["<<<<<<<<<< ten", ">>>> four", "=======", ">>>>>>>>>> ten"]


def test_a_marker_with_an_unknown_label_inside_a_block_is_text() -> None:
    (block,) = blocks("a.py\n<<<<<<< SEARCH\n<<<<<<< ours\n=======\nx\n>>>>>>> REPLACE")
    assert block.body[0] == "<<<<<<< ours"


@pytest.mark.parametrize(
    "text", ["<<<<<<< SEARCH\nx\n", "<<<<<<< SEARCH\n<<<<<<< SEARCH\n", "<<<<<<< HEAD\n>>>>>>> x\n"]
)
def test_markers_that_do_not_pair_up(text: str) -> None:
    found = read_blocks(text)
    assert isinstance(found, Refusal)
    assert found.outcome == "malformed_edit"


def test_exact_dividers_win_over_sloppy_ones() -> None:
    assert dividers_in("a\n=====\nb\n=======\nc\n ======= \n") == [3, 5]
    assert dividers_in("a\n=====\nb\n") == [1]
    assert dividers_in("====\n==========\n") == []
    assert len(dividers_in("=======\n" * 50)) == 8


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("### src/a.py", "src/a.py"), ("# src/a.py", "src/a.py"), ("src/a.py", "src/a.py"),
        ("a.py:", "a.py"),
        ("**`src/a.py`**", "src/a.py"), ("File: a.py", "a.py"), ("path = a.py", "a.py"),
        ("- src/a.py", "src/a.py"),
        ("2) src/a.py:10-20", "src/a.py"), ("+++ b/src/a.py", "src/a.py"),
        ("--- a/src/a.py", "src/a.py"),
        (".gitignore", ".gitignore"), ("### ../x", "../x"), ("### C:\\x.ini", "C:\\x.ini"),
        ("### src/a.py:L3", "src/a.py"),
    ],
)  # fmt: skip
def test_lines_that_name_a_file(line: str, path: str) -> None:
    assert path_in(line) == path


@pytest.mark.parametrize(
    "line",
    ["", "### Step 1", "Makefile", "Change it so.", "x = a.b", "f(a.py)", "https://a.b/c", "a.py, b.py",
     "import os.path", "the file a.py",
     "### Fix for a.py", "v1. 0", "done.", "a" * 3000 + ".py", "---", "return x.y;"],
)  # fmt: skip
def test_lines_that_do_not(line: str) -> None:
    assert path_in(line) == ""


def test_prose_gives_hints_nearest_first() -> None:
    assert hints_in("In `src/a.py`, line 3 (see b.py).") == ["src/a.py", "b.py"]
    assert names_in("### old.py\n\nWe change `a.py`.\n## My file\n```python\n") == ("old.py", ("My file", "a.py"))


def test_names_are_looked_for_near_the_block() -> None:
    far = "### far.py\n" + "word\n" * 5000 + "<<<<<<< SEARCH\nx\n=======\n>>>>>>> REPLACE\n"
    assert blocks(far)[0].path == ""


GOOD = "b.py\n<<<<<<< SEARCH\nz\n=======\nw\n>>>>>>> REPLACE\n"


def test_longer_markers_count_with_their_label() -> None:
    (block,) = blocks("a.py\n<<<<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>>>>>>> REPLACE\n")
    assert (block.path, block.body) == ("a.py", ["x", "=======", "y"])


@pytest.mark.parametrize(
    "text",
    [
        f"a.py\n<<<<<<<<<< ours\nx\n=======\ny\n>>>>>>> REPLACE\n{GOOD}",
        f"a.py\n<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n{GOOD}",
        f"{GOOD}>>>>>>> REPLACE\n",
        f">>>>>>>>>> REPLACE\n{GOOD}",
        f"a.py\n<<<<<<< SEARCH\nx\n=======\n>>>>>>> theirs\n>>>>>>> REPLACE\n{GOOD}",
    ],
)
def test_an_end_without_a_start_refuses_the_whole_reply(text: str) -> None:
    found = read_blocks(text)
    assert isinstance(found, Refusal)
    assert found.outcome == "malformed_edit"


def test_spans_are_of_whole_blocks() -> None:
    text = f"<<<<<<< SEARCH\ndraft\n{GOOD}>>>>>>> REPLACE\n{GOOD}<<<<<<< SEARCH\nopen"
    assert [text[start:end].split("\n")[1] for start, end in block_spans(text)] == ["z", "z"]
    assert block_spans("no\n>>>>>>> REPLACE\n") == []
