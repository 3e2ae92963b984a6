import io
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.cli.issue import names_file, read_issue
from agentless.errors import InputError


class Stdin:
    """Standard input that holds bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "bug.md"
    path.write_bytes("\ufeffTitle\r\n\r\nünïcode\r\n".encode())
    assert read_issue(str(path)) == "Title\r\n\r\nünïcode\r\n"


def test_the_text_itself() -> None:
    text = "Blueprint accepts an empty name\n\nIt should not."
    assert read_issue(text) == text


def test_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b"piped issue"))
    assert read_issue("-") == "piped issue"


@pytest.mark.parametrize("text", ["", " \n\t", "\n\n"])
def test_an_empty_issue_names_the_fix(text: str) -> None:
    with pytest.raises(InputError, match="empty; give --issue"):
        read_issue(text)


def test_an_empty_file_is_an_empty_issue(tmp_path: Path) -> None:
    path = tmp_path / "bug.md"
    path.write_text("\n")
    with pytest.raises(InputError, match="empty"):
        read_issue(str(path))


@pytest.mark.parametrize("value", ["bugs/missing.md", "missing.txt", "issue.rst"])
def test_a_mistyped_path_is_not_taken_for_an_issue(value: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_issue(value)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bug.md"
    path.write_bytes("größe".encode("latin-1"))
    with pytest.raises(InputError, match="iconv"):
        read_issue(str(path))


@given(st.text(max_size=300))
def test_any_text_is_an_issue_or_a_clear_error(text: str) -> None:
    if names_file(text):
        return
    try:
        assert read_issue(text if text != "-" else "--") == (text if text != "-" else "--")
    except InputError as error:
        assert "--issue" in str(error)


def test_a_name_that_the_system_refuses_is_no_file() -> None:
    assert not names_file("x" * 5000)
    assert not names_file("")


@pytest.mark.parametrize("value", ["bug", "bug.log", "src"])
def test_one_word_is_a_mistyped_path(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    with pytest.raises(InputError, match="no such file"):
        read_issue(value)


def test_bytes_that_are_no_text_cannot_stop_a_request() -> None:
    assert read_issue("bad \udcff bytes").encode("utf-8") == "bad � bytes".encode()


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("from a pipe"))
    writer.start()
    assert read_issue(str(pipe)) == "from a pipe"
    writer.join()
