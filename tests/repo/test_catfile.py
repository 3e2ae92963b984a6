"""One git process: its answers, its errors, and what ends it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.errors import RepositoryError
from agentless.repo.catfile import ASKED_AT_ONCE, USAGE_ERROR, CatFile, CatFileError
from agentless.repo.plumbing import Git
from tests.conftest import git, make_repo

MISSING = "0" * 39 + "1"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {f"{number}.txt": f"text {number}\n" * number for number in range(200)})


@pytest.fixture(params=[False, True], ids=["new", "old"])
def process(repo: Path, request: pytest.FixtureRequest) -> Iterator[CatFile]:
    running = CatFile(Git(repo), old=request.param)
    yield running
    running.end()


def named(repo: Path, *names: str) -> list[str]:
    return [git(repo, "rev-parse", name).strip() for name in names]


def test_contents_of_every_kind_in_order(repo: Path, process: CatFile) -> None:
    ids = named(repo, "HEAD", "HEAD^{tree}", "HEAD:3.txt", "HEAD:0.txt")
    commit, tree, text, empty = process.contents(ids)
    assert commit is not None and commit[0] == "commit" and commit[1].startswith(f"tree {ids[1]}\n".encode())
    assert tree is not None and tree[0] == "tree" and b"100644 3.txt\0" + bytes.fromhex(ids[2]) in tree[1]
    assert (text, empty) == (("blob", b"text 3\n" * 3), ("blob", b""))


def test_more_requests_than_a_pipe_holds(repo: Path, process: CatFile) -> None:
    ids = [line.split()[2] for line in git(repo, "ls-tree", "HEAD").splitlines()] * 20
    assert len(ids) > 60 * ASKED_AT_ONCE
    expected = [git(repo, "cat-file", "blob", sha).encode() for sha in ids[:5]]
    found = process.contents(ids)
    assert len(found) == len(ids)
    assert [content[1] for content in found[:5] if content] == expected


def test_what_is_missing_is_none_and_the_others_come(repo: Path, process: CatFile) -> None:
    (one,) = named(repo, "HEAD:1.txt")
    assert process.contents([MISSING, one, MISSING]) == [None, ("blob", b"text 1\n"), None]
    assert process.contents([]) == []


def test_kinds_and_sizes(repo: Path) -> None:
    process = CatFile(Git(repo))
    ids = named(repo, "HEAD:3.txt", "HEAD:0.txt")
    assert process.infos([ids[0], MISSING, ids[1]]) == [("blob", 21), None, ("blob", 0)]
    assert process.infos([]) == []
    process.end()


def test_a_process_that_died_says_so(repo: Path, process: CatFile) -> None:
    process.process.kill()
    with pytest.raises(CatFileError, match=r"ended early in .*run `git fsck`") as caught:
        process.contents(named(repo, "HEAD"))
    assert isinstance(caught.value, RepositoryError) and caught.value.code == -9


def test_an_answer_of_another_object_is_an_error(repo: Path) -> None:
    """As when something else has written to the pipe."""
    process = CatFile(Git(repo))
    second, third = named(repo, "HEAD:2.txt", "HEAD:3.txt")
    process.send(f"contents {third}\n")
    with pytest.raises(CatFileError, match=f"when asked for object {second}"):
        process.contents([second])
    process.end()


def test_an_unknown_option_is_told_from_other_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexit 129\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    process = CatFile(Git(tmp_path))
    with pytest.raises(CatFileError) as caught:
        process.contents([MISSING])
    assert caught.value.code == USAGE_ERROR
    process.end()


def test_end_twice(process: CatFile) -> None:
    process.end()
    process.end()
    assert process.process.returncode is not None and not process.is_usable()


def test_a_store_that_was_replaced_is_not_the_same(repo: Path, tmp_path: Path) -> None:
    process = CatFile(Git(repo, {"GIT_DIR": str(repo / ".git")}))
    assert process.is_usable()
    (repo / ".git").rename(tmp_path / "away")
    assert not process.is_usable()
    git(repo, "init", "-q")
    assert not process.is_usable()
    process.end()


def test_a_program_that_is_killed_leaves_no_process(repo: Path) -> None:
    script = (
        "import os, sys, signal\nfrom pathlib import Path\nfrom agentless.repo.catfile import CatFile\n"
        "from agentless.repo.plumbing import Git\n"
        "process = CatFile(Git(Path(sys.argv[1])))\nprocess.infos([])\n"
        "print(process.process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, str(repo)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    assert done.returncode == -9
    pid = int(done.stdout)
    patience = time.monotonic() + 10
    while not is_gone(pid) and time.monotonic() < patience:
        time.sleep(0.01)
    assert is_gone(pid)


def is_gone(pid: int) -> bool:
    """Whether no such process runs; one that nobody has waited for yet does not run."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@settings(max_examples=25, deadline=None)
@given(contents=st.lists(st.binary(max_size=200), min_size=1, max_size=5), old=st.booleans())
def test_any_bytes_come_back(contents: list[bytes], old: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    git(folder, "init", "-q", "--bare")
    asked = []
    for data in contents:
        command = ["git", "hash-object", "-w", "--stdin"]
        done = subprocess.run(command, cwd=folder, input=data, capture_output=True, check=True)
        asked.append(done.stdout.decode().strip())
    process = CatFile(Git(folder), old=old)
    assert process.contents(asked) == [("blob", data) for data in contents]
    process.end()
