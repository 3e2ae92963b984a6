from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git, first_line, inherited_settings
from tests.conftest import git, make_repo


def test_variables_that_point_elsewhere_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_repo(tmp_path / "one", {"a.txt": "1"})
    two = make_repo(tmp_path / "two", {"b.txt": "2"})
    monkeypatch.setenv("GIT_DIR", str(two / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(two / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(two))
    assert Git(one).run("ls-files") == b"a.txt\n"


def test_settings_of_the_environment_stay_and_the_safe_ones_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "3")
    for number, (key, value) in enumerate(
        [("safe.directory", "/one"), ("safe.directory", "/two"), ("core.fsmonitor", "evil")]
    ):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    repo = Git(make_repo(tmp_path, {"a": ""}))
    assert repo.run("config", "--get-all", "safe.directory") == b"/one\n/two\n"
    assert repo.run("config", "core.fsmonitor") == b"false\n"


@pytest.mark.parametrize("count", ["", "x", "-1", "0"])
def test_a_broken_count_of_settings_is_none(count: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", count)
    assert inherited_settings() == []


def test_own_variables_and_settings_win(tmp_path: Path) -> None:
    repo = Git(make_repo(tmp_path, {"a": ""}))
    more = repo.with_more({"LC_ALL": "C.UTF-8"}, {"core.fsmonitor": "true"})
    assert more.environment["LC_ALL"] == "C.UTF-8"
    assert more.run("config", "core.fsmonitor") == b"true\n"
    assert repo.environment["LC_ALL"] == "C"


def test_a_failure_is_one_line_with_the_command_and_the_reason(tmp_path: Path) -> None:
    make_repo(tmp_path, {"a": ""})
    with pytest.raises(RepositoryError, match=r"^git cat-file failed in .*: Not a valid object name nothing$"):
        Git(tmp_path).run("cat-file", "-t", "nothing")


def test_a_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match="git is not installed"):
        Git(tmp_path).attempt("version")
    with pytest.raises(RepositoryError, match="git is not installed"):
        Git(tmp_path).start(["cat-file", "--batch"])


def test_a_missing_folder_is_not_taken_for_a_missing_git(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"cannot run in .*gone"):
        Git(tmp_path / "gone").attempt("version")


def test_input_reaches_the_process(tmp_path: Path) -> None:
    make_repo(tmp_path, {"a": "text\n"})
    sha = git(tmp_path, "rev-parse", "HEAD:a").strip()
    assert (
        Git(tmp_path).run("cat-file", "--batch", stdin=f"{sha}\n".encode()) == f"{sha} blob 5\ntext\n\n".encode()
    )


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [(b"", ""), (b"fatal: bad\nmore\n", "bad"), (b"error: \xff\n", "\ufffd"), (b"\n\nplain", "plain")],
)
def test_first_line(stderr: bytes, expected: str) -> None:
    assert first_line(stderr) == expected
