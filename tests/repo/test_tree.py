from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git
from agentless.repo.tree import Entry, is_unsafe, refuse_unsafe, whole_listing
from tests.conftest import git, make_repo


def test_the_listing_is_that_of_git_sorted_by_path(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a-b": "1", "a/b": "22", "a.py": "333", "z": ""})
    listed = whole_listing(Git(repo), git(repo, "rev-parse", "HEAD^{tree}").strip())
    assert list(listed) == ["a-b", "a.py", "a/b", "z"]
    assert [entry.size for entry in listed.values()] == [1, 3, 2, 0]
    assert {entry.mode for entry in listed.values()} == {"100644"}
    assert listed["a/b"].sha == git(repo, "rev-parse", "HEAD:a/b").strip()


def test_a_tree_that_is_not_there(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a": ""})
    with pytest.raises(RepositoryError, match=r"cannot be listed: objects are missing .*git fsck"):
        whole_listing(Git(repo), "0" * 40)


@pytest.mark.parametrize("name", ["", ".", "..", ".git", ".GIT", ".gIt"])
def test_unsafe_names(name: str) -> None:
    assert is_unsafe(name)
    for path in (name, f"{name}/a", f"a/{name}/b", f"a/{name}"):
        with pytest.raises(RepositoryError, match="unsafe path"):
            refuse_unsafe({path: Entry(path, "0", "100644", 0)})


@pytest.mark.parametrize("name", [".gitignore", ".github", "...", "..a", "git", "a.git", ".gi", " "])
def test_safe_names(name: str) -> None:
    assert not is_unsafe(name)
    refuse_unsafe({f"a/{name}/{name}": Entry("", "0", "100644", 0)})
