"""Ancestors, changes and messages, on histories made by hand."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agentless.repo.gitlog import LoggedCommit
from agentless.repo.history import History, Past, Rows, key_of, reachable
from agentless.repo.history_growth import EMPTY, MOST_FILES, grown


def logged(name: str, parents: Sequence[str] = (), message: str = "", paths: Sequence[str] = ()) -> LoggedCommit:
    return LoggedCommit(name, tuple(parents), 1000 + len(name), message, tuple(paths))


DIAMOND = [
    logged("top", ["left", "right"], "Merge right"),
    logged("left", ["root"], "Fix the carts", ["cart.py"]),
    logged("right", ["root"], "Carts and money", ["cart.py", "money.py"]),
    logged("root", [], "start", ["cart.py", "money.py", "old.py"]),
    logged("later", ["top"], "Fix the cart again", ["money.py"]),
]


def past(history: History, commit_id: str) -> Past:
    """Without the rule that a past must be long."""
    number = history.numbers[key_of(commit_id)]
    return Past(history, number, reachable(number, history.parents))


def ancestors(history: History, commit_id: str) -> set[str]:
    mask = past(history, commit_id).ancestors
    return {name for name, number in history.numbers.items() if mask[number]}


def changes(history: History, commit_id: str) -> set[tuple[str, str]]:
    names = list(history.numbers)
    commits, paths = past(history, commit_id).changes()
    return {(names[c], history.paths[p]) for c, p in zip(commits.tolist(), paths.tolist(), strict=True)}


def mentions(history: History, commit_id: str, stem: str) -> dict[str, int]:
    names = list(history.numbers)
    commits, counts = past(history, commit_id).mentions(stem)
    return {names[c]: n for c, n in zip(commits.tolist(), counts.tolist(), strict=True)}


def test_ancestors_go_through_both_parents_and_not_forward() -> None:
    history = grown(EMPTY, DIAMOND)
    assert ancestors(history, "top") == {"top", "left", "right", "root"}
    assert ancestors(history, "left") == {"left", "root"}
    assert ancestors(history, "later") == {commit.commit_id for commit in DIAMOND}


def test_changes_and_mentions_are_those_of_ancestors_alone() -> None:
    history = grown(EMPTY, DIAMOND)
    assert changes(history, "left") == {
        ("left", "cart.py"),
        ("root", "cart.py"),
        ("root", "money.py"),
        ("root", "old.py"),
    }
    assert mentions(history, "left", "cart") == {"left": 1}
    assert mentions(history, "top", "cart") == {"left": 1, "right": 1}
    assert mentions(history, "later", "fix") == {"left": 1, "later": 1}
    assert mentions(history, "top", "zzzz") == {}


def test_a_merge_says_nothing_by_its_message() -> None:
    assert mentions(grown(EMPTY, DIAMOND), "top", "merg") == {}


def test_a_date_is_the_commit_s_own() -> None:
    assert past(grown(EMPTY, DIAMOND), "left").date == 1004


def test_lengths_of_messages() -> None:
    history = grown(EMPTY, DIAMOND)
    assert history.message_lengths().tolist() == [0, 3, 3, 1, 4]


@given(st.permutations(DIAMOND), st.integers(0, 5))
def test_the_order_of_arrival_changes_no_answer(order: list[LoggedCommit], known: int) -> None:
    whole = grown(EMPTY, DIAMOND)
    old = {commit.commit_id for commit in (DIAMOND[3], DIAMOND[1], DIAMOND[2], DIAMOND[0], DIAMOND[4])[:known]}
    history = grown(grown(EMPTY, [commit for commit in order if commit.commit_id in old]), order)
    for commit_id in whole.numbers:
        assert ancestors(history, commit_id) == ancestors(whole, commit_id)
        assert changes(history, commit_id) == changes(whole, commit_id)
        assert mentions(history, commit_id, "cart") == mentions(whole, commit_id, "cart")


def test_tips_are_the_whole_ids_of_what_is_nobody_s_parent() -> None:
    old = grown(EMPTY, DIAMOND[:4])
    assert old.tips == ("top",)
    new, newer = "1" * 40, "2" * 40
    history = grown(old, [logged(newer, [new]), logged("side", ["left"]), logged(new, ["top"])])
    assert history.tips == (newer, "side")
    assert ancestors(history, newer) == {key_of(newer), key_of(new), "top", "left", "right", "root"}
    assert history.past(newer, fewest=6) is not None


def test_nothing_new_is_the_same_history() -> None:
    history = grown(EMPTY, DIAMOND)
    assert grown(history, DIAMOND) is history


def test_commits_of_many_files_and_cuts_change_nothing() -> None:
    many = logged("many", [], "Reformat", [f"{n}.py" for n in range(MOST_FILES + 1)])
    cut = logged("cut", [], "Where the clone ends", ["a.py"])
    history = grown(EMPTY, [many, cut], cuts={"cut"})
    assert changes(history, "many") == changes(history, "cut") == set()
    assert mentions(history, "cut", "clone") == {}


def test_a_past_must_be_long_enough() -> None:
    history = grown(EMPTY, DIAMOND)
    assert history.past("top") is None and history.past("nobody", fewest=0) is None
    assert history.past("top", fewest=4) is not None and history.past("left", fewest=4) is None


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6), st.data())
def test_rows_are_taken_in_order(lists: list[list[int]], data: st.DataObject) -> None:
    starts = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    rows = Rows(starts, np.array([value for each in lists for value in each], dtype=np.int32))
    wanted = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=5)) if lists else []
    places, values = rows.take(np.array(wanted, dtype=np.int32))
    assert values.tolist() == [value for row in wanted for value in lists[row]]
    assert places.tolist() == [place for place, row in enumerate(wanted) for _ in lists[row]]
    assert rows.lengths().tolist() == list(map(len, lists))


def test_a_hundred_thousand_commits_take_no_recursion_and_little_time() -> None:
    count = 100_000
    starts = np.concatenate([np.arange(count), [count - 1]]).astype(np.int32)
    parents = Rows(starts, np.arange(1, count, dtype=np.int32))
    assert reachable(0, parents).all()
    assert reachable(count - 1, parents).sum() == 1
