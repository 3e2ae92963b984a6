"""The diff says exactly what changed, and git agrees."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentless.repair.outcome import Refusal
from agentless.repair.patch import apply_patch_text, hunks, lines_of, make_patch, parse_patch, quote, unquote
from tests.conftest import git

LINES = st.sampled_from(
    ["a", "b", "", " x", "\tx", "-y", "+y", "\\ z", "@@ -1 +1 @@", "--- a", "é", "\x0c", "w\u2028", "r\r"]
)
TEXTS = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=14), st.sampled_from(["", "\n", "\r\n"])
)
NAMES = st.sampled_from(
    ["a.py", "dir/b.py", "ü.txt", "two words.md", 'quo"te.txt', "tab\there.c", "back\\slash", "ab/c b/d"]
)
TREES = st.dictionaries(NAMES, st.none() | TEXTS, max_size=4)


def write(folder: Path, texts: Mapping[str, str | None]) -> None:
    for path, text in texts.items():
        if text is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes().decode() for path in files}


def git_apply(folder: Path, patch: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=folder,
        input=patch.encode(),
        capture_output=True,
        check=False,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=TREES, new=TREES)
def test_git_applies_every_patch_to_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, old: dict[str, str | None], new: dict[str, str | None]
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    write(folder, old)
    patch = make_patch(old, new)
    if patch:
        done = git_apply(folder, patch)
        assert done.returncode == 0, done.stderr.decode() + patch
    assert tree(folder) == {path: text for path, text in new.items() if text is not None}


READABLE = st.dictionaries(NAMES.filter(lambda name: " b/" not in name), st.none() | TEXTS, max_size=4)
"""unidiff cannot tell where a name that holds ` b/` ends; git can."""


@settings(max_examples=200, deadline=None)
@given(old=READABLE, new=READABLE)
def test_reading_the_patch_back_gives_the_new_texts(
    old: dict[str, str | None], new: dict[str, str | None]
) -> None:
    patch = make_patch(old, new)
    texts = {path: text for path, text in old.items() if text is not None}
    changed = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    assert apply_patch_text(texts, patch) == {path: new.get(path) for path in changed}


@given(text=TEXTS)
def test_lines_end_at_newlines_only_and_nothing_is_lost(text: str) -> None:
    lines = lines_of(text)
    assert "".join(lines) == text
    assert all(line.endswith("\n") for line in lines[:-1])
    assert all("\n" not in line[:-1] for line in lines)


@given(name=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1))
def test_quoting_is_undone_by_unquoting(name: str) -> None:
    quoted = quote(name)
    assert quoted.isascii()
    assert unquote(quoted) == name or name.startswith('"')


def test_quoting_is_what_git_prints(tmp_path: Path) -> None:
    names = ["plain.py", "ü.txt", 'q"q', "tab\tx", "bell\x07", "two words", "日本"]
    git(tmp_path, "init", "-q")
    for name in names:
        (tmp_path / name).write_text("x")
    git(tmp_path, "add", "-A")
    assert sorted(git(tmp_path, "ls-files").splitlines()) == sorted(quote(name) for name in names)


def test_a_changed_file() -> None:
    assert make_patch({"a.py": "one\ntwo\nthree\n"}, {"a.py": "one\n2\nthree\n"}) == (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    )


def test_new_and_deleted_files_carry_their_modes() -> None:
    patch = make_patch({"gone.sh": "x\n"}, {"new.py": "y\n"}, {"gone.sh": "100755"})
    assert patch == (
        "diff --git a/gone.sh b/gone.sh\ndeleted file mode 100755\n"
        "--- a/gone.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+y\n"
    )


def test_a_missing_last_newline_is_said() -> None:
    patch = make_patch({"a": "x"}, {"a": "x\n"})
    assert patch.endswith("@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n")


def test_the_executable_bit_survives(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("a\n")
    script.chmod(0o755)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    assert git_apply(tmp_path, make_patch({"run.sh": "a\n"}, {"run.sh": "b\n"})).returncode == 0
    assert script.stat().st_mode & 0o111


def test_equal_texts_make_no_patch() -> None:
    assert make_patch({"a": "x", "b": None}, {"a": "x"}) == ""
    assert hunks(["a\n"], ["a\n"]) == ""


def test_far_apart_changes_make_two_hunks() -> None:
    old = [f"{number}\n" for number in range(100)]
    new = ["first\n", *old[1:99], "last\n"]
    assert hunks(old, new).count("@@ -") == 2


def test_a_large_file_takes_no_time() -> None:
    old = "".join(f"line {number % 7}\n" for number in range(15_000))
    new = old.replace("line 3\n", "LINE 3\n", 1)[:-7] + "end\n"
    assert apply_patch_text({"a": old}, make_patch({"a": old}, {"a": new})) == {"a": new}


@pytest.mark.parametrize(
    ("patch", "outcome"),
    [
        ("--- a/x\n+++ b/x\n@@ -1,9 +1 @@\n-a\n", "malformed_edit"),
        ("@@ -1 +1 @@\n-a\n+b\n", "malformed_edit"),
        ("--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n", "file_not_found"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-other\n+b\n", "search_not_found"),
        ("--- a/x\n+++ b/x\n@@ -7 +7 @@\n-a\n+b\n", "search_not_found"),
    ],
)
def test_a_patch_that_does_not_fit_is_a_refusal(patch: str, outcome: str) -> None:
    refused = apply_patch_text({"x": "a\n"}, patch)
    assert isinstance(refused, Refusal)
    assert refused.outcome == outcome


def test_a_patch_as_swe_bench_has_it_is_read() -> None:
    patch = (
        "diff --git a/sphinx/x.py b/sphinx/x.py\nindex 8266583..a57f90e 100644\n"
        "--- a/sphinx/x.py\n+++ b/sphinx/x.py\n"
        "@@ -1,2 +1,3 @@ class Check:\n one\n+two\n three\n\n"
    )
    assert not isinstance(parse_patch(patch), Refusal)
    assert apply_patch_text({"sphinx/x.py": "one\nthree\n"}, patch) == {"sphinx/x.py": "one\ntwo\nthree\n"}


def test_a_rename_moves_the_text() -> None:
    patch = "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n"
    assert apply_patch_text({"x": "a\n"}, patch) == {"x": None, "y": "a\n"}
