from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agentless.repo.catfile import Info
from agentless.repo.lender import Lender
from agentless.repo.location import locate
from agentless.repo.plumbing import Git
from agentless.repo.sizes import MOST_STORES, SizeMemo
from tests.conftest import git, make_repo

MISSING = "0" * 39 + "1"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a": "12345", "b": "", "c": "x" * 300_000})


def ids(repo: Path) -> dict[str, str]:
    lines = git(repo, "ls-tree", "-r", "HEAD").splitlines()
    return {line.split("\t")[1]: line.split()[2] for line in lines}


class Counting(Lender):
    """Counts questions."""

    asked_so_far = 0

    def infos(self, git: Git, ids: Sequence[str]) -> list[Info | None] | None:
        self.asked_so_far += 1
        return super().infos(git, ids)


class Silent(Counting):
    """As with an old git, or one that a missing object ends."""

    def infos(self, git: Git, ids: Sequence[str]) -> None:
        self.asked_so_far += 1


@pytest.fixture(params=[Counting, Silent])
def lender(request: pytest.FixtureRequest) -> Iterator[Counting]:
    made = request.param()
    yield made
    made.close()


def test_sizes_are_asked_once(repo: Path, lender: Counting) -> None:
    memo, names = SizeMemo(lender), ids(repo)
    expected = {names["a"]: 5, names["b"]: 0, names["c"]: 300_000}
    assert memo.sizes(Git(repo), names.values()) == expected
    assert memo.sizes(Git(repo), names.values()) == expected
    assert lender.asked_so_far == 1
    assert memo.sizes(Git(repo), []) == {}


def test_what_is_missing_has_no_size_and_is_asked_again(repo: Path, lender: Counting) -> None:
    memo = SizeMemo(lender)
    known = ids(repo)["a"]
    for turn in (1, 2):
        assert memo.sizes(Git(repo), [MISSING, known]) == {known: 5}
        assert lender.asked_so_far == turn


def test_a_blob_of_one_store_may_be_missing_in_another(repo: Path, tmp_path: Path, lender: Counting) -> None:
    memo = SizeMemo(lender)
    other = make_repo(tmp_path / "other", {"z": "other"})
    known = ids(repo)["a"]
    assert memo.sizes(locate(repo).git, [known]) == {known: 5}
    assert memo.sizes(locate(other).git, [known]) == {}


def test_few_stores_are_remembered(repo: Path, tmp_path: Path) -> None:
    memo = SizeMemo()
    known = ids(repo)["a"]
    for number in range(MOST_STORES + 3):
        (tmp_path / f"objects{number}").mkdir()
        objects = {"GIT_OBJECT_DIRECTORY": str(tmp_path / f"objects{number}")}
        objects["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(repo / ".git" / "objects")
        assert memo.sizes(Git(repo, objects), [known]) == {known: 5}
    assert len(memo.stores) == MOST_STORES
