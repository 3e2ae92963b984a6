import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.logs import (
    PARSERS,
    parse_django,
    parse_pytest,
    parse_pytest_blanks,
    parse_pytest_paths,
    parse_sympy,
    parser_of,
    short_option,
)

PYTEST_LOG = """\
tests/test_a.py .F.                                                      [100%]
PASSED in the middle of prose is a line of the summary's form, so it names `in`
=========================== short test summary info ============================
PASSED tests/test_a.py::test_one
\x1b[32mPASSED\x1b[0m tests/test_a.py::\x1b[1mtest_colour\x1b[0m
PASSED tests/test_a.py::test_id[a b]
FAILED tests/test_a.py::test_two - ValueError: name - empty
ERROR tests/test_b.py - ModuleNotFoundError: No module named 'x'
SKIPPED [2] tests/test_a.py:12: not here
XFAIL tests/test_a.py::test_known - reason
1 failed, 3 passed in 0.10s
"""


def test_pytest_summary() -> None:
    assert parse_pytest(PYTEST_LOG) == {
        "in": "PASSED",
        "tests/test_a.py::test_one": "PASSED",
        "tests/test_a.py::test_colour": "PASSED",
        "tests/test_a.py::test_id[a": "PASSED",
        "tests/test_a.py::test_two": "FAILED",
        "tests/test_b.py": "ERROR",
        "tests/test_a.py::test_known": "XFAIL",
    }


def test_ids_with_blanks_can_be_kept_whole() -> None:
    statuses = parse_pytest_blanks(PYTEST_LOG)
    assert statuses["tests/test_a.py::test_id[a b]"] == "PASSED"
    assert statuses["tests/test_a.py::test_two"] == "FAILED"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("t.py::test", "t.py::test"),
        ("t.py::test[x]", "t.py::test[x]"),
        ("t.py::test[/usr/lib/python/x.py]", "t.py::test[/x.py]"),
        ("t.py::test[//host/x]", "t.py::test[//host/x]"),
        ("t.py::test[/a/*/b]", "t.py::test[/a/*/b]"),
        ("t.py::test[http://user@host/path?q]", "t.py::test[http://user@host/path?q]"),
    ],
)
def test_paths_in_parameters_are_shortened(name: str, short: str) -> None:
    assert short_option(name) == short
    assert parse_pytest_paths(f"PASSED {name}\n") == {short: "PASSED"}


DJANGO_LOG = """\
Testing against Django installed in '/tree/django' with up to 2 processes
test_plain (forms.tests.FormTests.test_plain) ... ok
test_with_docstring (forms.tests.FormTests.test_with_docstring)
A docstring stands for its test ... ok
test_dots (forms.tests.FormTests.test_dots) ... wait ... ok
test_loud (forms.tests.FormTests.test_loud) ... Internal Server Error: /x/
some output
ok
test_bad (forms.tests.FormTests.test_bad) ... FAIL
test_broken (forms.tests.FormTests.test_broken) ... ERROR
test_skipped (forms.tests.FormTests.test_skipped) ... skipped 'no database'
test_known (forms.tests.FormTests.test_known) ... expected failure

======================================================================
FAIL: test_bad (forms.tests.FormTests.test_bad)
ok
"""


def test_django_log() -> None:
    statuses = parse_django(DJANGO_LOG)
    assert statuses["test_plain (forms.tests.FormTests.test_plain)"] == "PASSED"
    assert statuses["A docstring stands for its test"] == "PASSED"
    assert statuses["test_dots (forms.tests.FormTests.test_dots) ... wait"] == "PASSED"
    assert statuses["test_loud (forms.tests.FormTests.test_loud)"] == "PASSED"
    assert statuses["test_bad (forms.tests.FormTests.test_bad)"] == "FAILED"
    assert statuses["test_broken (forms.tests.FormTests.test_broken)"] == "ERROR"
    assert statuses["test_skipped (forms.tests.FormTests.test_skipped)"] == "SKIPPED"


def test_an_ok_after_the_last_result_turns_nothing_green() -> None:
    log = "test_a (m.T.test_a) ... FAIL\nok\ntest_b (m.T.test_b) ... skipped 'x'\nok\n"
    assert parse_django(log) == {"test_a (m.T.test_a)": "FAILED", "test_b (m.T.test_b)": "SKIPPED"}


SYMPY_LOG = """\
============================= test process starts ==============================
sympy/sets/tests/test_contains.py[6]
test_contains_basic ok
test_slow ... some words ok
test_issue_6194 F
test_issue_10326 E
test_known f
test_skipped s
test_unfinished                                                            [FAIL]
"""


def test_sympy_log() -> None:
    assert parse_sympy(SYMPY_LOG) == {
        "test_contains_basic": "PASSED",
        "test_slow": "PASSED",
        "test_issue_6194": "FAILED",
        "test_issue_10326": "ERROR",
        "test_known": "XFAIL",
        "test_skipped": "SKIPPED",
    }


def test_every_repository_has_a_parser() -> None:
    assert parser_of("django/django") is parse_django
    assert parser_of("pallets/flask") is parse_pytest


@given(st.text())
def test_no_log_crashes_a_parser(log: str) -> None:
    for parse in (parse_pytest, *PARSERS.values()):
        assert all(name for name in parse(log))
