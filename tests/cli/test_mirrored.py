"""Mirrors of a dataset's repositories in the cache: fetched once, found again, never half."""

import os
from pathlib import Path
from shutil import which

import pytest

from agentless.cli.world import mirrored
from agentless.errors import DownloadError
from agentless.records import Instance
from agentless.repo import RepoSnapshot
from tests.conftest import git, make_repo


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = make_repo(tmp_path / "remote" / "ada" / "shop", {"a.py": "one"})
    (place / "a.py").write_text("two")
    git(place, "commit", "-qam", "two")
    git(place, "config", "uploadpack.allowReachableSHA1InWant", "true")
    monkeypatch.setenv("AGENTLESS_GIT_URL", f"file://{tmp_path}/remote/{{repo}}")
    return place


def instance(number: int, commit: str) -> Instance:
    return Instance(
        instance_id=f"ada__shop-{number}", repo="ada/shop", base_commit=commit, problem_statement="it is broken"
    )


def test_one_mirror_for_all_instances_of_a_project(remote: Path, tmp_path: Path) -> None:
    newest, oldest = git(remote, "rev-list", "HEAD").split()
    said: list[str] = []
    found = mirrored([instance(1, oldest), instance(2, newest)], said.append)
    assert set(found) == {"ada__shop-1", "ada__shop-2"}
    assert len(set(found.values())) == 1
    assert said == ["ada/shop: fetching 2 of 2 commits"]
    with RepoSnapshot.open(found["ada__shop-1"], oldest) as snapshot:
        assert snapshot.text("a.py") == "one"


def test_a_second_run_needs_no_network(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest, oldest = git(remote, "rev-list", "HEAD").split()
    mirrored([instance(1, oldest)], lambda _: None)
    monkeypatch.setenv("AGENTLESS_GIT_URL", "file:///nowhere/{repo}")
    said: list[str] = []
    assert list(mirrored([instance(1, oldest)], said.append)) == ["ada__shop-1"]
    assert said == []
    with pytest.raises(DownloadError, match=r"ada/shop could not be fetched: .*--repos .*AGENTLESS_GIT_URL"):
        mirrored([instance(2, newest)], said.append)


def test_a_second_run_asks_git_once_per_project(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest, oldest = git(remote, "rev-list", "HEAD").split()
    wanted = [instance(1, oldest), instance(2, newest)]
    first = mirrored(wanted, lambda _: None)
    real, log = which("git"), tmp_path / "asked"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {real} "$@"\n')
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert mirrored(wanted, lambda _: None) == first
    assert sum("cat-file" in line for line in log.read_text().splitlines()) == 1


def test_no_network_at_first_names_the_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTLESS_GIT_URL", "http://127.0.0.1:9/{repo}.git")
    with pytest.raises(
        DownloadError, match=r"run the command again, or name a folder of repositories with --repos"
    ):
        mirrored([instance(1, "a" * 40)], lambda _: None)
