"""Test output -> {test id: verdict}, one reader per test tool.

Skipped tests, expected failures and unexpected passes are left out: they say nothing of a patch. A test reported
twice keeps its worst verdict. What was read before a crash stays; a test that is not reported is not in the
result, and its verdict is unknown. Readers never raise.

The limit: tests and patched code run inside the process that prints, so no format is safe from a patch that
forges it. What is done against accidents and simple tricks: only pytest's last summary counts, pass never hides
a fail, and the caller asks only for tests that passed on the original.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from agentless.records import Verdict

Parser = Literal["exit", "pytest", "unittest", "django", "sympy"]
Finding = tuple[str, Verdict]

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LONGEST_LINE = 4000
"""Characters of a line that are looked at: no test id is longer, and no expression runs long."""

SUMMARY = re.compile(r"=+ short test summary info =+")
SECTION = re.compile(r"=+ (?:FAILURES|ERRORS|PASSES|XFAILURES|XPASSES|short test summary info) =+")
SUMMARY_LINE = re.compile(r"(PASSED|FAILED|ERROR|SUBFAIL(?:ED)?(?:[\[(].*[\])])?) (\S.*)")
VERBOSE_LINE = re.compile(r"(\S+\.py::.*?|\S+\.py::\S.*\]) (PASSED|FAILED|ERROR)(?:\s+\[ *\d+%\])?")
XDIST_LINE = re.compile(r"\[gw\d+\] \[ *\d+%\] (PASSED|FAILED|ERROR) (\S+\.py::.*)")

UNITTEST_NAME = re.compile(r"([\w.]+) \(([\w.]+)\)(?: [\[(<{].*)?")
UNITTEST_HEADER = re.compile(r"(?:FAIL|ERROR): ([\w.]+ \([\w.]+\)).*")
UNITTEST_STATUS: dict[str, Verdict] = {"ok": "pass", "FAIL": "fail", "ERROR": "fail"}
SILENT = ("skipped", "expected failure", "unexpected success")

SYMPY_FILE = re.compile(r"(\S+\.py)\[(\d+|\?)\]\s*(.*)")
SYMPY_TEST = re.compile(r"(test_\w+) (ok|F|E|T)(?:\s+\[(?:OK|FAIL)\])?")
SYMPY_HEADER = re.compile(r"_+ (\S+\.py):(test_\w+) _+")


def read_results(parser: Parser, name: str, text: str, exit_code: int | None) -> dict[str, Verdict]:
    """Verdicts of one command.

    Args:
        parser: the tool that printed.
        name: the command's name; the only test id of `exit`.
        text: stdout and stderr together, possibly cut at the front.
        exit_code: None when the command did not end by itself; `exit` then knows nothing.
    """
    if parser == "exit":
        return {} if exit_code is None else {name: "pass" if exit_code == 0 else "fail"}
    readers: dict[str, Callable[[list[str]], Iterable[Finding]]] = {
        "pytest": read_pytest, "unittest": read_unittest, "django": read_unittest, "sympy": read_sympy,
    }  # fmt: skip
    lines = [line[:LONGEST_LINE] for line in ESCAPE.sub("", text).replace("\r\n", "\n").split("\n")]
    return worst(readers[parser](lines))


def worst(findings: Iterable[Finding]) -> dict[str, Verdict]:
    """One verdict per test: fail if any finding says so."""
    verdicts: dict[str, Verdict] = {}
    for test, verdict in findings:
        if verdict == "fail" or test not in verdicts:
            verdicts[test] = verdict
    return verdicts


def read_pytest(lines: list[str]) -> Iterator[Finding]:
    """The last `-rA` summary, and the `-v` lines before any section of captured output."""
    for line in lines:
        if SECTION.fullmatch(line):
            break
        yield from read_verbose(line)
    starts = [number for number, line in enumerate(lines) if SUMMARY.fullmatch(line)]
    for line in lines[starts[-1] :] if starts else []:
        if match := SUMMARY_LINE.fullmatch(line.rstrip()):
            passed = match[1] == "PASSED"
            yield match[2] if passed else without_message(match[2]), "pass" if passed else "fail"


def read_verbose(line: str) -> Iterator[Finding]:
    """A line of `pytest -v`, alone or under xdist."""
    if match := XDIST_LINE.fullmatch(line.rstrip()):
        yield match[2], "pass" if match[1] == "PASSED" else "fail"
    elif match := VERBOSE_LINE.fullmatch(line.rstrip()):
        yield match[1], "pass" if match[2] == "PASSED" else "fail"


def without_message(text: str) -> str:
    """The test id of `id - message`; a ` - ` inside the brackets of a parameter belongs to the id."""
    bracket = text.find("[")
    dash = text.find(" - ")
    if 0 <= bracket < dash:
        end = text.find("] - ", bracket)
        if end >= 0:
            return text[: end + 1]
        return text if text.endswith("]") else text[:dash]
    return text if dash < 0 else text[:dash]


def read_unittest(lines: list[str]) -> Iterator[Finding]:
    """`unittest -v` and Django's runner: `name (path) ... ok`, the status possibly lines later."""
    pending = ""
    for line in lines:
        if header := UNITTEST_HEADER.fullmatch(line):
            yield header[1], "fail"
            pending = ""
            continue
        described, dots, status = line.rpartition(" ... ")
        if dots:
            pending = unittest_id(described) or pending
        elif name := unittest_id(line):
            pending = name  # a docstring's line with the status follows
            continue
        else:
            status = line
        if pending and status in UNITTEST_STATUS:
            yield pending, UNITTEST_STATUS[status]
            pending = ""
        elif status.startswith(SILENT):
            pending = ""


def unittest_id(text: str) -> str:
    """`name (path)` of a line that begins so, without the parameters of a subtest; "" otherwise."""
    match = UNITTEST_NAME.fullmatch(text.strip())
    return f"{match[1]} ({match[2]})" if match else ""


def read_sympy(lines: list[str]) -> Iterator[Finding]:
    """sympy's own runner, verbose: a line per file, then a line per test."""
    path = ""
    for line in lines:
        if header := SYMPY_FILE.fullmatch(line.rstrip()):
            path = header[1]
            if header[2] == "?":  # the file could not be imported
                yield path, "fail"
        elif failed := SYMPY_HEADER.fullmatch(line.rstrip()):
            yield f"{failed[1]}::{failed[2]}", "fail"
        elif path and (test := SYMPY_TEST.fullmatch(line.rstrip())):
            yield f"{path}::{test[1]}", "pass" if test[2] == "ok" else "fail"
