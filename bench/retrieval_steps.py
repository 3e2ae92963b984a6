"""The steps from plain BM25 to the shipped formula, each measured on the same row."""

from dataclasses import replace

import numpy as np

from agentless.localize.bm25 import Vector, inverse_frequency, normalised, saturated_sum
from agentless.localize.counts import count_words
from agentless.localize.features import Task, all_features, weighted
from agentless.localize.query import read_query
from agentless.localize.retrieve import main_task
from agentless.localize.tokens import WORD, pieces
from agentless.localize.weights import Emphasis, Formula, Weights, load_weights
from agentless.repo import Index
from bench.recall import Found, found
from bench.retrieval_rows import Row, gold_files

PLAIN_K1 = 1.2
PLAIN_B = 0.75

FORMULA_I: Formula = {
    "bm25f": 3.61, "content": 1.63, "sym": 1.21, "path": 1.98, "doc": 0.84, "path_mention": 1.78, "tb_last": 0.41,
    "sym_title": 0.89, "sym_code": 0.42, "symqual": 0.94, "dirmax": 2.06, "imp_from": 0.69, "aux": -1.82,
    "log_bytes": 1.1,
}  # fmt: skip
"""The first formula without history, by the weights of its first fit."""
FORMULA_G: Formula = {
    "bm25f": 3, "content": 1.5, "hist": 1.5, "path": 1.5, "path_mention": 2, "dirmax": 2, "sym": 1,
    "commit_knn": 1, "sym_title": 1, "tb_last": 0.5, "sym_code": 0.5, "symqual": 0.5, "imp_from": 0.75,
    "recency": 1.25, "aux": -1, "log_commits": -1.5,
}  # fmt: skip
"""The first formula with history."""
FOREVER = 1e9
"""Years: commits do not age."""
EMPHASIS = Emphasis(saturation=2.0, title=3.0, title_part=3.0, inside=1.0, code=1.5)
"""How much the words of an issue counted in both."""


def first_weights(shipped: Weights) -> Weights:
    """Everything besides the two formulas as it was with them."""
    emphasis = {**shipped.emphasis, "files": EMPHASIS}
    return replace(
        shipped, plain=FORMULA_I, history=FORMULA_G, emphasis=emphasis, rarity=1.0, bm25f_k1=8.0,
        commit_power=3.0, commit_years=FOREVER,
    )  # fmt: skip


def measure_steps(row: Row, index: Index) -> dict[str, Found]:
    """Step -> where the gold files stand among the files in the main languages."""
    shipped = load_weights()
    issue = str(row["problem_statement"])
    task = main_task(index, issue, shipped)
    bare = replace(task, changes=None)
    g = replace(task, query=read_query(issue, EMPHASIS), weights=first_weights(shipped))
    i = replace(g, changes=None)
    alone = all_features(i)
    scores = {
        "BM25 over content": plain_bm25(task, issue),
        "tuned, title and code count more": alone["content"],
        "BM25F: content, docstrings, symbols, path": alone["bm25f"],
        "formula i: 14 features, no history": weighted(alone, FORMULA_I),
        "shipped, no history": weighted(all_features(bare), shipped.plain),
        "formula g: 16 features, with history": weighted(all_features(g), FORMULA_G),
        "shipped": weighted(all_features(task), task.formula),
    }
    gold, paths = gold_files(row), task.corpus.paths
    return {
        name: found(str(row["instance_id"]), str(row["repo"]), gold, [paths[place] for place in order(values)])
        for name, values in scores.items()
    }


def order(scores: Vector) -> list[int]:
    """Places, best first; ties by path."""
    places: list[int] = np.argsort(-np.round(scores, 6), kind="stable").tolist()
    return places


def plain_bm25(task: Task, issue: str) -> Vector:
    """BM25 as in the textbook: identifiers whole and split, every occurrence in the issue counts."""
    terms: dict[str, int] = {}
    for word in WORD.findall(issue):
        for piece in pieces(word):
            terms[piece] = terms.get(piece, 0) + 1
    files = [facts.words for facts in task.corpus.facts]
    counts, lengths = count_words(tuple(terms), files, task.corpus.vocabulary)
    asked = np.array(list(terms.values()), dtype=np.float64)
    return saturated_sum(normalised(counts, lengths, PLAIN_B), asked * inverse_frequency(counts), PLAIN_K1)
