import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agentless.select.changes import apply_pieces, plain_path, read_patch
from tests.conftest import git, make_repo
from tests.select.pools import diff

lines = st.lists(
    st.sampled_from(["a\n", "b\n", "\n", " \n", "c\r\n", "d\x0c\n", "e\u2028\n", "-- x\n", "++ y\n"]), max_size=14
)


def applied(patch: str, text: str) -> str | None:
    changes = read_patch(patch)
    assert changes is not None
    (change,) = changes
    return apply_pieces(text, change.pieces)


@settings(max_examples=200, deadline=None)
@given(lines, lines, st.booleans(), st.booleans())
def test_a_patch_of_two_texts_gives_the_second(
    old: list[str], new: list[str], cut_old: bool, cut_new: bool
) -> None:
    before = "".join(old).removesuffix("\n" if cut_old else "none")
    after = "".join(new).removesuffix("\n" if cut_new else "none")
    patch = diff("x", before, after)
    assume(patch)
    assert applied(patch, before) == after


def test_it_applies_what_git_made_of_several_files(tmp_path: Path) -> None:
    folder = make_repo(
        tmp_path, {"a.py": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "gone.py": "x\n", "ä b.py": "old", "m.sh": "x"}
    )
    (folder / "a.py").write_text("0\n1\n2\n3\n4\n5\n6\n7\n8\nnine")
    (folder / "gone.py").unlink()
    (folder / "ä b.py").write_text("new\n")
    (folder / "fresh.py").write_text("hello\n")
    (folder / "m.sh").chmod(0o755)
    git(folder, "add", "-A")
    changes = read_patch(git(folder, "diff", "--cached"))
    assert changes is not None
    found = {change.path: change for change in changes}
    assert set(found) == {"a.py", "gone.py", "ä b.py", "fresh.py", "m.sh"}
    assert apply_pieces("1\n2\n3\n4\n5\n6\n7\n8\n9\n", found["a.py"].pieces) == "0\n1\n2\n3\n4\n5\n6\n7\n8\nnine"
    assert apply_pieces("old", found["ä b.py"].pieces) == "new\n"
    assert (found["fresh.py"].before, apply_pieces("", found["fresh.py"].pieces)) == ("", "hello\n")
    assert (found["gone.py"].deleted, apply_pieces("x\n", found["gone.py"].pieces)) == (True, "")
    assert found["m.sh"].pieces == ()


def test_a_rename_keeps_both_names(tmp_path: Path) -> None:
    folder = make_repo(tmp_path, {"old.py": "".join(f"line {number}\n" for number in range(20))})
    git(folder, "mv", "old.py", "new.py")
    (change,) = read_patch(git(folder, "diff", "--cached", "-M")) or ()
    assert (change.before, change.path, change.deleted) == ("old.py", "new.py", False)


def test_a_hunk_that_does_not_fit_gives_nothing() -> None:
    patch = diff("x", "a\nb\nc\n", "a\nB\nc\n")
    assert applied(patch, "a\nb\nc\n") == "a\nB\nc\n"
    assert applied(patch, "a\nx\nc\n") is None
    assert applied(patch, "a\r\nb\r\nc\r\n") is None
    assert applied(patch, "") is None


ALPHABET = "".join(f"{line}\n" for line in "abcdefghijklmnop")
MOVED = {
    "as it was": ALPHABET,
    "twice": ALPHABET * 2,
    "twice and shifted": f"{ALPHABET}x\n{ALPHABET}",
    "longer in the middle": ALPHABET.replace("h\n", "h\nh\n"),
    "shorter in the middle": ALPHABET.replace("h\ni\n", ""),
    "longer before": f"new\nlines\n{ALPHABET}",
    "longer behind": f"{ALPHABET}new\n",
    "reordered": ALPHABET[16:] + ALPHABET[:16],
}


@pytest.mark.parametrize("moved", MOVED.values(), ids=MOVED.keys())
@pytest.mark.parametrize("changed", ["c", "h", "c n", "a", "p", "o"])
def test_a_hunk_that_moved_is_found_where_git_finds_it(tmp_path: Path, moved: str, changed: str) -> None:
    new = ALPHABET
    for letter in changed.split():
        new = new.replace(f"{letter}\n", f"{letter.upper()}\n")
    patch = diff("x", ALPHABET, new)
    (tmp_path / "x").write_text(moved)
    (tmp_path / "p").write_text(patch)
    git(tmp_path, "init", "-q")
    done = subprocess.run(["git", "apply", "p"], cwd=tmp_path, capture_output=True, check=False)
    assert applied(patch, moved) == ((tmp_path / "x").read_text() if done.returncode == 0 else None)


def test_hunks_that_overlap_give_nothing() -> None:
    twice = "--- a/x\n+++ b/x\n" + "@@ -1,2 +1,2 @@\n a\n-b\n+c\n" * 2
    assert applied(twice, "a\nb\n") is None


def test_changed_lines_carry_their_sign_and_no_line_end() -> None:
    (change,) = read_patch(diff("x", "a\r\nb\n--c\n", "a\r\nB\r\n++c\n")) or ()
    assert change.lines == ("-b", "---c", "+B", "+++c")


@pytest.mark.parametrize(
    "patch",
    [
        "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n",
        "+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        "@@ -1 +1 @@\n-a\n+b\n",
        "--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\nwhat\n",
    ],
)
def test_a_broken_patch_is_none(patch: str) -> None:
    assert read_patch(patch) is None


@given(st.text())
def test_any_text_is_read_or_refused_without_a_crash(text: str) -> None:
    for patch in (text, f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n{text}"):
        changes = read_patch(patch)
        assert changes is None or all(change.path == plain_path(change.path) or change.path for change in changes)


def test_a_blank_line_between_files_is_not_part_of_a_hunk() -> None:
    patch = diff("a", "1\n", "2\n") + "\n" + diff("b", "3\n", "4\n")
    first, second = read_patch(patch) or ()
    assert (apply_pieces("1\n", first.pieces), apply_pieces("3\n", second.pieces)) == ("2\n", "4\n")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/src/x.py", "src/x.py"),
        ("b/src/x.py", "src/x.py"),
        ("src/x.py", "src/x.py"),
        ("/dev/null", ""),
        ('"a/\\303\\244 b.py"', "ä b.py"),
        ('"b/tab\\tquote\\"back\\\\.py"', 'tab\tquote"back\\.py'),
        ("a/b/c.py", "b/c.py"),
        ("a/x.py\r", "x.py"),
    ],
)
def test_names_in_headers_become_paths(name: str, path: str) -> None:
    assert plain_path(name) == path


def test_git_agrees_on_quoted_names(tmp_path: Path) -> None:
    name = 'we"ird\té.py'
    folder = make_repo(tmp_path, {name: "1\n"})
    (folder / name).write_text("2\n")
    patch = subprocess.run(["git", "diff"], cwd=folder, capture_output=True, text=True, check=True).stdout
    (change,) = read_patch(patch) or ()
    assert change.path == name
