from hypothesis import given
from hypothesis import strategies as st

from agentless.repo.recent import ENTRY_BYTES, Recent


def test_what_was_put_is_there() -> None:
    recent: Recent[str, int] = Recent()
    recent.put_many({"a": (1, 10), "b": (2, 10)})
    assert recent.get_many(["b", "c", "a"]) == {"b": 2, "a": 1}


def test_what_is_used_outlives_what_is_not() -> None:
    recent: Recent[int, int] = Recent(max_bytes=20 * (ENTRY_BYTES + 100))
    for number in range(100):
        recent.put(number, number, 100)
        assert recent.get_many([0, number]) == {0: 0, number: number}
    left = recent.get_many(range(100))
    assert 0 in left
    assert 99 in left
    assert len(left) <= 21


def test_a_value_put_twice_counts_once() -> None:
    recent: Recent[str, int] = Recent(max_bytes=10 * (ENTRY_BYTES + 100))
    recent.put("other", 0, 100)
    for number in range(50):
        recent.put("a", number, 100)
    assert recent.get_many(["a", "other"]) == {"a": 49, "other": 0}
    assert recent.bytes == 2 * (ENTRY_BYTES + 100)


def test_a_value_that_is_too_large_is_not_remembered() -> None:
    recent: Recent[str, int] = Recent(max_bytes=2000)
    recent.put_many({"small": (1, 100), "large": (2, 900), "small too": (3, 100)})
    assert recent.get_many(["small", "large", "small too"]) == {"small": 1, "small too": 3}
    recent.put("small", 4, 900)
    assert recent.get_many(["small"]) == {}, "the old value is not the value"


@given(st.integers(0, 3000), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1500)), max_size=40))
def test_the_bound_is_kept(max_bytes: int, values: list[tuple[int, int]]) -> None:
    recent: Recent[int, int] = Recent(max_bytes)
    for key, size in values:
        recent.put(key, size, size)
        recent.get_many([key // 2])
        held = [*recent.young.values(), *recent.old.values()]
        assert sum(each + ENTRY_BYTES for _, each in held) <= max_bytes
        assert recent.bytes == sum(each + ENTRY_BYTES for _, each in recent.young.values())


def test_dropped_and_cleared_values_are_gone_from_both_generations() -> None:
    recent: Recent[int, int] = Recent(max_bytes=6 * ENTRY_BYTES)
    for number in range(5):
        recent.put(number, number, 0)
    assert set(recent.old) == {0, 1, 2}
    assert set(recent.young) == {3, 4}
    recent.drop([0, 4, 7])
    assert recent.get_many(range(5)) == {1: 1, 2: 2, 3: 3}
    recent.clear()
    assert recent.get_many(range(5)) == {}
    assert recent.bytes == 0
