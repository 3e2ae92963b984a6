import os
import sys
import venv
from pathlib import Path

import pytest

from agentless.errors import ConfigError
from agentless.sandbox import BwrapRunner
from agentless.sandbox.interpreter import Interpreter, find_interpreter, link_chain, narrowed, places
from tests.sandbox.conftest import LIMITS, export, python


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A virtual environment behind two links, with a package of its own and a path file."""
    environment = tmp_path / "home" / "venv"
    venv.create(environment, symlinks=True, with_pip=False)
    (tmp_path / "editable").mkdir()
    (tmp_path / "editable" / "elsewhere.py").write_text("VALUE = 7\n")
    packages = next((environment / "lib").glob("python*")) / "site-packages"
    (packages / "own.py").write_text("VALUE = 5\n")
    (packages / "dev.pth").write_text(f"{tmp_path / 'editable'}\n")
    (tmp_path / "current").symlink_to("home/venv")
    return tmp_path / "current" / "bin" / "python"


def test_it_knows_the_environment_its_base_and_its_path_files(made: Path, tmp_path: Path) -> None:
    found = find_interpreter(str(made))
    assert found.executable == str(made)
    assert str(tmp_path / "home" / "venv") in found.prefixes
    assert os.path.realpath(sys.base_prefix) in found.prefixes
    assert str(tmp_path / "editable") in found.paths
    assert found.version == sys.version.split()[0]


@pytest.mark.bwrap
async def test_a_virtual_environment_behind_links_works_inside(made: Path, tmp_path: Path) -> None:
    async with BwrapRunner(export, python=str(made), limits=LIMITS, scratch=tmp_path / "scratch") as runner:
        result = await python(runner, "import own, elsewhere, shop, ssl\nprint(own.VALUE, elsewhere.VALUE)\n")
    assert result.output == "5 7\n"


@pytest.mark.bwrap
async def test_the_environment_cannot_be_changed_from_inside(made: Path, tmp_path: Path) -> None:
    code = "import own\nopen(own.__file__, 'w')\n"
    async with BwrapRunner(export, python=str(made), limits=LIMITS, scratch=tmp_path / "scratch") as runner:
        result = await python(runner, code)
    assert result.exit_code == 1
    assert "Error" in result.output
    assert (tmp_path / "home/venv/lib").exists()


@pytest.mark.parametrize("name", ["no-such-python", "/no/such/python", "", "sh"])
def test_what_is_no_python_is_bad_input(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not name:
        monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match=r"--python PATH \(validation\.python\)"):
        find_interpreter(name)


def test_an_interpreter_that_babbles_or_crashes_is_bad_input(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho hello\necho oops >&2\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(ConfigError, match="oops"):
        find_interpreter(str(script))


def test_a_relative_path_means_the_current_folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.parent)
    assert find_interpreter("./python").executable == str(made.parent.resolve() / "python")
    assert find_interpreter("python3").executable != str(made)


def test_a_home_is_never_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "me"
    (home / "lib").mkdir(parents=True)
    (home / ".ssh").mkdir()
    monkeypatch.setenv("HOME", str(home))
    assert narrowed(str(home)) == [str(home / "lib")]
    assert str(home) not in narrowed(str(home.parent))
    assert narrowed("/") == []
    assert narrowed("relative") == []
    assert narrowed(str(home / "missing")) == []


def test_links_are_followed_in_order_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / "b").symlink_to("real")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "loop").symlink_to("loop")
    assert link_chain(str(tmp_path / "a")) == [(str(tmp_path / "a"), "b"), (str(tmp_path / "b"), "real")]
    assert len(link_chain(str(tmp_path / "loop"))) == 16


def test_facts_that_are_no_texts_are_ignored() -> None:
    assert places([None, 3, "", "/usr", "/usr"]) == ("/usr",)
    assert places("text") == ()


def test_its_folder_goes_first_on_path() -> None:
    assert Interpreter(executable="/a/b/python3", version="3", prefixes=()).folder == "/a/b"
