import threading
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.repo.syntax import COMPILED_LINES, new_syntax_error, python_error, syntax_error


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "x = 1\n",
        "\ufeffx = 1\n",
        "x = 1\r\ny = 2\r\n",
        "def f():\n\treturn 1\n",
        "# -*- coding: latin-1 -*-\n",
        "x = '\\d'\n",
        "x = 1 is 1\n",
        "assert (1, 2)\n",
        "async def f():\n    await g()\n",
        "'\u4f60' + '\U0001f600'\n",
        "x = 1\x0c\ny = 2\n",
        "match x:\n    case 1: pass\n",
        "print('x', file=f)\n",
    ],
)
def test_sound_python(text: str) -> None:
    assert syntax_error("a.py", text) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def f(:\n    pass\n", 1),
        ("x = 1\ny = (\n", 2),
        ("def f():\nreturn 1\n", 2),
        ("if x:\n    a\n  b\n", 3),
        ("return 1\n", 1),
        ("x = 1\nawait f()\n", 2),
        ("def f(a, a): pass\n", 1),
        ("print 'x'\n", 1),
        ("f(a=1, 2)\n", 1),
        ("x = '\n", 1),
        ("<<<<<<< SEARCH\n", 1),
        ("\x00", 1),
        ("x = '\ud800'\n", 1),
    ],
)
def test_broken_python_names_the_line(text: str, line: int) -> None:
    assert syntax_error("a.py", text).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "-" * 100_000 + "1",
        "[" * 5000 + "]" * 5000,
        "x = " + "9" * 100_000,
        "lambda:" * 50_000,
        "not " * 50_000 + "x",
        "".join(" " * depth + "if x:\n" for depth in range(200)),
        "a." * 100_000,
        "f'{" * 1000,
    ],
    ids=range(9),
)
def test_monstrous_python_is_an_answer_and_no_crash(text: str) -> None:
    assert syntax_error("a.py", text).startswith("line ")


def test_no_warning_escapes_and_the_filters_stay() -> None:
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert python_error("x = '\\d' is 1\n") == ""
    assert caught == []
    assert list(warnings.filters) == before


def test_threads_may_ask_at_once() -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.extend(python_error("x = '\\d'\n") for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [""] * 200


def test_long_texts_are_parsed_and_not_compiled() -> None:
    functions = "def f(): pass\n" * (COMPILED_LINES * 4)
    assert python_error(functions) == ""
    assert python_error(f"{functions}def g(:\n") != ""


@pytest.mark.parametrize(
    ("path", "sound", "broken"),
    [
        ("a.js", "function f() { return 1; }\n", "function f( { return 1; }\n"),
        ("a.ts", "let x: number = 1;\n", "let x: = 1;\n"),
        ("a.tsx", "const a = <div/>;\n", "const a = <div;\n"),
        ("a.go", "package a\nfunc f() {}\n", "package a\nfunc f( {}\n"),
        ("a.rs", "fn f() {}\n", "fn f( {}\n"),
        ("A.java", "class A { int x; }\n", "class A { int ; }\n"),
        ("a.c", "int f(void) { return 0; }\n", "int f(void) { return 0 }\n"),
        ("a.cpp", "int f() { return 0; }\n", "int f() { return 0\n"),
    ],
)
def test_other_languages_by_their_grammars(path: str, sound: str, broken: str) -> None:
    assert syntax_error(path, sound) == ""
    assert syntax_error(path, broken).startswith("line ")


def test_the_line_of_a_grammars_error() -> None:
    assert syntax_error("a.c", "int a;\nint b;\nint f( { }\n").startswith("line 3: ")
    assert "is missing" in syntax_error("a.c", "int f(void) { return 0 }\n")


@pytest.mark.parametrize("path", ["README", "a.txt", "a.rb", "a.pyx", ""])
def test_unknown_languages_have_no_errors(path: str) -> None:
    assert syntax_error(path, "(((((") == ""


OLD = "def f(x):\n    print 'x'\n    return x\n"


@pytest.mark.parametrize(
    ("old", "new", "blamed"),
    [
        ("x = 1\n", "x = 2\n", False),
        ("x = 1\n", "x = (\n", True),
        ("x = 1\n", "print 'x'\n", True),  # sound Python 2 in a file for Python 3
        (OLD, OLD.replace("'x'", "'y'"), False),
        (OLD, OLD.replace("(x)", "(x"), True),
        (OLD, OLD + "def g(:\n", True),
        ("def f(:\n", "def f(:\n    pass\n", False),  # broken before: nobody can tell
        ("def f(:\n", "x = 1\n", False),
        ("", "def f(:\n", True),
        ("x = `1`\n", "x = `2`\n", False),
        ("try: pass\nexcept A, b: pass\n", "try: pass\nexcept A, c: pass\n", False),
    ],
)
def test_only_new_errors_are_blamed(old: str, new: str, blamed: bool) -> None:
    assert bool(new_syntax_error("a.py", old, new)) == blamed


def test_new_errors_of_other_languages() -> None:
    macro = "BEGIN_DECLS(\nint f(void);\n"
    assert new_syntax_error("a.c", macro, macro + "int g(void);\n") == ""
    assert new_syntax_error("a.c", "int f(void);\n", "int f(void;\n") != ""


@settings(deadline=None)
@given(st.text(max_size=120))
def test_any_text_has_an_answer(text: str) -> None:
    for path in ("a.py", "a.js", "a.txt"):
        answer = syntax_error(path, text)
        assert answer == "" or answer.startswith("line ")
