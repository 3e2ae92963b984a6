"""Good, sloppy and hostile replies to `search_replace`: the edits they come to, or the reason for none."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.records import Edit, SampleOutcome
from agentless.repair.edits import Parsed, answer_of, parse_edits
from agentless.repair.outcome import Refusal
from tests.repair.conftest import PlainTree

TREE = PlainTree(
    {
        "src/a.py": "one\n    two\nthree\n",
        "src/b.py": "x = 1\ny = 2\n",
        "docs/title.rst": "Title\n=======\n\ntext\n",
        "Makefile": "all:\n\ttrue\n",
        "my file.py": "s\n",
    },
    {"link": "120000"},
)
BLOCK = "<<<<<<< SEARCH\none\n=======\nuno\n>>>>>>> REPLACE\n"
EXPECTED = Edit(path="src/a.py", action="replace", search="one\n", replace="uno\n")


def parsed(text: str, shown: tuple[str, ...] = ("src/a.py", "src/b.py")) -> Parsed:
    result = parse_edits(text, TREE, shown)
    assert isinstance(result, Parsed), result
    return result


def refused(text: str) -> SampleOutcome:
    result = parse_edits(text, TREE, ("src/a.py", "src/b.py"))
    assert isinstance(result, Refusal), result
    return result.outcome


GOOD = {
    "as asked": f"<solution>\n```\n### src/a.py\n{BLOCK}```\n</solution>",
    "python fence": f"Here it is.\n\n```python\n### src/a.py\n{BLOCK}```\nDone.",
    "py fence": f"```py\n### src/a.py\n{BLOCK}```",
    "diff fence": f"```diff\n### src/a.py\n{BLOCK}```",
    "tilde fence": f"~~~~\n### src/a.py\n{BLOCK}~~~~",
    "no fence": f"### src/a.py\n{BLOCK}",
    "unclosed fence and solution": f"<solution>```python\n### src/a.py\n{BLOCK}",
    "path before the fence": f"### src/a.py\n```\n{BLOCK}```",
    "path in the fence line": f"```python src/a.py\n{BLOCK}```",
    "path after the language": f"```python:src/a.py\n{BLOCK}```",
    "bare path": f"src/a.py\n```\n{BLOCK}```",
    "bold path": f"**src/a.py**\n\n```\n{BLOCK}```",
    "path in backticks": f"`src/a.py`:\n```\n{BLOCK}```",
    "File: path": f"File: src/a.py\n```\n{BLOCK}```",
    "numbered path": f"1. `src/a.py`\n```\n{BLOCK}```",
    "heading with File": f"### File: `src/a.py`\n```\n{BLOCK}```",
    "comment path": f"```python\n# src/a.py\n{BLOCK}```",
    "slash comment path": f"```js\n// src/a.py\n{BLOCK}```",
    "path with lines": f"### src/a.py:1-3\n{BLOCK}",
    "prose path": f"In `src/a.py` the number is wrong:\n```\n{BLOCK}```",
    "trailing blanks on markers": f"### src/a.py\n{BLOCK}".replace("\n", "  \n")
    .replace("one  ", "one")
    .replace("uno  ", "uno"),
    "CRLF": f"```\n### src/a.py\n{BLOCK}```".replace("\n", "\r\n"),
    "text around": f"I think so.\n# Plan\nChange one.\n\n### src/a.py\n{BLOCK}\nThat is all; `src/b.py` stays.",
    "think before": f"<think>\n### src/b.py\n{BLOCK}</think>\n\n### src/a.py\n{BLOCK}",
    "think without its opening": f"### src/b.py\n{BLOCK}\n</think>\n### src/a.py\n{BLOCK}",
    "draft before the solution": f"### src/b.py\n{BLOCK}\n<solution>\n### src/a.py\n{BLOCK}</solution>\n"
    f"### src/b.py\n{BLOCK}",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_reply_is_one_exact_edit(name: str) -> None:
    assert parsed(GOOD[name]) == Parsed((EXPECTED,))


SLOPPY = {
    "merge conflict labels": "### src/a.py\n<<<<<<< HEAD\none\n=======\nuno\n>>>>>>> fix-branch\n",
    "ORIGINAL and UPDATED": "### src/a.py\n<<<<<<< ORIGINAL\none\n=======\nuno\n>>>>>>> UPDATED\n",
    "short markers": "### src/a.py\n<<<<< SEARCH\none\n=====\nuno\n>>>>> REPLACE\n",
    "path by suffix": f"### a.py\n{BLOCK}",
    "path with the repository": f"### repo/src/a.py\n{BLOCK}",
    "dot path": f"### ./src/a.py\n{BLOCK}",
    "a wholly indented fence": "1. So:\n\n   ```\n   ### src/a.py\n   <<<<<<< SEARCH\n   one\n   =======\n   uno\n"
    "   >>>>>>> REPLACE\n   ```\n",
    "path in the marker": "<<<<<<< SEARCH src/a.py\none\n=======\nuno\n>>>>>>> REPLACE\n",
    "no path, but the text is in one file": BLOCK,
    "diff": "```diff\n--- a/src/a.py\n+++ b/src/a.py\n@@ -1,1 +1,1 @@\n-one\n+uno\n```",
}


@pytest.mark.parametrize("name", SLOPPY)
def test_a_sloppy_reply_is_understood(name: str) -> None:
    assert parsed(SLOPPY[name]).edits == (EXPECTED,)


@pytest.mark.parametrize("name", sorted(set(SLOPPY) - {"path in the marker", "ORIGINAL and UPDATED"}))
def test_what_was_understood_is_logged(name: str) -> None:
    salvaged = parsed(SLOPPY[name]).salvaged
    assert salvaged or name == "short markers" or name == "a wholly indented fence"


LOST: dict[str, tuple[SampleOutcome, str]] = {
    "empty": ("no_answer", ""),
    "blank": ("no_answer", " \n\t\n"),
    "prose": ("no_edit", "I would change `src/a.py`."),
    "code alone": ("no_edit", "```python\ndef f():\n    return 1\n```"),
    "no divider": ("malformed_edit", "### src/a.py\n<<<<<<< SEARCH\none\nuno\n>>>>>>> REPLACE\n"),
    "no end": ("malformed_edit", "### src/a.py\n<<<<<<< SEARCH\none\n=======\nuno\n"),
    "begins twice": ("malformed_edit", f"### src/a.py\n<<<<<<< SEARCH\none\n{BLOCK}"),
    "one of two is broken": ("malformed_edit", f"### src/a.py\n{BLOCK}<<<<<<< SEARCH\nthree\n"),
    "no file": ("file_not_found", f"### src/none.py\n{BLOCK}"),
    "no path and no such text": ("malformed_edit", BLOCK.replace("one", "nowhere")),
    "only thinking": ("truncated", f"<think>\n### src/a.py\n{BLOCK}"),
    "edits in the thinking": ("no_answer", f"<think>\n### src/a.py\n{BLOCK}</think>\n"),
    "prose after the thinking": ("no_edit", f"<think>\n### src/a.py\n{BLOCK}</think>\nAs above."),
    "it thinks again": ("no_edit", f"Well.\n<think>\n### src/a.py\n{BLOCK}"),
    "an empty solution": ("no_answer", f"### src/a.py\n{BLOCK}\n<solution>\n</solution>"),
    "out of the repository": ("outside_repository", f"### ../../etc/passwd\n{BLOCK}"),
    "absolute": ("outside_repository", f"### /etc/passwd\n{BLOCK}"),
    "hook": ("outside_repository", "### .git/hooks/x\n<<<<<<< SEARCH\n=======\nrm -rf /\n>>>>>>> REPLACE\n"),
    "through a link": ("outside_repository", "### link/passwd\n<<<<<<< SEARCH\n=======\nroot\n>>>>>>> REPLACE\n"),
    "NUL in the path": ("outside_repository", f"### src/a\0.py\n{BLOCK}"),
    "drive": ("outside_repository", f"### C:\\src\\a.py\n{BLOCK}"),
    "diff out of the repository": ("outside_repository", "--- /dev/null\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n"),
    "several dividers, no match": ("malformed_edit", "### Makefile\n<<<<<<<\nz\n=======\ny\n=======\n>>>>>>>\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_lost_reply_has_its_reason(name: str) -> None:
    outcome, text = LOST[name]
    assert refused(text) == outcome


def test_several_blocks_and_files_keep_their_order() -> None:
    text = f"```\n### src/a.py\n{BLOCK}<<<<<<< SEARCH\nthree\n=======\n>>>>>>> REPLACE\n```\n### src/b.py\n```\n"
    text += "<<<<<<< SEARCH\ny = 2\n=======\ny = 3\n>>>>>>> REPLACE\n```\n"
    edits = parsed(text).edits
    assert [(edit.path, edit.search, edit.replace) for edit in edits] == [
        ("src/a.py", "one\n", "uno\n"),
        ("src/a.py", "three\n", ""),
        ("src/b.py", "y = 2\n", "y = 3\n"),
    ]


@pytest.mark.parametrize("path", ["src/new.py", "notes.txt", "Dockerfile"])
def test_an_empty_search_on_a_free_path_makes_a_file(path: str) -> None:
    text = f"### {path}\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE\n"
    text += "<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE"
    assert [edit.action for edit in parsed(text).edits] == ["create", "replace"]
    assert {edit.path for edit in parsed(text).edits} == {path}


def test_names_with_blanks_and_without_dots_are_known_from_the_tree() -> None:
    for path, line in (("my file.py", "s"), ("Makefile", "all:")):
        text = f"### {path}\n<<<<<<< SEARCH\n{line}\n=======\nnew\n>>>>>>> REPLACE\n"
        assert parsed(text).edits[0].path == path


def test_a_divider_may_be_part_of_the_text() -> None:
    text = "### docs/title.rst\n<<<<<<< SEARCH\nTitle\n=======\n=======\nName\n=======\n>>>>>>> REPLACE\n"
    edit = parsed(text).edits[0]
    assert (edit.search, edit.replace) == ("Title\n=======\n", "Name\n=======\n")


def test_a_new_file_may_hold_dividers() -> None:
    edit = parsed("### docs/new.rst\n<<<<<<< SEARCH\n=======\nName\n=======\n>>>>>>> REPLACE\n").edits[0]
    assert (edit.action, edit.replace) == ("create", "Name\n=======\n")


def test_fences_inside_a_block_are_text() -> None:
    text = (
        "```\n### src/b.py\n<<<<<<< SEARCH\nx = 1\n=======\n'''\n```python\n````\n```\n'''\n>>>>>>> REPLACE\n```"
    )
    assert parsed(text).edits[0].replace == "'''\n```python\n````\n```\n'''\n"


def test_a_diff_that_deletes_and_creates() -> None:
    text = "```diff\n--- a/src/b.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x = 1\n-y = 2\n"
    text += "--- /dev/null\n+++ b/src/c.py\n@@ -0,0 +1 @@\n+z\n```"
    assert [(edit.path, edit.action) for edit in parsed(text).edits] == [
        ("src/b.py", "delete"),
        ("src/c.py", "create"),
    ]


def test_code_that_mentions_the_tags_is_no_thinking() -> None:
    text = "### src/b.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = '</think>' + '<solution>'\n>>>>>>> REPLACE\n"
    assert parsed(text).edits[0].replace == "x = '</think>' + '<solution>'\n"


def test_the_last_solution_counts() -> None:
    assert answer_of("<solution>a</solution>\n<solution>\nb\n</solution>\nc") == "\nb\n"


PIECES = st.sampled_from(
    ["<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "### src/a.py", "```", "````", "```python", "<solution>",
     "</solution>", "<think>", "</think>", "one", "--- a/src/a.py", "+++ b/src/a.py", "@@ -1 +1 @@", "+x", "-one",
     "\\", "", "### ../x", "\0", "\r"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30), st.sampled_from(["\n", "\r\n", ""]))
def test_nothing_a_model_writes_raises(pieces: list[str], end: str) -> None:
    result = parse_edits(end.join(pieces), TREE, ("src/a.py",))
    assert isinstance(result, Refusal) or result.edits


@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        ("", "x", ""),
        ("", "\n", ""),
        ("", "`", ""),
        ("<<<<", "<", "===="),
        ("", "```\n", ""),
        ("", " \t", ""),
        ("### src/a.py\n<<<<<<< SEARCH\n", "one\n", ""),
        ("### src/a.py\n<<<<<<< SEARCH\none\n", "=======\n", ">>>>>>> REPLACE\n"),
        ("### src/a.py\n<<<<<<< SEARCH\none\n=======\n", "new line\n", ">>>>>>> REPLACE\n"),
        (f"### src/a.py\n{BLOCK}", "<think>\n", ""),
        ("", "</think>\n", ""),
        ("", "<solution></solution>\n", ""),
        ("", "### src/a.py\n", ""),
        ("", "# `a.b` c.d\n", BLOCK),
    ],
)
def test_ten_megabytes_take_less_than_two_seconds(head: str, unit: str, tail: str) -> None:
    text = head + unit * (10_000_000 // len(unit)) + tail
    begun = time.process_time()
    parse_edits(text, TREE, ("src/a.py",))
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("line", ["</think>", "  </think>", "<think>", "<solution>", "</solution>", "x </think>"])
@pytest.mark.parametrize("before", ["", "<think>\nhm\n</think>\n", "hm\n</think>\n"])
@pytest.mark.parametrize("frame", ["{}", "<solution>\n{}</solution>\n"])
def test_a_tag_inside_a_block_is_text(line: str, before: str, frame: str) -> None:
    block = f"### src/b.py\n<<<<<<< SEARCH\nx = 1\n=======\n{line}\n>>>>>>> REPLACE\n"
    assert parsed(before + frame.format(block)).edits[0].replace == f"{line}\n"


@pytest.mark.parametrize("lead", ["", "<think>\n"])
def test_a_draft_that_was_given_up_in_the_thinking_hides_no_end_of_it(lead: str) -> None:
    text = f"{lead}### src/b.py\n<<<<<<< SEARCH\nx = 1\n</think>\n### src/a.py\n{BLOCK}"
    assert parsed(text).edits == (EXPECTED,)
