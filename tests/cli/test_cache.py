import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentless.cli.cache import MB, show_removed
from agentless.cli.main import main
from agentless.cli.stored import DAY_S, Stored, shrink
from agentless.folders import cache_folder
from agentless.repo import BlobCache
from agentless.repo.cache import FILE_NAME, CachedBlob
from agentless.sandbox.program import bwrap_program
from tests.cli.conftest import ISSUE


def used(shop: Path) -> Path:
    """The cache after a localization."""
    assert main(["localize", "--repo", str(shop), "--issue", ISSUE]) == 0
    return cache_folder()


def test_info_names_folder_and_parts(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = used(shop)
    capsys.readouterr()
    assert main(["cache", "info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(folder)
    assert lines[1].split()[0] == "facts" and " 3 entries" in lines[1]


def test_info_of_an_empty_cache(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "info"]) == 0
    assert "empty" in capsys.readouterr().out
    assert not cache_folder().exists()


def test_prune_removes_says_how_much_and_the_next_run_makes_it_again(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used(shop)
    first = capsys.readouterr().out
    assert main(["cache", "prune", "--max-size", "0", "--json"]) == 0
    shown = capsys.readouterr()
    assert "removed 3 entries" in shown.err
    facts = json.loads(shown.out)["parts"][0]
    assert (facts["name"], facts["entries"], facts["prunable"]) == ("facts", 0, True)
    used(shop)
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prune"], "needs --older-than DAYS or --max-size MB"),
        (["info", "--max-size", "5"], "go with prune"),
        (["prune", "--older-than", "-1"], "must not be negative"),
    ],
)
def test_bad_input(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", *arguments]) == 2
    assert said in capsys.readouterr().err


def old_weights(folder: Path) -> Path:
    """Weights that nobody used for long."""
    path = folder / "weights" / "small.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 1000)
    os.utime(path, (DAY_S, DAY_S))
    return path


def test_one_entry_is_an_entry(capsys: pytest.CaptureFixture[str]) -> None:
    path = old_weights(cache_folder())
    assert main(["cache", "prune", "--older-than", "30"]) == 0
    assert capsys.readouterr().err == "removed 1 entry, 0.0 MB\n"
    assert not path.exists()


@pytest.mark.bwrap
@pytest.mark.parametrize("bound", ["--older-than=1", "--max-size=0"])
def test_a_read_only_cache_is_a_failure_that_says_why(shop: Path, bound: str) -> None:
    folder = used(shop)
    weights = old_weights(folder)
    command = [bwrap_program() or "bwrap", "--dev-bind", "/", "/", "--ro-bind", str(folder), str(folder)]
    done = subprocess.run(
        [*command, sys.executable, "-m", "agentless", "cache", "prune", bound],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("nothing could be removed: ")
    assert f"{weights.parent}: Read-only file system" in done.stderr
    assert f"{folder / FILE_NAME}: it cannot be written by you" in done.stderr
    assert weights.exists()


class Refusing(BlobCache):
    """A cache that can be read and not written."""

    def prune(self, before_day: int, max_bytes: int | None = None) -> bool:
        """Not here."""
        return False


def test_facts_that_cannot_go_are_asked_for_once(tmp_path: Path) -> None:
    path = old_weights(tmp_path)
    now = time.time()
    with Refusing(tmp_path) as cache:
        cache.save({b"k" * 20: CachedBlob("", b"facts")})
        kept: list[str] = []
        shrink([Stored(path=path, used_s=now + 9 * DAY_S, bytes=1000)], cache, 0, kept)
    assert not path.exists()
    assert kept == [f"{cache.file}: another process holds it, or it cannot be opened; try again later"]


def test_what_went_and_what_could_not_are_both_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_removed(2, 3 * MB, ["a: why", "b: why"])
    assert capsys.readouterr().err == "removed 2 entries, 3.0 MB; some could not be removed: a: why; b: why\n"
