"""Folders that git has opened are remembered as long as nothing changed by which it decided."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.location import MOST_LOCATIONS, Location, LocationMemo, locate
from agentless.repo.plumbing import Git
from tests.conftest import git, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.py": "x = 1\n", "pkg/b.py": "y = 2\n"})


class CountingMemo(LocationMemo):
    """Counts the questions that git had to answer."""

    asked = 0

    def put(self, git: Git, location: Location) -> None:
        self.asked += 1
        super().put(git, location)


def test_a_folder_is_asked_about_once(repo: Path) -> None:
    memo = CountingMemo()
    first = locate(repo, memo)
    (repo / "new.py").write_text("")
    git(repo, "tag", "v1")
    assert locate(repo, memo) is locate(str(repo), memo) is first
    assert memo.asked == 1


def change_settings(repo: Path) -> None:
    git(repo, "config", "core.worktree", str(repo))


def move_away(repo: Path) -> None:
    (repo / ".git").rename(repo / "moved")
    git(repo, "init", "-q", "-b", "main")


def check_out(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "side")


def allow_all(repo: Path) -> None:
    (repo / ".git").chmod(0o777)


def make_anew(repo: Path) -> None:
    (repo / ".git" / "refs").rename(repo / ".git" / "old")
    (repo / ".git" / "old").rename(repo / ".git" / "refs")
    (repo / ".git" / "config").write_bytes((repo / ".git" / "config").read_bytes())


@pytest.mark.parametrize("change", [change_settings, move_away, check_out, allow_all, make_anew])
def test_a_folder_is_asked_about_again_when_it_changed(repo: Path, change: Callable[[Path], None]) -> None:
    memo = CountingMemo()
    locate(repo, memo)
    change(repo)
    assert locate(repo, memo).worktree == repo
    assert memo.asked == 2


def test_what_was_opened_once_is_refused_when_it_is_no_repository_any_more(repo: Path) -> None:
    memo = CountingMemo()
    locate(repo, memo)
    (repo / ".git").rename(repo / "away")
    with pytest.raises(RepositoryError, match="is not a git repository; run `git init"):
        locate(repo, memo)
    (repo / "away").rename(repo / ".git")
    assert locate(repo, memo).worktree == repo


def test_another_environment_is_asked_again(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memo = CountingMemo()
    locate(repo, memo)
    (repo / "odd").write_text("[[\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(repo / "odd"))
    with pytest.raises(RepositoryError, match="cannot be opened by git"):
        locate(repo, memo)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    locate(repo, memo)
    assert memo.asked == 2


def test_few_places_are_remembered(repo: Path) -> None:
    memo, location = LocationMemo(), locate(repo)
    for number in range(MOST_LOCATIONS + 3):
        memo.put(Git(repo, {"NUMBER": str(number)}), location)
    assert len(memo.known) == MOST_LOCATIONS
    assert memo.get(Git(repo, {"NUMBER": "0"})) is None
    assert memo.get(Git(repo, {"NUMBER": "66"})) is location
