"""The numbers of retrieval fit the features that there are."""

from agentless.localize.corpus import Corpus
from agentless.localize.features import Task, all_features
from agentless.localize.query import read_query
from agentless.localize.retrieve import candidates
from agentless.localize.weights import load_weights, weights_text
from agentless.repo import Index
from tests.localize.pasts import past_of


def test_every_weight_has_a_feature(index: Index) -> None:
    weights = load_weights()
    corpus = Corpus.of(index, candidates(index))
    past = past_of([("cart", 0, corpus.paths)])
    for task in (
        Task.of(corpus, read_query("cart"), weights, past),
        Task.of(corpus, read_query("cart"), weights, None),
    ):
        features = all_features(task)
        assert task.formula.keys() <= features.keys()
        assert all(values.min() >= -1e-9 and values.max() <= 1 + 1e-9 for values in features.values())
    assert set(weights.history) != set(weights.plain)


def test_fields_of_bm25f_and_of_bm25_are_the_same() -> None:
    weights = load_weights()
    assert set(weights.bm25f) == set(weights.single) == {"content", "doc", "sym", "path", "hist"}


def test_files_and_functions_read_an_issue_each_in_their_way() -> None:
    emphasis = load_weights().emphasis
    assert set(emphasis) == {"files", "functions"}
    assert emphasis["files"].code < emphasis["functions"].code


def test_other_languages_come_after_everything() -> None:
    weights = load_weights()
    for formula in (weights.history, weights.plain):
        best = sum(value for value in formula.values() if value > 0)
        worst = sum(value for value in formula.values() if value < 0)
        assert weights.minor_language + best < worst


def test_the_key_of_a_localization_covers_every_number() -> None:
    for word in (
        "with_history",
        "without_history",
        "extra",
        "commit_years",
        "rarity",
        "emphasis",
        "minor_language",
        "bm25f",
        "elements",
    ):
        assert f"\n{word}:" in "\n" + weights_text()
