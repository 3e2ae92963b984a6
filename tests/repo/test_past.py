"""The past of real repositories: merges, shallow and partial clones, dirty trees, shared and damaged caches."""

import multiprocessing
from pathlib import Path

import pytest

from agentless.repo import BlobCache, Index, Past, RepoSnapshot
from agentless.repo.gitlog import read_log
from agentless.repo.history_file import FORMAT, MOST_FILES, SUFFIX, load_history, save_history
from agentless.repo.history_growth import EMPTY, grown
from agentless.repo.past import Shelf, past_of, shallow_file, shelf
from tests.conftest import git
from tests.repo.past_repo import commit, git_of, head, long_past


@pytest.fixture(autouse=True)
def forgetful() -> None:
    shelf.cache_clear()


@pytest.fixture(scope="module")
def grown_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_past(tmp_path_factory.mktemp("past") / "repo")


def count(past: Past | None) -> int:
    assert past is not None
    return int(past.ancestors.sum())


def test_all_ancestors_and_no_later_commit(grown_repo: Path) -> None:
    git_door, ids = git_of(grown_repo), git(grown_repo, "rev-list", "HEAD").split()
    assert count(past_of(git_door, ids[0], None)) == len(ids) == 61
    assert count(past_of(git_door, ids[5], None)) == 56
    assert past_of(git_door, ids[20], None) is None, "41 ancestors are too few"


def test_one_log_serves_the_commits_before_head(grown_repo: Path, tmp_path: Path) -> None:
    ids = git(grown_repo, "rev-list", "HEAD").split()
    past_of(git_of(grown_repo), ids[8], tmp_path)
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    before = file.stat().st_ino
    assert count(past_of(git_of(grown_repo), ids[0], tmp_path)) == 61
    assert file.stat().st_ino == before


def test_new_commits_are_appended(tmp_path: Path) -> None:
    repo = long_past(tmp_path / "repo")
    assert count(past_of(git_of(repo), head(repo), tmp_path / "kept")) == 61
    new = commit(repo, "One more", {"pkg/b.py": "y = 1\n"})
    shelf.cache_clear()
    past = past_of(git_of(repo), new, tmp_path / "kept")
    assert count(past) == 62 and past is not None
    assert past.mentions("more")[0].tolist() == [61]


def test_another_branch_counts_for_its_own_commits_alone(tmp_path: Path) -> None:
    repo = long_past(tmp_path / "repo")
    git(repo, "checkout", "-q", "-b", "side", "HEAD~3")
    side = commit(repo, "Sidestep", {"pkg/b.py": "y = 2\n"})
    git(repo, "checkout", "-q", "main")
    door = git_of(repo)
    assert count(past_of(door, head(repo), None)) == 61
    past = past_of(door, side, None)
    assert count(past) == 59 and past is not None and len(past.mentions("sidestep")[0]) == 1
    again = past_of(door, head(repo), None)
    assert again is not None and len(again.mentions("sidestep")[0]) == 0


def test_a_dirty_tree_has_head_s_past(tmp_path: Path) -> None:
    repo = long_past(tmp_path / "repo")
    (repo / "pkg" / "a.py").write_text("x = -1\n", encoding="utf-8")
    with RepoSnapshot.open(repo) as snapshot:
        assert count(Index(snapshot).past) == 61


def test_a_shallow_clone_says_little_until_it_is_deep(grown_repo: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "10", f"file://{grown_repo}", str(clone))
    assert past_of(git_of(clone), head(clone), tmp_path / "kept") is None
    git(clone, "fetch", "-q", "--depth", "55")
    past = past_of(git_of(clone), head(clone), tmp_path / "kept")
    assert count(past) == 55 and past is not None
    commits, _ = past.changes()
    assert len(commits) == 54, "the commit where the clone ends changed nothing"
    git(clone, "fetch", "-q", "--unshallow")
    assert count(past_of(git_of(clone), head(clone), tmp_path / "kept")) == 61


def test_a_clone_without_blobs_has_a_past_and_one_without_trees_has_none(grown_repo: Path, tmp_path: Path) -> None:
    git(grown_repo, "config", "uploadpack.allowFilter", "true")
    for kind, known in (("blob:none", True), ("tree:0", False)):
        clone = tmp_path / kind.replace(":", "-")
        git(tmp_path, "clone", "-q", "--bare", f"--filter={kind}", f"file://{grown_repo}", str(clone))
        git(clone, "config", "remote.origin.uploadpack", f"touch {tmp_path / 'fetched'}; git-upload-pack")
        assert (past_of(git_of(clone), head(clone), None) is not None) is known
    assert not (tmp_path / "fetched").exists(), "nothing is fetched"


def test_a_folder_that_is_no_repository_any_more_has_no_past(tmp_path: Path) -> None:
    repo = long_past(tmp_path / "repo")
    door, commit_id = git_of(repo), head(repo)
    (repo / ".git").rename(tmp_path / "away")
    assert past_of(door, commit_id, None) is None


def test_the_list_of_a_shallow_clone_is_where_git_says(grown_repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(grown_repo), "bare")
    git(tmp_path / "bare", "worktree", "add", "-q", "../linked")
    (tmp_path / "link").symlink_to(grown_repo)
    for folder in (grown_repo, tmp_path / "bare", tmp_path / "linked", tmp_path / "link", grown_repo / ".git"):
        door = git_of(folder)
        said = door.run("rev-parse", "--git-path", "shallow").decode().strip()
        assert shallow_file(door) == (door.folder / said).resolve()


def test_a_question_about_a_known_commit_starts_no_process(
    grown_repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, ids = git_of(grown_repo), git(grown_repo, "rev-list", "HEAD").split()
    past_of(door, ids[0], tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        assert count(past_of(door, ids[3], tmp_path)) == 58
        shelf.cache_clear()


@pytest.mark.parametrize("damage", [b"", b"agentless-history-1\n", FORMAT, b"garbage" * 1000])
def test_a_damaged_file_is_made_again(grown_repo: Path, tmp_path: Path, damage: bytes) -> None:
    past_of(git_of(grown_repo), head(grown_repo), tmp_path)
    (file,) = tmp_path.glob(f"*{SUFFIX}")
    whole = file.read_bytes()
    for bad in (damage, whole[:-3], whole[:100] + b"\0\0\0\0" + whole[104:]):
        file.write_bytes(bad)
        shelf.cache_clear()
        assert load_history(file) is None
        assert count(past_of(git_of(grown_repo), head(grown_repo), tmp_path)) == 61
        assert file.read_bytes() == whole


def test_what_is_saved_comes_back(grown_repo: Path, tmp_path: Path) -> None:
    history = grown(EMPTY, read_log(git_of(grown_repo), ["HEAD"]))
    file = tmp_path / f"x{SUFFIX}"
    save_history(file, history)
    again = load_history(file)
    assert again is not None
    assert (again.numbers, again.paths, again.words) == (history.numbers, history.paths, history.words)
    for one, other in (
        (again.dates, history.dates), (again.counts, history.counts), (again.files.values, history.files.values),
        (again.messages.values, history.messages.values), (again.parents.starts, history.parents.starts),
    ):  # fmt: skip
        assert one.tolist() == other.tolist()
    assert grown(again, []) is again
    assert again.tips == history.tips == (head(grown_repo),)


def test_an_unwritable_folder_and_too_many_files_do_no_harm(grown_repo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert count(past_of(git_of(grown_repo), head(grown_repo), tmp_path / "file" / "below")) == 61
    history = grown(EMPTY, read_log(git_of(grown_repo), ["HEAD"]))
    for number in range(MOST_FILES + 3):
        save_history(tmp_path / f"{number}{SUFFIX}", history)
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == MOST_FILES


def ask(repo: Path, folder: Path, commit_id: str) -> int:
    past = Shelf(repo, (), folder).past(git_of(repo), commit_id)
    return 0 if past is None else int(past.ancestors.sum())


def test_processes_share_the_folder(grown_repo: Path, tmp_path: Path) -> None:
    ids = git(grown_repo, "rev-list", "HEAD").split()[:8]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(ask, [(grown_repo, tmp_path, commit_id) for commit_id in ids])
    assert found == [61 - place for place in range(8)]
    assert [file.suffix for file in tmp_path.iterdir()] == [SUFFIX]


def test_an_index_keeps_its_history_beside_the_blobs(grown_repo: Path, tmp_path: Path) -> None:
    with RepoSnapshot.open(grown_repo, "HEAD") as snapshot, BlobCache.open(tmp_path) as cache:
        assert count(Index(snapshot, cache).past) == 61
    assert len(list((tmp_path / "history").glob(f"*{SUFFIX}"))) == 1
