"""Features of structure on the small project."""

import numpy as np
import pytest

from agentless.localize.corpus import Corpus
from agentless.localize.retrieve import candidates
from agentless.localize.structure import (
    absolute_name,
    folder_best,
    imported_by_best,
    imported_file,
    is_beside,
    module_names,
    structure_features,
)
from agentless.repo import Index


def test_the_best_score_of_a_folder_is_its_files_share() -> None:
    paths = ("a/x.py", "a/y.py", "b/z.py", "top.py")
    assert folder_best(paths, np.array([0.2, 0.9, 0.1, 0.4])).tolist() == [0.9, 0.9, 0.1, 0.4]


@pytest.mark.parametrize(
    ("path", "beside"),
    [
        ("setup.py", True),
        ("docs/conf.py", True),
        ("examples/a.py", True),
        ("src/a.py", False),
        ("pkg/a/b.py", False),
    ],
)
def test_what_stands_beside_the_product(path: str, beside: bool) -> None:
    assert is_beside(path) is beside


@pytest.mark.parametrize(
    ("name", "package", "expected"),
    [
        ("a.b", "x.y", "a.b"),
        (".b", "x.y", "x.y.b"),
        (".", "x.y", "x.y"),
        ("..b.c", "x.y", "x.b.c"),
        ("..", "x.y", "x"),
        (".....b", "x.y", "b"),
    ],
)
def test_relative_imports(name: str, package: str, expected: str) -> None:
    assert absolute_name(name, package) == expected


def test_modules_are_known_by_full_name_and_by_unique_tails() -> None:
    modules = module_names(("src/p/a.py", "src/p/__init__.py", "lib/q/a.py", "src/x.js"))
    assert modules["src.p.a"] == modules["p.a"] == 0
    assert modules["src.p"] == 1
    assert modules["q.a"] == 2
    assert "a" not in modules
    assert not any("x" in name for name in modules)


@pytest.mark.parametrize(("name", "place"), [("p.a", 0), ("p.a.Class", 0), ("os.path", None), ("", None)])
def test_imported_files(name: str, place: int | None) -> None:
    assert imported_file(name, {"p.a": 0}) == place


def test_what_the_best_files_import(index: Index) -> None:
    corpus = Corpus.of(index, candidates(index))
    text = np.array([float(path == "src/shop/cart.py") for path in corpus.paths])
    text[text == 0] = -1.0
    few = Corpus(corpus.paths, corpus.facts)
    values = dict(zip(few.paths, imported_by_best(few, text).tolist(), strict=True))
    assert values["src/shop/money.py"] == values["src/shop/stock.py"] == 1.0
    assert values["setup.py"] == 0.0


def test_a_file_does_not_raise_itself(index: Index) -> None:
    corpus = Corpus.of(index, ["src/shop/report/invoice.py"])
    assert imported_by_best(corpus, np.array([1.0])).tolist() == [0.0]


def test_all_features_are_within_zero_and_one(index: Index) -> None:
    corpus = Corpus.of(index, candidates(index))
    features = structure_features(corpus, np.linspace(0, 1, len(corpus.paths)))
    assert set(features) == {"dirmax", "imp_from", "aux", "log_bytes"}
    for values in features.values():
        assert values.shape == (len(corpus.paths),)
        assert np.all((values >= 0) & (values <= 1))
