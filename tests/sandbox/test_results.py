"""Real output of each tool, output of crashes and liars; reading never raises."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.records import Verdict
from agentless.sandbox.results import Parser, read_results, without_message

OUTPUTS = Path(__file__).parent / "outputs"
HEAD = "= short test summary info =\n"
BOTH: dict[str, Verdict] = {"b": "pass", "c": "fail"}
PARSERS: tuple[Parser, ...] = ("exit", "pytest", "unittest", "django", "sympy")


def read(parser: Parser, name: str) -> dict[str, Verdict]:
    """The verdicts of a file of output."""
    return read_results(parser, "tests", (OUTPUTS / name).read_text(encoding="utf-8"), 1)


def of(verdicts: dict[str, Verdict], verdict: Verdict) -> set[str]:
    """The tests with a verdict, by the last part of their ids."""
    return {test.rpartition("::")[2] for test, found in verdicts.items() if found == verdict}


def test_pytest_summary_with_cut_messages() -> None:
    found = read("pytest", "pytest_requests.txt")
    assert "test_basic_building" in of(found, "pass")
    assert found["test_requests.py::RequestsTestCase::test_user_agent_transfers"] == "fail"
    assert found["test_requests.py::RequestsTestCase::test_DIGEST_HTTP_200_OK_GET"] == "fail"
    assert len(of(found, "pass")) == 5
    assert not any(" - " in test for test in found)


def test_pytest_verbose_without_a_summary() -> None:
    found = read("pytest", "pytest_verbose.txt")
    assert set(found.values()) == {"pass"}
    assert "astropy/units/tests/test_units.py::test_unit_summary_prefixes" in found


def test_pytest_odd_ids_subtests_teardown_errors_and_a_liar() -> None:
    found = read("pytest", "pytest_hostile.txt")
    assert of(found, "pass") == {"test_p[a - b]", "test_p[a b [c]]", "test_fake"}
    # teardown failed after the test passed; one subtest failed; the liar's PASSED lines do not count
    assert {"test_teardown", "test_sub", "test_long", "test_e", "test_b.py"} <= of(found, "fail")
    assert not {"test_s", "test_xf", "test_xp"} & {test.rpartition("::")[2] for test in found}


@pytest.mark.parametrize(
    ("line", "test"),
    [
        ("t.py::a - assert 1", "t.py::a"),
        ("t.py::a[x - y] - assert 1", "t.py::a[x - y]"),
        ("t.py::a[x - y]", "t.py::a[x - y]"),
        ("t.py::a[x] - E [1] - 2", "t.py::a[x]"),
        ("t.py::a - E [1]", "t.py::a"),
        ("t.py", "t.py"),
    ],
)
def test_the_message_is_cut_and_parameters_are_not(line: str, test: str) -> None:
    assert without_message(line) == test


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tests/a.py::b PASSED [ 50%]\ntests/a.py::c FAILED [100%]\nSegmentation fault", BOTH),
        ("[gw1] [ 50%] PASSED tests/a.py::b \n[gw0] [100%] FAILED tests/a.py::c ", BOTH),
        ("tests/a.py ...F [100%]\nKilled", {}),
        ("\x1b[32mPASSED\x1b[0m tests/a.py::b", {}),
        ("= short test summary info =\r\n\x1b[32mPASSED\x1b[0m tests/a.py::\x1b[1mb\x1b[0m\r\n", {"b": "pass"}),
        (f"{HEAD}PASSED a.py::b\nFAILED a.py::b - x\nPASSED a.py::b", {"b": "fail"}),
        (f"{HEAD}PASSED a.py::x\n{HEAD}PASSED a.py::b", {"b": "pass"}),
        (f"{HEAD}SUBFAIL(msg='a b') a.py::b - x", {"b": "fail"}),
        (f"a.py::b PASSED\n= FAILURES =\na.py::l PASSED\n{HEAD}FAILED a.py::c", BOTH),
        (f"{HEAD}SKIPPED [1] a.py:8: no\nXFAIL a.py::x\nXPASS a.py::y", {}),
        ("PASSED in ordinary output", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_pytest_lines(text: str, expected: dict[str, Verdict]) -> None:
    found = read_results("pytest", "tests", text, 1)
    assert {test.rpartition("::")[2]: verdict for test, verdict in found.items()} == expected


def test_unittest_with_docstrings_noise_and_a_failed_class() -> None:
    found = read("unittest", "unittest.txt")
    assert found == {
        "test_doc (test_u.T.test_doc)": "pass",
        "test_out (test_u.T.test_out)": "pass",
        "test_e (test_u.T.test_e)": "fail",
        "test_f (test_u.T.test_f)": "fail",
        "setUpClass (test_u.S)": "fail",
    }


def test_django_names_tests_by_id_and_never_by_docstring() -> None:
    found = read("django", "django.txt")
    fixture = "(fixtures.tests.FixtureLoadingTests)"
    assert found[f"test_exclude_option_errors {fixture}"] == "pass"
    assert found[f"test_loading_and_dumping {fixture}"] == "fail"
    assert found[f"test_dumpdata_with_excludes {fixture}"] == "fail"
    assert f"test_loaddata_null_characters_on_postgresql {fixture}" not in found
    assert all(test.endswith(")") for test in found)
    # the trap of the harness's reader: a bare name for each failure, which never reads passed
    assert not any(test.startswith(("ERROR", "FAIL", "Excluding")) for test in found)
    assert len([verdict for verdict in found.values() if verdict == "pass"]) == 15


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test_a (m.C) ... ok\ntest_b (m.C) ... FAIL\nKilled", {"test_a (m.C)": "pass", "test_b (m.C)": "fail"}),
        ("test_a (m.C) ... noise\nmore\nok", {"test_a (m.C)": "pass"}),
        ("test_a (m.C) ... noise\nmore", {}),
        ("test_a (m.C)\nSays ... a lot. ... ok", {"test_a (m.C)": "pass"}),
        ("test_a (m.C) ... skipped 'ok'\nok", {}),
        ("test_a (m.C) ... \n  test_a (m.C) (i=1) ... FAIL", {"test_a (m.C)": "fail"}),
        ("test_a (m.C) ... ok\n====\nFAIL: test_a (m.C) [x]\n----", {"test_a (m.C)": "fail"}),
        ("ERROR: shop.tests (unittest.loader._FailedTest)", {"shop.tests (unittest.loader._FailedTest)": "fail"}),
        ("Applying sites.0001_initial... OK\nok", {}),
    ],
)
def test_unittest_lines(text: str, expected: dict[str, Verdict]) -> None:
    assert read_results("unittest", "tests", text, 1) == expected


def test_sympy_reports_by_file() -> None:
    found = read("sympy", "sympy.txt")
    path = "sympy/functions/elementary/tests/test_hyperbolic.py"
    assert found[f"{path}::test_sinh"] == "pass"
    assert found[f"{path}::test_cosh_expansion"] == "pass"
    assert set(found.values()) == {"pass"}


def test_sympy_failures_lost_files_and_a_liar() -> None:
    found = read("sympy", "sympy_failures.txt")
    assert of(found, "pass") == {"test_good", "test_last"}
    assert of(found, "fail") == {"test_bad", "test_err", "sympy/logic/tests/test_zy.py"}


@pytest.mark.parametrize(
    ("code", "expected"), [(0, {"it": "pass"}), (1, {"it": "fail"}), (139, {"it": "fail"}), (None, {})]
)
def test_the_exit_code_is_the_verdict_where_nothing_else_is(
    code: int | None, expected: dict[str, Verdict]
) -> None:
    assert read_results("exit", "it", "PASSED it", code) == expected


LINES = st.one_of(
    st.text(max_size=60),
    st.sampled_from([
        "=== short test summary info ===", "PASSED a.py::b", "FAILED a.py::b[ - ", "ERROR ", "SUBFAIL(",
        "= PASSES =", "test_a (m.C) ... ok", "test_a (m.C)", " ... ok", "FAIL: x (y)", "sympy/a.py[3]",
        "sympy/b.py[?]", "test_x ok", "test_x F [FAIL]", "_ a.py:test_x _", "[gw0] [  1%] PASSED a.py::b", "ok",
        "skipped", "\x1b[",
    ]),
)  # fmt: skip


@given(
    st.lists(LINES, max_size=30), st.sampled_from(PARSERS), st.sampled_from([0, 1, None]), st.sampled_from("\n\r")
)
def test_reading_never_raises_and_gives_closed_verdicts(
    lines: list[str], parser: Parser, code: int | None, end: str
) -> None:
    found = read_results(parser, "it", end.join(lines), code)
    assert set(found.values()) <= {"pass", "fail"}
    assert all(test == test.strip() and test for test in found)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("piece", ["SUBFAIL[", "a.py::b[ - ] ", "x (", "_ a.py:", " ... ", "\x1b[0", "PASSED "])
def test_megabytes_of_hostile_text_are_read_in_linear_time(parser: Parser, piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    assert isinstance(read_results(parser, "it", text, 1), dict)
    assert isinstance(read_results(parser, "it", HEAD + f"{piece}\n" * 50_000, 1), dict)
