"""How a project's tests are run without its Docker image: one shell line per project."""

import shlex
from collections.abc import Callable, Sequence

from agentless.errors import DatasetError
from agentless.ports import TestCommand

Line = Callable[[Sequence[str]], str]


def pytest_line(files: Sequence[str]) -> str:
    """Pytest with one summary line per test; tracebacks would only push that summary out of the kept output."""
    return f"python -m pytest -rA --tb=no -p no:cacheprovider {shlex.join(files)}"


def django_line(files: Sequence[str]) -> str:
    """Django's own runner, which takes dotted module names below `tests/`."""
    labels = [django_label(path) for path in files]
    return f"python tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1 {shlex.join(labels)}"


def django_label(path: str) -> str:
    """`tests/admin_views/test_forms.py` -> `admin_views.test_forms`."""
    return path.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def sympy_line(files: Sequence[str]) -> str:
    """What `bin/test -C --verbose` does; the script itself is not part of a source distribution."""
    program = "import sys, sympy; sys.exit(not sympy.test(*sys.argv[1:], verbose=True, force_colors=False))"
    return f"PYTHONWARNINGS=ignore python -c {shlex.quote(program)} {shlex.join(files)}"


LINES: dict[str, Line] = {
    "pallets/flask": pytest_line,
    "psf/requests": pytest_line,
    "pytest-dev/pytest": pytest_line,
    "sphinx-doc/sphinx": pytest_line,
    "mwaskom/seaborn": pytest_line,
    "django/django": django_line,
    "sympy/sympy": sympy_line,
}


def command_for(repo: str, files: Sequence[str], *, sources: str = ".", timeout_s: float = 600.0) -> TestCommand:
    """The command that runs the given test files of a project.

    Args:
        repo: `owner/name` of the dataset row.
        files: repository-relative paths of test files.
        sources: folder of the tree that goes on PYTHONPATH.
        timeout_s: wall-clock seconds.

    Raises:
        DatasetError: nobody wrote down how this project's tests are run.
    """
    if repo not in LINES:
        raise DatasetError(f"no local test command for {repo}; there are: {', '.join(LINES)}")
    line = f'export PYTHONPATH="$PWD/{sources}"; {LINES[repo](files)}'
    return TestCommand(name="tests", shell=line, timeout_s=timeout_s)
