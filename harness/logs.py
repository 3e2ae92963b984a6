"""Test logs -> status of each test, under the names that FAIL_TO_PASS and PASS_TO_PASS use.

Statuses are those of SWE-bench: PASSED, FAILED, ERROR, SKIPPED, XFAIL. The names follow its rules too, oddities
included: a docstring stands for a Django test that has one, a pytest id ends at its first blank.
"""

import re
from collections.abc import Callable
from typing import Literal

Status = Literal["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL"]
LogParser = Callable[[str], dict[str, Status]]

SUMMARY_LINE = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL)\s+(.*\S)\s*$")
"""A line of pytest's short summary."""
ANSI = re.compile(r"\x1b\[[0-9;]*m")
SKIP_COUNT = re.compile(r"^\[\d+\]( |$)")
"""`SKIPPED [2] path:line: reason` names no test."""
DJANGO_ENDS: dict[str, Status] = {"ok": "PASSED", "FAIL": "FAILED", "ERROR": "ERROR"}
SYMPY_LINE = re.compile(r"^(test_\w+)\b.*?\s(ok|F|E|f|X|s)$")
SYMPY_ENDS: dict[str, Status] = {"ok": "PASSED", "F": "FAILED", "E": "ERROR", "f": "XFAIL", "s": "SKIPPED"}


def parse_pytest(log: str, *, blanks: bool = False) -> dict[str, Status]:
    """Short summary of `pytest -rA`.

    Args:
        log: the output.
        blanks: keep a parameter id with blanks whole; else the name ends at the first one.
    """
    statuses: dict[str, Status] = {}
    for line in ANSI.sub("", log).splitlines():
        match = SUMMARY_LINE.match(line)
        if match is None or SKIP_COUNT.match(match[2]):
            continue
        whole = match[2].split(" - ", 1)[0] if match[1] in ("FAILED", "ERROR") else match[2]
        statuses[whole if blanks else whole.split()[0]] = status_of(match[1])
    return statuses


def parse_pytest_paths(log: str) -> dict[str, Status]:
    """Like `parse_pytest`, but an absolute path as a parameter is cut to its last part: it differs per machine."""
    return {short_option(name): status for name, status in parse_pytest(log).items()}


def short_option(name: str) -> str:
    """`test[/usr/lib/x.py]` -> `test[/x.py]`."""
    match = re.match(r"(.*?)\[(.*)\]", name)
    if match is None:
        return name
    option = match[2]
    if option.startswith("/") and not option.startswith("//") and "*" not in option:
        option = "/" + option.rsplit("/", 1)[-1]
    return f"{match[1]}[{option}]"


def parse_django(log: str) -> dict[str, Status]:
    """`runtests.py --verbosity 2`: `name (module.Class.name) ... ok`, or the docstring's first line in its place.

    Output of the test itself may come between the dots and the `ok`, which then begins a later line.
    """
    statuses: dict[str, Status] = {}
    open_test = ""
    for raw in log.splitlines():
        line = raw.strip()
        if " ... " in line:
            name, _, end = line.rpartition(" ... ")
            status = django_end(end)
            if status is not None:
                statuses[name] = status
            open_test = "" if status else line.split(" ... ", 1)[0]
        elif open_test and line == "ok":
            statuses[open_test] = "PASSED"
            open_test = ""
    return statuses


def django_end(text: str) -> Status | None:
    """What follows the dots as a status, None when it is the test's own output."""
    if text.startswith("skipped"):
        return "SKIPPED"
    if text.startswith("expected failure"):
        return "XFAIL"
    return DJANGO_ENDS.get(text)


def parse_sympy(log: str) -> dict[str, Status]:
    """`sympy.test(verbose=True)`: `test_name ok`, or F (failed), E (error), f (expected failure), s (skipped)."""
    statuses: dict[str, Status] = {}
    for raw in log.splitlines():
        match = SYMPY_LINE.match(raw.strip())
        if match is not None and match[2] in SYMPY_ENDS:
            statuses[match[1]] = SYMPY_ENDS[match[2]]
    return statuses


def status_of(word: str) -> Status:
    """The word as a status; the pattern that found it allows no other."""
    known: dict[str, Status] = {
        "PASSED": "PASSED",
        "FAILED": "FAILED",
        "ERROR": "ERROR",
        "SKIPPED": "SKIPPED",
        "XFAIL": "XFAIL",
    }
    return known[word]


def parse_pytest_blanks(log: str) -> dict[str, Status]:
    """`parse_pytest` with parameter ids whole, as astropy's, scikit-learn's and Sphinx's rows name them."""
    return parse_pytest(log, blanks=True)


PARSERS: dict[str, LogParser] = {
    "django/django": parse_django,
    "sympy/sympy": parse_sympy,
    "psf/requests": parse_pytest_paths,
    "sphinx-doc/sphinx": parse_pytest_blanks,
}
"""By repository; every other one is plain pytest."""


def parser_of(repo: str) -> LogParser:
    """The log parser of `owner/name`."""
    return PARSERS.get(repo, parse_pytest)
