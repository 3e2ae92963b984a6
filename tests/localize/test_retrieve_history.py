"""Retrieval on repositories with a past: what came later changes nothing, and every run gives the same."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agentless.localize.features import all_features
from agentless.localize.retrieve import main_task, retrieve
from agentless.localize.weights import load_weights
from agentless.records import RankedFile
from agentless.repo import BlobCache, Index, RepoSnapshot
from tests.conftest import git
from tests.localize.conftest import FILES
from tests.repo.past_repo import commit, head, long_past

ISSUE = "Shelves are empty\n\nAn order reserves more than the shelf holds."
PROGRAM = """
import json, sys
from agentless.localize import retrieve
from agentless.repo import BlobCache, Index, RepoSnapshot
with RepoSnapshot.open(sys.argv[1], sys.argv[2]) as snapshot, BlobCache.open() as cache:
    files = retrieve(Index.build(snapshot, cache), sys.argv[3])
    print(json.dumps([(file.path, file.score, file.reasons) for file in files]))
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project after sixty commits, with a fix of invoices that speaks of shelves."""
    repo = long_past(tmp_path_factory.mktemp("shop") / "repo")
    commit(repo, "A shop", FILES)
    invoice = FILES["src/shop/report/invoice.py"]
    commit(repo, "Shelves that are empty are no order", {"src/shop/report/invoice.py": invoice + "\n# reserved\n"})
    return repo


def ranked(repo: Path, commit_id: str = "HEAD", cache: BlobCache | None = None) -> list[RankedFile]:
    with RepoSnapshot.open(repo, commit_id) as snapshot:
        return retrieve(Index.build(snapshot, cache), ISSUE)


def test_a_message_raises_the_files_of_its_commit(shop: Path) -> None:
    (invoice,) = (file for file in ranked(shop) if file.path.endswith("invoice.py"))
    assert any(reason.startswith("commit_knn") for reason in invoice.reasons)
    (before,) = (file for file in ranked(shop, "HEAD~1") if file.path.endswith("invoice.py"))
    assert invoice.score > before.score


def test_commits_after_the_one_under_repair_change_no_score(shop: Path, tmp_path: Path) -> None:
    under_repair = head(shop)
    with BlobCache.open(tmp_path / "plain") as cache:
        before = ranked(shop, under_repair, cache)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(shop), str(clone))
    for number in range(3):
        fix = {"src/shop/money.py": f"SHELF = {number}\n", "src/shop/shelf.py": "x = 1\n"}
        commit(clone, f"{ISSUE} Fixed in money.py", fix)
    git(clone, "checkout", "-q", "-b", "side", "HEAD~2")
    commit(clone, "Shelves shelf order reserve", {"src/shop/money.py": "SHELF = 9\n"})
    with BlobCache.open(tmp_path / "later") as cache:
        ranked(clone, "main", cache)  # the later commits are known from now on
        assert ranked(clone, under_repair, cache) == before
        assert ranked(clone, "side", cache) != before


def test_a_shallow_clone_is_ranked_without_history(shop: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{shop}", str(clone))
    files = ranked(clone)
    assert files[0].path == "src/shop/stock.py"
    assert not any(reason.startswith(("commit_knn", "recency")) for file in files for reason in file.reasons)


def test_every_process_gives_the_same(shop: Path, tmp_path: Path) -> None:
    found = []
    for seed, cache in (("1", "a"), ("2", "a"), ("3", "b")):
        variables = {**os.environ, "PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(tmp_path / cache)}
        command = [sys.executable, "-c", PROGRAM, str(shop), "HEAD", ISSUE]
        found.append(json.loads(subprocess.run(command, env=variables, capture_output=True, check=True).stdout))
    assert found[0] == found[1] == found[2]
    assert [tuple(file[:2]) for file in found[0]] == [(file.path, file.score) for file in ranked(shop)]


def test_a_repository_without_python(tmp_path: Path) -> None:
    repo = long_past(tmp_path / "repo")
    git(repo, "rm", "-q", "-r", "pkg")
    go = {f"shop/part{number}.go": f"package shop\n\nfunc Part{number}() {{}}\n" for number in range(4)}
    commit(repo, "In Go", {**go, "shop/stock.go": "package shop\n\n// Reserve\nfunc FindShelf() {}\n"})
    commit(repo, "Empty shelves", {"shop/part3.go": "package shop\n"})
    files = ranked(repo)
    assert {file.path for file in files[:2]} == {"shop/stock.go", "shop/part3.go"}


def test_a_feature_from_outside_counts_with_its_weight(shop: Path) -> None:
    with RepoSnapshot.open(shop, "HEAD") as snapshot:
        index = Index.build(snapshot)
        plain = {file.path: file.score for file in retrieve(index, ISSUE)}
        lifted = {
            file.path: file for file in retrieve(index, ISSUE, extra={"embedding": {"src/shop/money.py": 1.0}})
        }
        assert lifted["src/shop/money.py"].score > plain["src/shop/money.py"] + 0.5
        assert any(reason.startswith("embedding") for reason in lifted["src/shop/money.py"].reasons)
        assert lifted.keys() == plain.keys()
        with pytest.raises(KeyError, match="unheard"):
            retrieve(index, ISSUE, extra={"unheard": {}})


def test_a_feature_from_outside_moves_nothing_else_but_neighbours(shop: Path) -> None:
    path, near = "src/shop/money.py", {"embedding": {"src/shop/money.py": 1.0}}
    with RepoSnapshot.open(shop, "HEAD") as snapshot:
        index = Index.build(snapshot)
        task = main_task(index, ISSUE, load_weights())
        before, after = (
            {file.path: file.score for file in retrieve(index, ISSUE, extra=extra)}[path] for extra in ({}, near)
        )
    plain, lifted = all_features(task), all_features(replace(task, extra=near))
    place = task.corpus.paths.index(path)
    assert lifted["embedding"][place] == lifted["embedding"].sum() == 1.0
    moved = {name for name in plain if not np.array_equal(plain[name], lifted[name])}
    assert moved <= {"imp_from"}
    rest = sum(task.formula[name] * float(lifted[name][place] - plain[name][place]) for name in sorted(moved))
    assert after - before == pytest.approx(1.0 + rest, abs=1e-5)
