"""Every history comes back as it was, in far fewer bytes."""

import zlib
from collections.abc import Sequence

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agentless.repo.gitlog import LoggedCommit
from agentless.repo.history import KEY_DIGITS, History, Rows
from agentless.repo.history_growth import EMPTY, grown
from agentless.repo.packed_history import (
    from_planes,
    from_steps,
    pack_history,
    rows_of,
    steps_of,
    to_planes,
    unpack_history,
)


def same(one: History, other: History) -> bool:
    """Whether two histories say the same of everything."""
    arrays = [
        (one.dates, other.dates),
        (one.counts, other.counts),
        *(
            pair
            for name in ("parents", "files", "messages")
            for mine, theirs in [(getattr(one, name), getattr(other, name))]
            for pair in ((mine.starts, theirs.starts), (mine.values, theirs.values))
        ),
    ]
    return (one.numbers, one.tips, one.paths, one.words) == (
        other.numbers,
        other.tips,
        other.paths,
        other.words,
    ) and all(
        mine.dtype == theirs.dtype and mine.tolist() == theirs.tolist() for mine, theirs in arrays
    )  # fmt: skip


def logged(number: int, parents: Sequence[int], date: int, message: str, paths: Sequence[str]) -> LoggedCommit:
    return LoggedCommit(f"{number:040x}", tuple(f"{each:040x}" for each in parents), date, message, tuple(paths))


commits = st.lists(
    st.tuples(
        st.integers(1, 2**160 - 1),
        st.lists(st.integers(1, 2**160 - 1), max_size=3),
        st.integers(0, 10**11 - 1),
        st.text(st.sampled_from("ab\xe9 "), max_size=12),
        st.lists(st.sampled_from(["a.py", "b/c.py", "\udcff.txt", "\u4f60"]), max_size=3, unique=True),
    ),
    max_size=8,
)


@given(commits, st.integers(0, 8))
def test_any_history_comes_back(drawn: list[tuple[int, list[int], int, str, list[str]]], known: int) -> None:
    made = [logged(*each) for each in drawn]
    made += [logged(drawn[0][0], [], 0, "again", [])] if drawn else []
    history = grown(grown(EMPTY, made[:known]), made)
    assert same(unpack_history(pack_history(history)), history)


def test_nothing_comes_back() -> None:
    assert same(unpack_history(pack_history(EMPTY)), EMPTY)


@given(arrays(np.int64, st.integers(0, 20), elements=st.integers(-(2**62), 2**62)))
def test_planes_hold_any_numbers(values: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
    data = to_planes(values)
    assert from_planes(data).tolist() == values.tolist()
    assert len(data) == 1 + data[0] * len(values)


@pytest.mark.parametrize(
    ("values", "width"), [([], 1), ([0], 1), ([127, -128], 1), ([128], 2), ([-129], 2), ([2**40], 6)]
)
def test_planes_are_no_wider_than_needed(values: list[int], width: int) -> None:
    assert to_planes(np.array(values, np.int64))[0] == width


@given(st.lists(st.lists(st.integers(0, 10**6), max_size=4, unique=True).map(sorted), max_size=6))
def test_rising_rows_come_back(lists: list[list[int]]) -> None:
    starts = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    rows = Rows(starts, np.array([value for each in lists for value in each], dtype=np.int32))
    steps = steps_of(rows)
    assert (steps >= 0).all()
    again = from_steps(starts, steps)
    assert (again.starts.tolist(), again.values.tolist()) == (rows.starts.tolist(), rows.values.tolist())
    assert rows_of(rows).tolist() == [number for number, each in enumerate(lists) for _ in each]


def test_a_commit_takes_few_bytes() -> None:
    random = np.random.default_rng(0)
    ids = [f"{int.from_bytes(random.bytes(20)):040x}" for _ in range(2001)]
    made = [
        LoggedCommit(ids[n], (ids[n + 1],), 1_700_000_000 - 5000 * n, "Fix the usual", (f"pkg/{n % 40}.py",))
        for n in range(2000)
    ]
    packed = zlib.compress(msgpack.packb(pack_history(grown(EMPTY, made))), 6)
    assert len(packed) / 2000 < KEY_DIGITS / 2 + 2
