import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.tokens import pieces as query_pieces
from agentless.repo.words import LONGEST_WORD, count_words, pieces


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("word", ("word",)),
        ("Word", ("word",)),
        ("snake_case", ("snake_case", "snake", "case")),
        ("camelCase", ("camelcase", "camel", "case")),
        ("HTTPServer", ("httpserver", "http", "server")),
        ("HTTPServer_v2", ("httpserver_v2", "http", "server", "v", "2")),
        ("__init__", ("init",)),
        ("_", ()),
        ("___", ()),
        ("x1", ("x1", "x", "1")),
        ("utf8", ("utf8", "utf", "8")),
        ("\u00fcber", ("\u00fcber", "\u00fc", "ber")),
        ("\u4f60\u597d", ("\u4f60\u597d",)),
        ("a" * (LONGEST_WORD + 1), ()),
    ],
)
def test_pieces(word: str, expected: tuple[str, ...]) -> None:
    assert pieces(word) == expected


def test_a_text_counts_wholes_and_parts() -> None:
    counts = count_words("class HTTPServer:\n    http_server = HTTPServer(server)  # 404\n")
    assert counts == {
        "class": 1, "httpserver": 2, "http": 3, "server": 4, "http_server": 1, "404": 1,
    }  # fmt: skip


def test_nothing_gives_nothing() -> None:
    assert count_words("") == {}
    assert count_words("!?  \n\t()_") == {}


@given(st.text(max_size=300))
def test_counts_are_positive_and_lower_case(text: str) -> None:
    for word, count in count_words(text).items():
        assert count > 0
        assert word == word.lower()
        assert word


@given(st.text(max_size=100), st.text(max_size=100))
def test_counts_add_up_over_lines(one: str, other: str) -> None:
    both = count_words(f"{one}\n{other}")
    first, second = count_words(one), count_words(other)
    assert both == {word: first.get(word, 0) + second.get(word, 0) for word in {**first, **second}}


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True))
def test_the_index_and_the_query_split_words_alike(word: str) -> None:
    assert pieces(word) == query_pieces(word)
