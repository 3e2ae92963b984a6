"""Several processes index several commits with one cache: each gets what a lonely one gets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.repo import BlobCache, Index, RepoSnapshot
from tests.conftest import git, make_repo

WORK = """
import hashlib, json, sys
from pathlib import Path
from agentless.repo import BlobCache, Index, RepoSnapshot

repo, folder, *commits = sys.argv[1:]
digests = {}
with BlobCache.open(Path(folder)) as cache:
    for commit in commits:
        with RepoSnapshot.open(repo, commit) as snapshot:
            index = Index.build(snapshot, cache)
            known = [
                (path, sorted(index.facts(path).words.items()), index.facts(path).names)
                for path in index.paths()
            ]
        digests[commit] = hashlib.sha256(json.dumps(known).encode()).hexdigest()
print(json.dumps(digests))
"""
COMMITS = 6


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository whose commits share most of their files."""
    files: dict[str, str | bytes] = {
        f"pkg/m{number}.py": f'"""Module {number}."""\n\n\ndef run_{number}(value):\n    return value * {number}\n'
        * 20
        for number in range(40)
    }
    repo = make_repo(tmp_path / "repo", files)
    commits = [git(repo, "rev-parse", "HEAD").strip()]
    for number in range(1, COMMITS):
        for place in range(number, number + 8):
            (repo / f"pkg/m{place}.py").write_text(
                f"class New{number}At{place}:\n    word_{number}_{place} = {place}\n" * 30
            )
        git(repo, "commit", "-qam", f"change {number}")
        commits.append(git(repo, "rev-parse", "HEAD").strip())
    return repo, commits


def digests(repo: Path, folder: Path, commits: list[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WORK, str(repo), str(folder), *commits]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process: "subprocess.Popen[str]") -> dict[str, str]:
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    found: dict[str, str] = json.loads(out)
    return found


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_share_a_cache_and_agree(history: tuple[Path, list[str]], tmp_path: Path, workers: int) -> None:
    repo, commits = history
    alone = result(digests(repo, tmp_path / "alone", commits))
    turned = [commits[number:] + commits[:number] for number in range(workers)]
    for found in map(result, [digests(repo, tmp_path / "shared", order) for order in turned]):
        assert found == alone
    assert result(digests(repo, tmp_path / "shared", commits)) == alone, "and so is what they left behind"


def test_what_they_left_behind_needs_no_parsing(history: tuple[Path, list[str]], tmp_path: Path) -> None:
    repo, commits = history
    for process in [digests(repo, tmp_path / "shared", commits) for _ in range(3)]:
        result(process)
    with BlobCache.open(tmp_path / "shared") as cache, RepoSnapshot.open(repo, commits[-1]) as snapshot:
        snapshot.reader.close()
        index = Index.build(snapshot, cache)
        assert all(index.facts(path).words for path in index.paths())
