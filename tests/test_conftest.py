import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import git, in_ci, make_repo, missing_part


def test_the_same_files_give_the_same_commit(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "src/a.py": "x = 1\r\n",
        "b": b"\x00\xff",
        "ignored.pyc": "kept",
        ".gitignore": "*.pyc\n",
    }
    commits = [git(make_repo(tmp_path / name, files), "rev-parse", "HEAD").strip() for name in "ab"]
    assert commits[0] == commits[1]
    assert git(tmp_path / "a", "ls-files").split() == [".gitignore", "b", "ignored.pyc", "src/a.py"]
    assert git(tmp_path / "a", "status", "--porcelain") == ""
    assert (tmp_path / "a" / "src" / "a.py").read_bytes() == b"x = 1\r\n"


def test_a_repository_may_be_empty(tmp_path: Path) -> None:
    assert git(make_repo(tmp_path, {}), "ls-files") == ""


def test_only_1_means_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, expected in (("1", True), ("", False), ("0", False)):
        monkeypatch.setenv("AGENTLESS_CI", value)
        assert in_ci() is expected


@pytest.mark.parametrize(("ci", "outcome"), [("1", "error"), ("", "skipped")])
def test_a_missing_part_fails_in_ci_and_skips_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    """Run with a PATH on which there is no bubblewrap."""
    root = Path(__file__).parents[1]
    (tmp_path / "test_it.py").write_text(
        "import pytest\nfrom tests.conftest import *  # noqa\n@pytest.mark.bwrap\ndef test_it():\n    pass\n"
    )
    options = ["-q", "-p", "tests.conftest", "-c", str(root / "pyproject.toml"), str(tmp_path)]
    monkeypatch.setenv("AGENTLESS_CI", ci)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=root, capture_output=True, text=True, check=False
    )
    assert f"1 {outcome}" in done.stdout, done.stdout
    assert "bwrap does not" in done.stdout


def test_a_part_is_looked_for_once() -> None:
    assert missing_part("bwrap") is missing_part("bwrap")
