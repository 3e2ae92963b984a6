"""Which lines begin inside a string, whatever their indentation."""

import io
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repair.strings import inside_strings, string_end


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("x = 1\ny = 2", set()),
        ("x = '''\na\n'''\ny", {1, 2}),
        ('x = rb"""\na\\"""\n"""\ny', {1, 2}),
        ("# it's '''\nx", set()),
        ("x = '# no comment'\ny = '''\nz'''", {2}),
        ("x = \"'''\"\ny", set()),
        ("x = 'one \\\ntwo'\ny", {1}),
        ("x = 'open\ny = '''\n", {2}),
        ("        a = '''\n  b'''\n   c = '''d\n'''", {1, 3}),
        ("", set()),
        ("\\", set()),
    ],
)
def test_lines_inside_strings(text: str, inside: set[int]) -> None:
    assert inside_strings(text.split("\n")) == inside


CODE = st.lists(st.sampled_from(["x = 1", "'''", '"""', "'a'", '"b"', "# c", "\n", " + "]), max_size=20)


@given(CODE)
def test_where_python_reads_the_text_it_agrees(pieces: list[str]) -> None:
    text = "".join(pieces)
    wanted: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.ERRORTOKEN:
                return
            if token.type == tokenize.STRING:
                wanted.update(range(token.start[0], token.end[0]))
    except (tokenize.TokenError, SyntaxError):
        return
    assert inside_strings(text.split("\n")) == wanted


def test_where_a_string_ends() -> None:
    lines = ["r'''a", "b'''", "x = 1", "'c'", '"""open', ""]
    assert [string_end(lines, start) for start in range(5)] == [2, 1, 2, 4, 6]


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("javascript", "a = `x\n\\`y\n` + 'z`'\nb", {1, 2}),
        ("tsx", "// don`t\na\n/* `\nb */\nc", set()),
        ("go", "a := `x\\`\nb := `\nc`\nd", {2}),
        ("java", 'a = """\n  x\n  """;\nb', {1, 2}),
    ],
)
def test_strings_of_many_lines_in_other_languages(language: str, text: str, wanted: set[int]) -> None:
    assert inside_strings(text.split("\n"), language) == wanted
