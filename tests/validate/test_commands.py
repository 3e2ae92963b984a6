import pytest

from agentless.config import ValidationConfig
from agentless.repo import Index
from agentless.validate.commands import (
    default_command,
    django_label,
    parser_of,
    regression_command,
    reproduction_command,
)

FILES = ("tests/test_cart.py", "tests/it's.py")


class Tree:
    """Only the paths of an index."""

    def __init__(self, *paths: str) -> None:
        self.found = list(paths)

    def paths(self) -> list[str]:
        """The given ones."""
        return self.found


def index(*paths: str) -> Index:
    """An index of nothing but paths."""
    return Tree(*paths)  # type: ignore[return-value]  # paths are all that is asked for


def test_pytest_is_the_default_and_paths_are_quoted() -> None:
    command = regression_command(index("a.py"), FILES, ValidationConfig(timeout_s=7))
    assert command.parser == "pytest"
    assert command.shell.endswith("tests/test_cart.py 'tests/it'\"'\"'s.py'")
    assert command.shell.startswith("python -m pytest -q -rA -p no:cacheprovider")
    assert command.timeout_s == 7


@pytest.mark.parametrize(
    ("paths", "start", "parser"),
    [
        (("tests/runtests.py", "django/__init__.py"), "python tests/runtests.py --verbosity 2", "django"),
        (("sympy/__init__.py", "bin/test"), "python bin/test --verbose", "sympy"),
        (("sympy/__init__.py",), "python -c 'import sys, sympy;", "sympy"),
        (("tests/runtests.py",), "python -m pytest", "pytest"),
    ],
)
def test_projects_with_runners_of_their_own_are_known_by_their_tree(
    paths: tuple[str, ...], start: str, parser: str
) -> None:
    assert default_command(index(*paths)).startswith(start)
    assert regression_command(index(*paths), (), ValidationConfig()).parser == parser


def test_django_takes_labels() -> None:
    assert django_label("tests/auth_tests/test_forms.py") == "auth_tests.test_forms"
    tree = index("tests/runtests.py", "django/__init__.py")
    assert regression_command(tree, ("tests/a/tests.py",), ValidationConfig()).shell.endswith(" a.tests")


@pytest.mark.parametrize(
    ("test_cmd", "parser", "shell"),
    [
        ("make check", "exit", "make check"),
        ("tox -e py -- {files}", "exit", "tox -e py -- tests/test_cart.py"),
        ("pytest -rA tests", "pytest", "pytest -rA tests"),
        ("pytest {files}", "pytest", 'export PYTEST_ADDOPTS="-rA $PYTEST_ADDOPTS"; pytest tests/test_cart.py'),
        ("python -m unittest -v", "unittest", "python -m unittest -v"),
        ("./manage.py test", "django", "./manage.py test"),
        ("bin/test {files}", "sympy", "bin/test tests/test_cart.py"),
    ],
)
def test_the_users_command_is_kept_and_its_reader_guessed(test_cmd: str, parser: str, shell: str) -> None:
    command = regression_command(index(), FILES[:1], ValidationConfig(test_cmd=test_cmd))
    assert (command.parser, command.shell) == (parser, shell)


def test_a_parser_that_is_named_wins() -> None:
    config = ValidationConfig(test_cmd="make pytest", test_parser="exit")
    assert regression_command(index(), (), config).shell == "make pytest"
    assert regression_command(index(), (), config).parser == "exit"


def test_unknown_tools_are_judged_by_exit_code() -> None:
    assert parser_of("cargo test") == "exit"


def test_a_reproduction_runs_as_a_script_with_the_tree_first() -> None:
    command = reproduction_command(".agentless_tests/test_repro_0.py", 9.0)
    assert command.name == ".agentless_tests/test_repro_0.py"
    assert command.shell.startswith('PYTHONPATH="$PWD/src:$PWD')
    assert command.shell.endswith(" python .agentless_tests/test_repro_0.py")
    assert (command.parser, command.timeout_s) == ("exit", 9.0)
