"""Trees read folder by folder are those that `ls-tree` lists, whatever was read before."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.errors import RepositoryError
from agentless.repo import listing
from agentless.repo.catfile import Content
from agentless.repo.lender import Lender
from agentless.repo.listing import MOST_ENTRIES, MOST_LISTINGS, NOTHING, Listing, ListingMemo, list_tree
from agentless.repo.plumbing import Git
from agentless.repo.rules import entry_reason
from agentless.repo.tree import Entry, whole_listing
from tests.conftest import git, make_repo

Version = Mapping[str, str]

VERSIONS: list[Version] = [
    {"a": "1", "b/c": "2", "b/d": "3"},
    {"a": "1", "b/c": "22", "b/d": "3"},
    {"a/x": "1", "a/y": "2", "b": "3"},
    {"a.py": "1", "a/x": "1", "b": "3", "\xe4 \t\n": "4", "a-b": "5", "a/b.lock/poetry.lock": ""},
    {"moved/a/x": "1", "a/x": "1", "\udcff/\udcfe": "1", "\ue000": "1", "\U0001f600/a": "1"},
    {},
    {"a": "1", "b/c": "2", "b/d": "3"},
    {"deep/er/and/deeper/still": "1", "deep/other": "2"},
    {"deep/er/and/deeper/still": "1", "deep/other": "3"},
]


class Counting(Lender):
    """Counts questions and the objects asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = self.objects = 0

    def contents(self, git: Git, ids: Sequence[str]) -> list[Content | None]:
        self.questions += 1
        self.objects += len(ids)
        return super().contents(git, ids)


@pytest.fixture
def lender() -> Iterator[Counting]:
    made = Counting()
    yield made
    made.close()


def tree_of(repo: Path, version: Version, mode: str = "100644") -> str:
    """A tree made without a work tree, so that any name is possible."""
    git(repo, "read-tree", "--empty")
    lines = b""
    for path, text in version.items():
        command = ["git", "hash-object", "-w", "--stdin"]
        done = subprocess.run(command, cwd=repo, input=text.encode(), capture_output=True, check=True)
        lines += b"%s %s\t%s\0" % (
            mode.encode(), done.stdout.strip(), path.encode("utf-8", "surrogateescape"),
        )  # fmt: skip
    subprocess.run(["git", "update-index", "-z", "--index-info"], cwd=repo, input=lines, check=True)
    return git(repo, "write-tree").strip()


def raw_tree(repo: Path, *lines: tuple[str, str, str]) -> str:
    """A tree object written byte by byte; lines are (mode, name, id)."""
    body = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in lines)
    command = ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"]
    return subprocess.run(command, cwd=repo, input=body, capture_output=True, check=True).stdout.decode().strip()


def check(listing: Listing, opened: Git, tree: str) -> None:
    """The listing is that of `ls-tree`, and says the same of what may be edited."""
    expected = whole_listing(opened, tree)
    assert list(listing.entries.items()) == list(expected.items())
    assert list(listing.candidates) == [path for path, entry in expected.items() if not entry_reason(entry)]
    assert listing.refused == expected.keys() - set(listing.candidates)
    assert listing.tree_id == tree


@pytest.fixture
def opened(tmp_path: Path) -> Git:
    return Git(make_repo(tmp_path, {"first": ""}))


def test_each_tree_is_listed_as_if_it_were_the_first(opened: Git, tmp_path: Path) -> None:
    memo = ListingMemo()
    for tree in [tree_of(tmp_path, version) for version in VERSIONS]:
        listing = list_tree(opened, tree, memo)
        check(listing, opened, tree)
        assert memo.get(opened) is listing
        assert list_tree(opened, tree, memo) is listing
        assert listing.root is not NOTHING, "no ls-tree was needed"


def test_a_tree_that_holds_itself_too_often_is_refused(
    opened: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten folders of ten folders of ...: nine small objects, and ten billion files."""
    blob = git(tmp_path, "rev-parse", "HEAD:first").strip()
    tree = raw_tree(tmp_path, *(("100644", f"f{number}", blob) for number in range(10)))
    for _ in range(9):
        tree = raw_tree(tmp_path, *(("40000", f"d{number}", tree) for number in range(10)))
    monkeypatch.setattr(listing, "MOST_BYTES", 1_000_000)
    with pytest.raises(RepositoryError, match="holds too many files to be listed; give another commit"):
        list_tree(opened, tree, ListingMemo())


def test_only_folders_that_changed_are_read(opened: Git, tmp_path: Path, lender: Counting) -> None:
    memo = ListingMemo()
    files = {f"{folder}/{inner}/{name}": "x" for folder in "abc" for inner in "de" for name in "fg"}
    first = list_tree(opened, tree_of(tmp_path, files), memo, lender)
    assert (lender.questions, lender.objects) == (3, 3), "equal folders are one object"
    second = list_tree(opened, tree_of(tmp_path, {**files, "b/d/f": "y"}), memo, lender)
    assert (lender.questions, lender.objects) == (6, 6)
    changed = [path for path, entry in second.entries.items() if entry is not first.entries[path]]
    assert changed == ["b/d/f"]


def test_a_folder_that_moved_has_its_new_paths(opened: Git, tmp_path: Path) -> None:
    memo = ListingMemo()
    for version in ({"a/b/c": "1", "a/d": "2"}, {"x/b/c": "1", "x/d": "2"}, {"b/c": "1"}, {"a/b/b/c": "1"}):
        tree = tree_of(tmp_path, version)
        check(list_tree(opened, tree, memo), opened, tree)


def test_modes_links_and_submodules_change(opened: Git, tmp_path: Path) -> None:
    memo, sha = ListingMemo(), git(tmp_path, "rev-parse", "HEAD:first").strip()
    for mode, target in (
        ("100644", sha), ("100755", sha), ("120000", sha), ("160000", "1" * 40), ("160000", "2" * 40)
    ):  # fmt: skip
        git(tmp_path, "read-tree", "--empty")
        git(tmp_path, "update-index", "--add", "--cacheinfo", f"{mode},{target},sub/thing")
        tree = git(tmp_path, "write-tree").strip()
        listing = list_tree(opened, tree, memo)
        check(listing, opened, tree)
        assert (listing.entries["sub/thing"].mode, listing.entries["sub/thing"].sha) == (mode, target)


@pytest.mark.parametrize("turn", [0, 1], ids=["first", "after another"])
def test_trees_that_git_would_not_write_are_left_to_ls_tree(opened: Git, tmp_path: Path, turn: int) -> None:
    one, two = (tree_of(tmp_path, {name: text}) for name, text in (("a", "1"), ("b", "2")))
    sha, other = (git(tmp_path, "rev-parse", f"{tree}:{name}").strip() for tree, name in ((one, "a"), (two, "b")))
    odd = {
        "twice": raw_tree(tmp_path, ("100644", "a", sha), ("100644", "a", other)),
        "mode": raw_tree(tmp_path, ("100664", "a", sha)),
        "zero": raw_tree(tmp_path, ("040000", "a", one)),
    }
    for tree in odd.values():
        memo = ListingMemo()
        if turn:
            list_tree(opened, one, memo)
        listing = list_tree(opened, tree, memo)
        check(listing, opened, tree)
        assert listing.root is NOTHING
        check(list_tree(opened, two, memo), opened, two)


def test_names_out_of_order_are_sorted(opened: Git, tmp_path: Path) -> None:
    one = tree_of(tmp_path, {"a": "1"})
    sha = git(tmp_path, "rev-parse", f"{one}:a").strip()
    tree = raw_tree(tmp_path, ("100644", "z", sha), ("40000", "a", one), ("40000", "a", one), ("100644", "b", sha))
    check(list_tree(opened, tree, ListingMemo()), opened, tree)


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "."])
def test_unsafe_names_are_refused_after_safe_ones(opened: Git, tmp_path: Path, name: str) -> None:
    memo, one = ListingMemo(), tree_of(tmp_path, {"a": "1"})
    list_tree(opened, one, memo)
    sha = git(tmp_path, "rev-parse", f"{one}:a").strip()
    for tree in (raw_tree(tmp_path, ("100644", name, sha)), raw_tree(tmp_path, ("40000", name, one))):
        with pytest.raises(RepositoryError, match="unsafe path"):
            list_tree(opened, tree, memo)
    assert list(list_tree(opened, one, memo).entries) == ["a"]


@pytest.mark.parametrize("known", [False, True])
def test_a_tree_that_is_not_there(opened: Git, tmp_path: Path, known: bool) -> None:
    memo = ListingMemo()
    if known:
        list_tree(opened, git(tmp_path, "rev-parse", "HEAD^{tree}").strip(), memo)
    with pytest.raises(RepositoryError, match=r"cannot be listed: objects are missing .*git fsck"):
        list_tree(opened, "0" * 40, memo)


def test_a_folder_or_a_blob_that_is_missing(opened: Git, tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"a/b": "1", "c": "2"})
    for name, said in (("a", "cannot be listed"), ("c", "1 of 1 files are not in the object store")):
        sha = git(tmp_path, "rev-parse", f"{tree}:{name}").strip()
        lost = raw_tree(tmp_path, ("40000" if name == "a" else "100644", name, "1" + sha[1:]))
        with pytest.raises(RepositoryError, match=said):
            list_tree(opened, lost, ListingMemo())


def test_a_deep_tree_needs_no_recursion(opened: Git, tmp_path: Path) -> None:
    path = "d/" * 1100 + "a"
    assert list(list_tree(opened, tree_of(tmp_path, {path: "1"}), ListingMemo()).entries) == [path]


def test_a_repository_with_longer_ids(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    memo, opened = ListingMemo(), Git(tmp_path)
    for version in VERSIONS[:3]:
        tree = tree_of(tmp_path, version)
        listing = list_tree(opened, tree, memo)
        check(listing, opened, tree)
        assert len(tree) == 64 and listing.root is not NOTHING


def of_size(size: int) -> Listing:
    entry = Entry("a", "0", "100644", 0)
    return Listing("tree", dict.fromkeys(map(str, range(size)), entry), (), frozenset(), NOTHING)


def test_a_few_stores_are_kept() -> None:
    memo, listing = ListingMemo(), of_size(0)
    for number in range(MOST_LISTINGS + 1):
        memo.put(Git(Path(f"/{number}")), listing)
    assert memo.get(Git(Path("/0"))) is None
    assert memo.get(Git(Path("/1"))) is listing


def test_giants_push_others_out_and_are_not_kept_where_they_are_too_large() -> None:
    memo, (one, two, three) = ListingMemo(), (Git(Path(f"/{number}")) for number in range(3))
    memo.put(one, of_size(10))
    memo.put(two, of_size(MOST_ENTRIES - 10))
    assert memo.size() == MOST_ENTRIES
    memo.put(three, of_size(1))
    assert memo.get(one) is None and memo.get(two) is not None and memo.get(three) is not None
    memo.put(one, of_size(MOST_ENTRIES + 1))
    assert not memo.listings


parts = st.text(st.sampled_from("aB.-\xe9\ue000\U0001f600\udcfe"), min_size=1, max_size=2).filter(
    lambda name: name not in (".", "..")
)
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
versions = st.dictionaries(paths, st.sampled_from("12"), max_size=6).map(
    lambda files: {p: t for p, t in files.items() if not any(o.startswith(f"{p}/") for o in files)}
)


@settings(max_examples=15, deadline=None)
@given(history=st.lists(versions, min_size=2, max_size=4))
def test_any_trees_in_any_order(history: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    git(folder, "init", "-q")
    memo = ListingMemo()
    for version in history:
        tree = tree_of(folder, version)
        check(list_tree(Git(folder), tree, memo), Git(folder), tree)
