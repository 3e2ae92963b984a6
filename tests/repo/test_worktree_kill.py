"""What a killed process leaves of a recorded work tree goes with the next one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from agentless.owned import owner_of
from agentless.owners import owner
from agentless.repo import RepoSnapshot
from agentless.repo.worktree import PREFIX
from tests.conftest import make_repo
from tests.repo.conftest import FILES

KILLED = """
import os, sys
from pathlib import Path
from agentless.repo import RepoSnapshot
with RepoSnapshot.open(Path(sys.argv[1])):
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = make_repo(tmp_path / "repo", FILES)
    (made / "a.py").write_text("changed = 1\n")
    return made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def killed(repo: Path, place: Path) -> Path:
    """What a process that was killed while it had the work tree has left."""
    before = set(place.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(repo)], check=False, env={**os.environ, "TMPDIR": str(place)}
    )
    assert done.returncode == -9
    (left,) = set(place.glob(f"{PREFIX}*")) - before
    return left


def test_the_next_work_tree_removes_it_and_leaves_that_of_the_living(repo: Path, place: Path) -> None:
    with RepoSnapshot.open(repo) as living:
        (own,) = place.iterdir()
        left = killed(repo, place)
        assert own.exists()
        with RepoSnapshot.open(repo) as other:
            assert not left.exists() and own.exists()
            assert len(list(place.iterdir())) == 2
            assert other.tree_id == living.tree_id
            assert living.texts(["a.py"]) == other.texts(["a.py"])
    assert list(place.iterdir()) == []


def test_it_names_its_owner(repo: Path, place: Path) -> None:
    with RepoSnapshot.open(repo):
        (folder,) = place.iterdir()
        assert owner_of(folder, PREFIX) == owner()
