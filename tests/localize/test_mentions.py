"""What an issue names outright."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.mentions import Frame, code_text, is_code_like, read_frames, read_mentions

ISSUE = """\
Blueprint.register fails for `EmptyName` in flask/blueprints.py

See https://github.com/pallets/flask/blob/1a2b3c/src/flask/app.py#L12 and also `views.py`.

```python
from flask.views import MethodView
bp = make_blueprint("")
```

    indented_call()

>>> app.register_blueprint(bp)
Traceback (most recent call last):
  File "/usr/lib/python3/site-packages/flask/app.py", line 1028, in register_blueprint
    blueprint.register(self, options)
  File "C:\\venv\\flask\\blueprints.py", line 305, in register
ValueError: empty
src/flask/cli.py:77: RuntimeError
"""


def test_everything_that_the_issue_names() -> None:
    found = read_mentions(ISSUE)
    assert found.title == "Blueprint.register fails for `EmptyName` in flask/blueprints.py"
    assert "flask/blueprints.py" in found.paths
    assert any(path.endswith("src/flask/app.py") for path in found.paths)
    assert "views.py" in found.file_names
    assert {"Blueprint.register", "flask.views", "app.register_blueprint"} <= set(found.dotted)
    assert {"Blueprint", "register", "EmptyName"} <= set(found.title_names)
    assert {"MethodView", "make_blueprint", "indented_call", "register_blueprint"} <= set(found.code_names)
    assert "fails" not in found.code_names


def test_frames_in_order_long_ones_first() -> None:
    assert read_frames(ISSUE) == (
        Frame("/usr/lib/python3/site-packages/flask/app.py", 1028, "register_blueprint"),
        Frame("C:/venv/flask/blueprints.py", 305, "register"),
        Frame("src/flask/cli.py", 77),
    )


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ('File "a.py", line 1', (Frame("a.py", 1),)),
        ('  File "a/b.py", line 12, in <module>', (Frame("a/b.py", 12, "<module>"),)),
        ("a/b.py:12: AssertionError", (Frame("a/b.py", 12),)),
        ("a/b.py:12", (Frame("a/b.py", 12),)),
        ("at 12:30 we met", ()),
        ("File a.py, line 1", ()),
        ('File "a.py", line x', ()),
    ],
)
def test_frames(text: str, frames: tuple[Frame, ...]) -> None:
    assert read_frames(text) == frames


def test_lines_are_links_and_frames_without_a_function() -> None:
    assert read_mentions(ISSUE).lines == (
        Frame("https://github.com/pallets/flask/blob/1a2b3c/src/flask/app.py", 12),
        Frame("src/flask/cli.py", 77),
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("snake_case", True),
        ("camelCase", True),
        ("QuerySet", True),
        ("__init__", True),
        ("HTTPServer", True),
        ("Blueprint", False),
        ("word", False),
        ("HTTP", False),
        ("SOME_CONSTANT", True),
        ("_", False),
        ("", False),
    ],
)
def test_code_like(word: str, expected: bool) -> None:
    assert is_code_like(word) is expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `b` c", "b"),
        ("a ``b`` c", "b"),
        ("```\nb\n```\nc", "b\n"),
        ("~~~py\nb\n~~~", "b\n"),
        ("```\nnever closed", "never closed"),
        ("a\n    b()\nc", "b()"),
        (">>> b()", "b()"),
        ("no code", ""),
    ],
)
def test_code_text(text: str, code: str) -> None:
    assert code_text(text) == code


@pytest.mark.parametrize("issue", ["", "\n\n", "\x00", "\r\n\r\n"])
def test_empty_issues(issue: str) -> None:
    found = read_mentions(issue)
    assert (found.title, found.paths, found.code_names) == ("", (), ())


@pytest.mark.parametrize("piece", ["a", "a.", "a/", "`", "```\n", "_", " ", '  File "', "aB", ">>> ", "a-"])
def test_a_huge_issue_takes_no_time(piece: str) -> None:
    started = time.perf_counter()
    read_mentions(piece * 1_000_000)
    assert time.perf_counter() - started < 3.0


@given(st.text(max_size=300))
def test_any_text_is_read_and_each_name_once(issue: str) -> None:
    found = read_mentions(issue)
    for names in (found.paths, found.file_names, found.dotted, found.title_names, found.code_names):
        assert len(names) == len(set(names))
        assert all(name for name in names)
