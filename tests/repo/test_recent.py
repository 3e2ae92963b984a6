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
