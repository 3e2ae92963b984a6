"""Features of history, on pasts made by hand."""

import numpy as np
import pytest

from agentless.localize.history import (
    FOCUSED_FILES,
    Changes,
    alike_commits,
    change_features,
    message_field,
    message_lengths,
    message_table,
)
from tests.localize.pasts import changes_of, corpus_of, past_of

CORPUS = corpus_of("a.py", "b.py", "c.py")
ALL = [f"f{number}.py" for number in range(FOCUSED_FILES + 1)]


def knn(changes: Changes, *stems: str, years: float = 3.0) -> dict[str, float]:
    values = alike_commits(changes, message_table(changes, stems), np.ones(len(stems)), years, 4.0)
    return dict(zip(CORPUS.paths, values.tolist(), strict=True))


def test_changes_are_those_of_files_that_are_there() -> None:
    changes = changes_of(
        CORPUS, ("one", 2, ["a.py", "gone.py"]), ("two", 1, ["gone.py"]), ("three", 0, ["b.py", "a.py"])
    )
    assert changes.files.lengths().tolist() == [1, 2]
    assert changes.column.tolist() == [0, -1, 1]
    assert changes.ages().tolist() == pytest.approx([2, 0], abs=1e-3)


def test_a_file_s_old_name_counts_no_more() -> None:
    changes = changes_of(CORPUS, ("spell", 1, ["before.py"]), ("rename", 0, ["before.py", "a.py"]))
    table, _ = message_field(changes, message_table(changes, ["spell", "renam"]))
    assert table.rows.tolist() == [1] and table.columns.tolist() == [0]


def test_messages_of_a_file_are_one_document() -> None:
    changes = changes_of(CORPUS, ("fix carts", 1, ["a.py"]), ("fix money fix", 0, ["a.py", "c.py"]))
    table, lengths = message_field(changes, message_table(changes, ["fix", "cart"]))
    found = dict(
        zip(zip(table.rows.tolist(), table.columns.tolist(), strict=True), table.values.tolist(), strict=True)
    )
    assert found == {(0, 0): 3, (1, 0): 1, (0, 2): 2}
    assert lengths.tolist() == [5, 0, 3]
    assert message_lengths(changes).tolist() == [2, 3]


def test_a_commit_that_changes_many_files_describes_none() -> None:
    corpus = corpus_of(*ALL)
    changes = changes_of(corpus, ("reformat", 1, ALL), ("fix", 0, ALL[:1]))
    assert changes.files.lengths().tolist() == [1]
    assert change_features(changes)["log_commits"].tolist().count(1.0) == 1


def test_commits_like_the_issue_vote_for_their_files() -> None:
    changes = changes_of(
        CORPUS,
        ("cart loses items", 0, ["a.py"]),
        ("cart", 0, ["b.py"]),
        ("other", 0, ["c.py"]),
        ("x", 0, ["c.py"]),
    )
    found = knn(changes, "cart", "lose")
    assert found["a.py"] == 1.0 > found["b.py"] > found["c.py"] == 0.0


def test_an_old_commit_and_one_of_more_files_vote_less() -> None:
    young, old = ("cart", 0, ["a.py"]), ("cart", 3, ["b.py"])
    assert knn(changes_of(CORPUS, old, young), "cart")["b.py"] == pytest.approx(np.exp(-1), rel=1e-3)
    assert knn(changes_of(CORPUS, old, young), "cart", years=1e9)["b.py"] == pytest.approx(1.0)
    pair = changes_of(CORPUS, ("cart", 0, ["a.py"]), ("cart", 0, ["b.py", "c.py"]))
    assert knn(pair, "cart")["c.py"] == pytest.approx(0.5**0.5)


def test_half_as_alike_is_far_less_of_a_vote() -> None:
    changes = changes_of(CORPUS, ("cart", 0, ["a.py"]), ("money", 0, ["b.py"]))
    votes = alike_commits(changes, message_table(changes, ("cart", "money")), np.array([1.0, 0.5]), 3.0, 4.0)
    assert votes.tolist() == pytest.approx([1.0, 0.5**4, 0.0])


def test_nothing_alike_is_zero() -> None:
    assert set(knn(changes_of(CORPUS, ("cart", 0, ["a.py"])), "zzzz").values()) == {0.0}
    assert set(knn(changes_of(CORPUS, ("cart", 0, [])), "cart").values()) == {0.0}
    assert set(knn(changes_of(CORPUS, ("cart", 0, ["a.py"]))).values()) == {0.0}


def test_recency_and_number_of_changes() -> None:
    changes = changes_of(CORPUS, ("one", 4, ["a.py", "b.py"]), ("two", 1, ["a.py"]), ("three", 0, []))
    features = change_features(changes)
    assert features["recency"].tolist() == pytest.approx([1 / 2, 1 / 5, 0], abs=1e-3)
    assert features["log_commits"].tolist() == pytest.approx([1, np.log(2) / np.log(3), 0])


def test_a_date_after_the_commit_under_repair_is_now() -> None:
    assert changes_of(CORPUS, ("rebased", -3, ["a.py"]), ("now", 0, ["b.py"])).ages().tolist() == [0, 0]


def test_later_commits_change_nothing() -> None:
    before = [("cart fix", 1.0, ["a.py", "b.py"]), ("money", 0.0, ["b.py"])]
    plain = Changes.of(CORPUS, past_of(before))
    after = Changes.of(CORPUS, past_of(before, later=[("cart cart cart lose", ["c.py"])] * 5))
    assert knn(plain, "cart", "lose") == knn(after, "cart", "lose")
    for name, values in change_features(plain).items():
        assert change_features(after)[name].tolist() == values.tolist()
    one, other = (message_field(each, message_table(each, ["cart", "lose"])) for each in (plain, after))
    assert one[0].values.tolist() == other[0].values.tolist() and one[1].tolist() == other[1].tolist()
