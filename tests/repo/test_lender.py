"""Processes that serve one reader after another: how many run, when they are replaced, and who may use them."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.catfile import CatFile, Content
from agentless.repo.lender import MOST_IDLE, Lender
from agentless.repo.location import locate
from agentless.repo.plumbing import Git
from tests.conftest import git, make_repo
from tests.repo.test_catfile import MISSING, is_gone


class Watched(Lender):
    """Remembers every process that it started."""

    def __init__(self, most_idle: int = MOST_IDLE) -> None:
        super().__init__(most_idle)
        self.started: list[CatFile] = []

    def start(self, git: Git) -> CatFile:
        self.started.append(super().start(git))
        return self.started[-1]


@pytest.fixture
def lender() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.close()
    assert all(is_gone(each.process.pid) for each in made.started)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.py": "a = 1\n", "b.py": "b = 2\n"})


def door(repo: Path) -> Git:
    return locate(repo).git


def sha(repo: Path, name: str) -> str:
    return git(repo, "rev-parse", name).strip()


def blob(text: str) -> Content:
    return "blob", text.encode()


def test_one_process_serves_all_questions(repo: Path, lender: Watched) -> None:
    ids = [sha(repo, "HEAD:a.py"), sha(repo, "HEAD:b.py")]
    for _ in range(3):
        assert lender.contents(door(repo), ids) == [blob("a = 1\n"), blob("b = 2\n")]
        assert lender.infos(door(repo), ids) == [("blob", 6), ("blob", 6)]
    assert len(lender.started) == 1 and lender.idle == lender.started


def test_what_came_after_the_process_is_found(repo: Path, lender: Watched) -> None:
    lender.contents(door(repo), [sha(repo, "HEAD:a.py")])
    (repo / "a.py").write_text("a = 3\n")
    git(repo, "commit", "-q", "-a", "-m", "second")
    assert lender.contents(door(repo), [sha(repo, "HEAD:a.py")]) == [blob("a = 3\n")]
    assert len(lender.started) == 1


def test_packs_that_were_replaced_are_read(repo: Path, lender: Watched) -> None:
    known, other = sha(repo, "HEAD:a.py"), sha(repo, "HEAD:b.py")
    git(repo, "repack", "-a", "-d", "-q")
    assert lender.contents(door(repo), [known]) == [blob("a = 1\n")]
    for number in range(3):
        (repo / "c.py").write_text(f"c = {number}\n")
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "more")
        git(repo, "repack", "-a", "-d", "-f", "-q")
        git(repo, "prune-packed")
        found = lender.contents(door(repo), [other, known, sha(repo, "HEAD:c.py")])
        assert found == [blob("b = 2\n"), blob("a = 1\n"), blob(f"c = {number}\n")]


def test_a_fetched_commit_is_found(repo: Path, tmp_path: Path, lender: Watched) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repo), "mirror")
    mirror = tmp_path / "mirror"
    lender.contents(door(mirror), [sha(mirror, "HEAD:a.py")])
    (repo / "a.py").write_text("a = 4\n")
    git(repo, "commit", "-q", "-a", "-m", "second")
    new = sha(repo, "HEAD:a.py")
    assert lender.contents(door(mirror), [new]) == [None]
    git(mirror, "-c", "fetch.unpackLimit=1", "fetch", "-q", str(repo), "main:kept")
    assert lender.contents(door(mirror), [new]) == [blob("a = 4\n")]


def test_a_store_to_borrow_from_that_came_later_needs_a_new_process(
    repo: Path, tmp_path: Path, lender: Watched
) -> None:
    other = make_repo(tmp_path / "other", {"z.py": "z = 9\n"})
    lender.contents(door(repo), [sha(repo, "HEAD:a.py")])
    (repo / ".git" / "objects" / "info" / "alternates").write_text(f"{other}/.git/objects\n")
    assert lender.contents(door(repo), [sha(other, "HEAD:z.py")]) == [blob("z = 9\n")]
    assert len(lender.started) == 2 and len(lender.idle) == 1


def test_a_store_made_anew_is_read_anew(repo: Path, lender: Watched) -> None:
    old = sha(repo, "HEAD:a.py")
    lender.contents(door(repo), [old])
    subprocess.run(["rm", "-r", str(repo)], check=True)
    make_repo(repo, {"a.py": "other\n"})
    assert lender.contents(door(repo), [sha(repo, "HEAD:a.py"), old]) == [blob("other\n"), None]


def test_a_store_that_is_gone_is_one_clear_line(repo: Path, lender: Watched) -> None:
    known, opened = sha(repo, "HEAD:a.py"), door(repo)
    lender.contents(opened, [known])
    subprocess.run(["rm", "-r", str(repo)], check=True)
    with pytest.raises(RepositoryError, match=r"cannot run in .*repo"):
        lender.contents(opened, [known])


def test_a_process_that_was_killed_is_replaced(repo: Path, lender: Watched) -> None:
    for _ in range(2):
        assert lender.contents(door(repo), [sha(repo, "HEAD:a.py")]) == [blob("a = 1\n")]
        lender.started[-1].process.kill()
    assert lender.infos(door(repo), [sha(repo, "HEAD:b.py")]) == [("blob", 6)]
    assert len(lender.started) == 3


def test_an_interrupted_question_does_not_answer_the_next(repo: Path, lender: Watched) -> None:
    def interrupted(process: CatFile) -> list[Content | None]:
        process.send(f"contents {sha(repo, 'HEAD:b.py')}\nflush\n")
        raise KeyboardInterrupt

    lender.contents(door(repo), [sha(repo, "HEAD:a.py")])
    with pytest.raises(KeyboardInterrupt):
        lender.asked(door(repo), interrupted)
    assert lender.contents(door(repo), [sha(repo, "HEAD:a.py")]) == [blob("a = 1\n")]
    assert lender.started[0].process.returncode is not None


def test_few_processes_wait(tmp_path: Path, lender: Watched) -> None:
    repos = [make_repo(tmp_path / str(number), {"a.py": f"{number}\n"}) for number in range(MOST_IDLE + 2)]
    for number, repo in enumerate(repos):
        assert lender.contents(door(repo), [sha(repo, "HEAD:a.py")]) == [blob(f"{number}\n")]
    assert lender.idle == lender.started[-MOST_IDLE:]
    assert [each.process.returncode for each in lender.started[:-MOST_IDLE]] == [-9, -9]
    assert lender.running == set(lender.idle)


def test_the_processes_of_one_store_end_alone(repo: Path, tmp_path: Path, lender: Watched) -> None:
    other = make_repo(tmp_path / "other", {"z.py": "z = 9\n"})
    for each in (repo, other):
        lender.infos(door(each), [MISSING])
    lender.end(door(repo))
    first, second = lender.started
    assert is_gone(first.process.pid) and not is_gone(second.process.pid)
    lender.end(door(repo))


def test_another_environment_is_another_process(
    repo: Path, lender: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender.infos(door(repo), [MISSING])
    monkeypatch.setenv("HOME", str(repo))
    lender.infos(door(repo), [MISSING])
    assert len(lender.started) == 2


def test_threads_get_one_each_and_share_them_later(repo: Path, lender: Watched) -> None:
    ids = [sha(repo, "HEAD:a.py"), sha(repo, "HEAD:b.py")]
    results: list[bool] = []

    def read() -> None:
        expected = [blob("a = 1\n"), blob("b = 2\n")] * 20
        results.extend(lender.contents(door(repo), ids * 20) == expected for _ in range(50))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 200
    assert len(lender.running) <= MOST_IDLE and lender.running == set(lender.idle)


def test_a_fork_reads_by_a_process_of_its_own(repo: Path) -> None:
    script = (
        "import os, sys\nfrom agentless.repo.lender import LENDER\nfrom agentless.repo.location import locate\n"
        "def read():\n    return LENDER.contents(locate(sys.argv[1]).git, [sys.argv[2]])[0][1].decode()\n"
        "read()\n(first,) = LENDER.running\nchild = os.fork()\n"
        "if child == 0:\n    before = len(LENDER.running)\n    said = read()\n"
        "    (own,) = LENDER.running\n    assert before == 0 and own.process.pid != first.process.pid\n"
        "    print(said.strip(), flush=True)\n    sys.exit(0)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
        "assert first.process.poll() is None\nprint(read().strip(), LENDER.running == {first})\n"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(repo), sha(repo, "HEAD:a.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("a = 1\na = 1 True\n", "", 0)


def test_a_program_that_ends_leaves_no_process(repo: Path) -> None:
    script = (
        "import sys\nfrom agentless.repo import RepoSnapshot\nfrom agentless.repo.lender import LENDER\n"
        "with RepoSnapshot.open(sys.argv[1], 'HEAD') as snapshot:\n    snapshot.text('a.py')\n"
        "(kept,) = LENDER.idle\nprint(kept.process.pid)\n"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(repo)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == "" and is_gone(int(done.stdout))


OLD_GIT = """#!/bin/sh
case "$*" in
*--batch-command*) echo "error: unknown option" >&2; exit 129;;
esac
exec {git} "$@"
"""


def test_an_old_git_is_asked_in_its_own_way(
    repo: Path, tmp_path: Path, lender: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    program.write_text(OLD_GIT.format(git=real))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    known = sha(repo, "HEAD:a.py")
    for _ in range(2):
        assert lender.contents(door(repo), [known, known]) == [blob("a = 1\n")] * 2
        assert lender.infos(door(repo), [known]) is None
    assert [each.old for each in lender.started] == [False, True]
    assert lender.contents(door(repo), [MISSING]) == [None]


def test_infos_of_an_old_git_that_nobody_knew_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexit 129\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    lender = Lender()
    assert lender.infos(Git(tmp_path), [MISSING]) is None
    with pytest.raises(RepositoryError, match="ended early"):
        lender.contents(Git(tmp_path), [MISSING])
    assert not lender.running


def test_memory_of_a_process_is_bounded(tmp_path: Path, lender: Watched) -> None:
    """Versions of large files, each a difference from the last: what git would like to keep unpacked."""
    repo = tmp_path / "repo"
    lines = [f"line {number} of a large file\n" * 20 for number in range(1500)]
    parts = []
    for version in range(150):
        lines[version] = f"version {version}\n"
        data = "".join(lines)
        parts.append(f"blob\nmark :{version + 1}\ndata {len(data)}\n{data}\n")
    make_repo(repo, {})
    subprocess.run(["git", "fast-import", "--quiet", f"--export-marks={tmp_path}/marks"], cwd=repo,
                   input="".join(parts).encode(), check=True)  # fmt: skip
    ids = [line.split()[1] for line in (tmp_path / "marks").read_text().splitlines()]
    sizes = [len(content[1]) for each in ids for content in lender.contents(door(repo), [each]) if content]
    assert len(sizes) == 150 and sum(sizes) > 100_000_000
    status = Path(f"/proc/{lender.idle[0].process.pid}/status").read_text()
    (held,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:"))
    assert held < 80_000
