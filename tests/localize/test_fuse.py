"""Votes and ranks put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.fuse import fuse, rank_votes, reciprocal_rank
from agentless.records import RankedFile, Rollout


def rollout(*paths: str, attempt: int = 0) -> Rollout:
    return Rollout(attempt=attempt, outcome="ok" if paths else "no_path", paths=paths)


def files(*paths: str) -> list[RankedFile]:
    return [
        RankedFile(path=path, score=10.0 - place, reasons=("bm25f +1.00",)) for place, path in enumerate(paths)
    ]


def test_votes_by_frequency_then_place_then_retrieval_then_path() -> None:
    rollouts = [rollout("a", "b", "c"), rollout("b", "a"), rollout("c", "d"), rollout("e")]
    ranks = {"e": 1, "b": 2, "a": 3}
    assert rank_votes(rollouts, ranks) == [("b", 2), ("a", 2), ("c", 2), ("e", 1), ("d", 1)]


def test_a_path_votes_once_per_rollout_and_only_when_the_reply_counts() -> None:
    lost = Rollout(attempt=1, outcome="truncated", paths=("b",))
    assert rank_votes([rollout("a", "a"), lost], {}) == [("a", 1)]


def test_k_of_zero_is_the_sum_of_inverse_ranks() -> None:
    scores = reciprocal_rank([["a", "b", "c"], ["b", "c", "a"]], 0)
    assert scores == pytest.approx({"a": 1 + 1 / 3, "b": 1 / 2 + 1, "c": 1 / 3 + 1 / 2})


def test_k_of_sixty() -> None:
    assert reciprocal_rank([["a"], ["b", "a"]], 60)["a"] == pytest.approx(1 / 61 + 1 / 62)


def test_a_negative_k_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        reciprocal_rank([["a"]], -1)


def test_no_rollouts_leave_retrieval_as_it_is() -> None:
    ranked = files("a", "b", "c")
    assert fuse([], ranked, k=0, limit=2) == tuple(ranked[:2])


def test_rollouts_without_a_path_leave_retrieval_as_it_is() -> None:
    ranked = files("a", "b", "c")
    assert fuse([rollout(), rollout(attempt=1)], ranked, k=0, limit=2) == tuple(ranked[:2])


def test_one_vote_then_filled_up_by_retrieval() -> None:
    fused = fuse([rollout("d")], files("a", "b", "c", "d"), k=0, limit=3)
    assert [(file.path, file.votes) for file in fused] == [("d", 1), ("a", 0), ("b", 0)]
    assert fused[0].score == pytest.approx(1.25)


def test_equal_scores_go_to_the_file_with_votes() -> None:
    fused = fuse([rollout("z")], files("a", "b"), k=0, limit=2)
    assert [file.path for file in fused] == ["z", "a"]
    assert fused[0].score == fused[1].score == 1.0


def test_reasons_name_the_votes_before_the_features() -> None:
    fused = fuse([rollout("a"), rollout("a", attempt=1), rollout("b", attempt=2)], files("a"), k=0, limit=2)
    assert fused[0].reasons == ("named in 2 of 3 rollouts", "bm25f +1.00")
    assert fused[1].reasons == ("named in 1 of 3 rollouts",)


NAMES = st.sampled_from([f"f{i}" for i in range(8)])
RANKED = st.lists(NAMES, unique=True, max_size=8).map(lambda names: files(*names))
ROLLOUTS = st.lists(st.lists(NAMES, max_size=4).map(lambda paths: rollout(*paths)), max_size=6)


@given(ROLLOUTS, RANKED, st.floats(0, 100), st.integers(1, 8))
def test_fused_files_are_distinct_ordered_and_as_many_as_there_are(
    rollouts: list[Rollout], ranked: list[RankedFile], k: float, limit: int
) -> None:
    fused = fuse(rollouts, ranked, k=k, limit=limit)
    every = {file.path for file in ranked} | {path for r in rollouts for path in r.paths}
    assert len({file.path for file in fused}) == len(fused) == min(limit, len(every))
    assert [file.score for file in fused] == sorted((file.score for file in fused), reverse=True)


@given(ROLLOUTS, RANKED, st.floats(0, 100))
def test_the_order_of_rollouts_does_not_matter(
    rollouts: list[Rollout], ranked: list[RankedFile], k: float
) -> None:
    assert fuse(rollouts, ranked, k=k, limit=8) == fuse(rollouts[::-1], ranked, k=k, limit=8)


@given(RANKED, st.floats(0, 100))
def test_a_file_first_in_both_lists_is_first(ranked: list[RankedFile], k: float) -> None:
    if ranked:
        best = ranked[-1].path
        first = sorted(ranked, key=lambda file: file.path != best)
        assert fuse([rollout(best)], first, k=k, limit=1)[0].path == best
