"""Paths of a reply are hostile until they are shown to be files of the tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repair.outcome import Refusal
from agentless.repair.paths import Resolved, clash, clip, is_git_folder, resolve, unsafe
from tests.repair.conftest import PlainTree

TREE = PlainTree(
    {"src/a.py": "a\n", "src/deep/a.py": "b\n", "lib/b.py": "c\n", "Makefile": "all:\n"},
    {"link": "120000", "vendor": "160000", "image.png": "100644"},
)


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "src/../../x",
        "/etc/passwd",
        "//etc/passwd",
        "~/.ssh/id",
        "~root/x",
        "C:\\Windows\\x.ini",
        "c:x.py",
        "src\\a.py",
        ".git/config",
        ".git/hooks/pre-commit",
        ".GIT/config",
        "sub/.git/config",
        ".git",
        "git~1/config",
        "GIT~1/hooks/x",
        ".git./config",
        ".git /config",
        ".git. . /x",
        ".git::$INDEX_ALLOCATION/config",
        ".g\u200cit/config",
        "\uff0egit/config",
        "a\0b",
        "a\nb",
        "a\x7f",
        "",
        "   ",
        "x" * 300,
        "/".join(["abcdefgh"] * 200),
        "\ud800.py",
    ],
)
@pytest.mark.parametrize("creating", [False, True])
def test_hostile_paths_are_outside(path: str, creating: bool) -> None:
    refused = resolve(TREE, path, creating=creating)
    assert isinstance(refused, Refusal)
    assert refused.outcome == "outside_repository"
    assert refused.detail.isprintable()


@pytest.mark.parametrize(
    "path",
    ["a.py", ".gitignore", ".github/x.yml", "..a/b", "a..b", "digit~1", "git", ".git2/x", "ü.py", "...", "a b.c"],
)
def test_names_that_only_look_alike_are_safe(path: str) -> None:
    assert unsafe(path) == ""


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("link/passwd", "outside_repository"),
        ("link", "not_editable"),
        ("vendor/x.py", "not_editable"),
        ("vendor", "not_editable"),
        ("image.png", "not_editable"),
        ("src/a.py/x", "not_editable"),
        ("src", "not_editable"),
        ("./", "outside_repository"),
    ],
)
def test_what_is_no_plain_file_is_refused(path: str, outcome: str) -> None:
    refused = resolve(TREE, path, creating=True)
    assert isinstance(refused, Refusal)
    assert refused.outcome == outcome


def test_a_path_of_the_tree_is_taken_as_it_is() -> None:
    assert resolve(TREE, "src/a.py") == Resolved("src/a.py")


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("./src/a.py", "src/a.py"),
        ("src//a.py", "src/a.py"),
        ("b.py", "lib/b.py"),
        ("deep/a.py", "src/deep/a.py"),
        ("repo/lib/b.py", "lib/b.py"),
    ],
)
def test_a_unique_suffix_is_understood_and_logged(named: str, found: str) -> None:
    resolved = resolve(TREE, named)
    assert isinstance(resolved, Resolved)
    assert resolved.path == found
    assert named in resolved.salvaged


def test_a_suffix_of_two_files_is_refused_unless_one_was_shown() -> None:
    refused = resolve(TREE, "a.py")
    assert isinstance(refused, Refusal)
    assert refused.outcome == "file_not_found"
    shown = resolve(TREE, "a.py", ["src/deep/a.py", "lib/b.py"])
    assert isinstance(shown, Resolved)
    assert shown.path == "src/deep/a.py"


def test_a_new_file_is_where_it_says() -> None:
    assert resolve(TREE, "b.py", creating=True) == Resolved("b.py")


@given(st.text())
def test_no_path_raises_and_none_escapes(path: str) -> None:
    for creating in (False, True):
        resolved = resolve(TREE, path, creating=creating)
        if isinstance(resolved, Resolved):
            parts = resolved.path.split("/")
            assert ".." not in parts
            assert "" not in parts
            assert not any(is_git_folder(part) for part in parts)


def test_messages_are_short_and_printable() -> None:
    assert clip("a\0b") == "a\\x00b"
    assert len(clip("x" * 500)) == 120


@pytest.mark.parametrize(("path", "other"), [("n", "n/b"), ("n/b", "n"), ("a/b/c", "a")])
def test_a_path_under_another_is_a_clash_either_way(path: str, other: str) -> None:
    detail = f"{path} and {other} cannot both be files"
    assert clash(path, ["x", other]) == Refusal("malformed_edit", detail)
    assert clash(path, [path, "nb/c", "m/n"]) is None
