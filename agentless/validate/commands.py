"""The test commands of a project: the user's own, or those its tree asks for."""

import re
import shlex
from collections.abc import Sequence
from typing import Literal

from agentless.config import ValidationConfig
from agentless.ports import TestCommand
from agentless.repo import Index

Parser = Literal["exit", "pytest", "unittest", "django", "sympy"]

REGRESSION = "regression"
"""Name of the command that runs the regression tests."""
PYTEST = "python -m pytest -q -rA -p no:cacheprovider --continue-on-collection-errors {files}"
DJANGO = "python tests/runtests.py --verbosity 2 --parallel 1 {files}"
SYMPY = "python bin/test --verbose {files}"
SYMPY_SOURCES = (  # a source distribution of sympy has no bin/test
    "python -c 'import sys, sympy; "
    "sys.exit(not sympy.test(*sys.argv[1:], verbose=True, subprocess=False))' {files}"
)
REPORTS = re.compile(r"(?:^|\s)-r[A-Za-z]")
"""pytest's option for its summary, `-rA`."""
MODULE_PATH = 'PYTHONPATH="$PWD/src:$PWD${PYTHONPATH:+:$PYTHONPATH}"'
"""The tree comes first among modules, with any runner."""
TOOLS: tuple[tuple[str, Parser], ...] = (
    ("runtests.py", "django"), ("manage.py test", "django"), ("bin/test", "sympy"), ("sympy.test", "sympy"),
    ("pytest", "pytest"), ("py.test", "pytest"), ("unittest", "unittest"),
)  # fmt: skip


def regression_command(index: Index, files: Sequence[str], config: ValidationConfig) -> TestCommand:
    """The command that runs the given test files; a `test_cmd` without `{files}` runs as it is."""
    template = config.test_cmd or default_command(index)
    parser = config.test_parser if config.test_parser != "auto" else parser_of(template)
    names = [django_label(path) for path in files] if parser == "django" else list(files)
    shell = template.replace("{files}", shlex.join(names))
    if parser == "pytest" and not REPORTS.search(template):
        # pytest names passed tests only when asked; an own -r of the command still wins
        shell = f'export PYTEST_ADDOPTS="-rA $PYTEST_ADDOPTS"; {shell}'
    return TestCommand(name=REGRESSION, shell=shell, parser=parser, timeout_s=config.timeout_s)


def default_command(index: Index) -> str:
    """The command for a tree: Django's and sympy's own runners, else pytest."""
    paths = set(index.paths())
    if {"tests/runtests.py", "django/__init__.py"} <= paths:
        return DJANGO
    if "sympy/__init__.py" in paths:
        return SYMPY if "bin/test" in paths else SYMPY_SOURCES
    return PYTEST


def parser_of(command: str) -> Parser:
    """How to read the output of a command, by the tool its text names; exit code when it names none."""
    return next((parser for text, parser in TOOLS if text in command), "exit")


def django_label(path: str) -> str:
    """`tests/auth_tests/test_forms.py` -> `auth_tests.test_forms`."""
    return path.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def reproduction_command(path: str, timeout_s: float) -> TestCommand:
    """Run one reproduction test as a script; its name is its path."""
    line = f"{MODULE_PATH} python {shlex.quote(path)}"
    return TestCommand(name=path, shell=line, timeout_s=timeout_s)
