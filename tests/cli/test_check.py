import subprocess
from pathlib import Path

import pytest

from agentless.cli.check import check_apply, check_output
from agentless.errors import InputError, RepositoryError


def test_a_new_file_in_a_folder_is_fine(tmp_path: Path) -> None:
    check_output(None)
    check_output(tmp_path / "fix.patch")


def test_output_in_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make it first"):
        check_output(tmp_path / "missing" / "fix.patch")


def test_output_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        check_output(tmp_path)


def test_apply_needs_a_work_tree(tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    with pytest.raises(InputError, match="bare"):
        check_apply(bare)
    with pytest.raises(RepositoryError, match="not a git repository"):
        check_apply(tmp_path)
