"""Features of explicit mentions on the small project."""

import pytest

from agentless.localize.corpus import Corpus
from agentless.localize.mentions import read_mentions
from agentless.localize.named import matching, matching_module, mention_features, path_tails, qualified_pairs
from agentless.localize.retrieve import candidates
from agentless.repo import Index

PATHS = ("a/b/c.py", "x/b/c.py", "x/d.py", "x/__init__.py")


def tails(issue: str) -> dict[str, list[int]]:
    return path_tails(PATHS, read_mentions(issue))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a/b/c.py", [0]),
        ("b/c.py", [0, 1]),
        ("/home/me/a/b/c.py", [0]),
        ("https/site/x/d.py", [2]),
        ("d.py", []),
        ("other/d.py", []),
        ("../x/d.py", [2]),
        ("", []),
    ],
)
def test_paths_match_by_their_longest_tail(text: str, places: list[int]) -> None:
    assert matching(text, tails("see a/b/c.py and x/d.py")) == places


@pytest.mark.parametrize(
    ("name", "places"),
    [("x.d", [2]), ("x.d.Class.method", [2]), ("x.y", []), ("b.c", [0, 1]), ("d.x", []), ("top.x.d", [2])],
)
def test_modules_match_by_their_longest_beginning(name: str, places: list[int]) -> None:
    found = matching_module(name, tails(f"see {name}"))
    assert found == places or (name == "top.x.d" and found == [])


def test_a_package_is_its_init_file() -> None:
    tails_of_package = path_tails(("p/x/__init__.py",), read_mentions("p.x.y"))
    assert matching_module("p.x.y", tails_of_package) == [0]


def test_pairs() -> None:
    assert qualified_pairs(["a.B.c", "d"]) == {"a.B", "B.c"}


def features(index: Index, issue: str) -> dict[str, dict[str, float]]:
    """Feature -> the files that have it."""
    corpus = Corpus.of(index, candidates(index))
    found = mention_features(corpus, read_mentions(issue))
    return {
        name: {path: value for path, value in zip(corpus.paths, values.tolist(), strict=True) if value}
        for name, values in found.items()
    }


def test_a_path_with_two_components(index: Index) -> None:
    assert features(index, "bug in shop/cart.py")["path_mention"] == {"src/shop/cart.py": 1.0}


def test_an_ambiguous_path_is_shared(index: Index) -> None:
    found = features(index, "bug\n\nin report/__init__.py or shop/report/__init__.py")
    assert found["path_mention"] == {"src/shop/report/__init__.py": 1.0}


def test_a_file_name_alone(index: Index) -> None:
    found = features(index, "bug in money.py and in __init__.py")
    assert found["path_mention"] == {
        "src/shop/money.py": 1.0,
        "src/shop/__init__.py": 0.5,
        "src/shop/report/__init__.py": 0.5,
    }


def test_a_dotted_module(index: Index) -> None:
    assert features(index, "`shop.report.invoice.render_invoice` fails")["path_mention"] == {
        "src/shop/report/invoice.py": 1.0
    }


TRACEBACK = """\
It fails

Traceback (most recent call last):
  File "me.py", line 3, in <module>
  File "/venv/site-packages/shop/cart.py", line 20, in add_item
  File "/venv/site-packages/shop/stock.py", line 5, in reserve
  File "/usr/lib/python3/decimal.py", line 7, in quantize
"""


def test_the_last_frame_of_the_repository(index: Index) -> None:
    assert features(index, TRACEBACK)["tb_last"] == {"src/shop/stock.py": 1.0}


def test_a_traceback_elsewhere_gives_nothing(index: Index) -> None:
    assert features(index, 'File "/usr/lib/decimal.py", line 7, in quantize')["tb_last"] == {}


def test_symbols_in_title_and_code(index: Index) -> None:
    found = features(index, "Money is wrong\n\n`parse_amount` and total() are fine")
    assert found["sym_title"] == {"src/shop/money.py": 1.0}
    assert found["sym_code"] == {"src/shop/money.py": 1.0, "src/shop/cart.py": 1.0}


def test_a_name_that_many_files_define_is_shared(index: Index) -> None:
    issue = "title\n\n`__init__`"
    assert features(index, issue)["sym_code"] == {"src/shop/cart.py": 0.5, "src/shop/money.py": 0.5}


def test_class_and_method(index: Index) -> None:
    assert features(index, "Cart.total is off")["symqual"] == {"src/shop/cart.py": 1.0}
    assert features(index, "Cart.absent is off")["symqual"] == {}


def test_an_issue_without_names(index: Index) -> None:
    assert all(not found for found in features(index, "it does not work").values())
