"""Documents made of the index's facts."""

import pytest

from agentless.localize.corpus import Corpus, own_names, path_names
from agentless.localize.tokens import stem, stems
from agentless.repo import FileFacts, Index


def test_documents_stand_in_path_order(index: Index) -> None:
    corpus = Corpus.of(index, ["src/shop/stock.py", "src/shop/cart.py"])
    assert corpus.paths == ("src/shop/cart.py", "src/shop/stock.py")
    assert [facts.size for facts in corpus.facts] == [index.facts(path).size for path in corpus.paths]


def test_files_without_content_keep_their_path(index: Index) -> None:
    corpus = Corpus.of(index, ["src/shop/cart.py"], content=lambda path: False)
    assert corpus.paths == ("src/shop/cart.py",) and corpus.facts == (FileFacts(),)


def test_files_whose_words_do_not_count_are_not_read(index: Index) -> None:
    both, index = ["README.md", "docs/carts.rst"], Index.build(index.snapshot)
    corpus = Corpus.of(index, both, content=lambda path: path.endswith(".rst"))
    assert [bool(facts.words) for facts in corpus.facts] == [False, True]
    read = index.packed.keys() | index.unpacked.keys()
    assert [index.keys[path] in read for path in both] == [False, True]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("src/flask/blueprintStates.py", ("src", "flask", "blueprintStates")),
        ("Makefile", ("Makefile",)),
        (".coveragerc", ("coveragerc",)),
        ("a/b.tar.gz", ("a", "b", "tar")),
    ],
)
def test_names_of_a_path(path: str, names: tuple[str, ...]) -> None:
    assert path_names(path) == names


def test_own_names_leave_classes_out() -> None:
    assert own_names(FileFacts(defined="A\nA.run\nLIMIT")) == ["A", "run", "LIMIT"]


def test_stems_of_identifiers() -> None:
    assert stem("blueprints") == "blueprint"
    assert stems("registerBlueprints") == ("registerblueprint", "regist", "blueprint")
    assert stems("carts_cart") == ("carts_cart", "cart")
    assert stems("___") == ()
