import json
from dataclasses import replace
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.config import LimitsConfig, RepairConfig
from agentless.records import Candidates
from agentless.store import canonical, digest_of, key_of
from tests.store.records import candidates, localization

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_key_is_32_hex_digits_and_stable_between_releases() -> None:
    assert key_of("a", 1) == key_of("a", 1)
    assert len(key_of("a")) == 32
    assert set(key_of("a")) <= set("0123456789abcdef")
    # Written down: a change here throws away the artifacts of every run there is.
    assert key_of("a", 1, None, {"b": 2}) == "6b37938f037d6e5da012085ba77ded82"


def test_order_and_number_of_parts_count() -> None:
    assert key_of("a", "b") != key_of("b", "a")
    assert key_of("ab") != key_of("a", "b")
    assert key_of() != key_of(None)


def test_every_field_of_a_record_counts() -> None:
    record = candidates()
    assert digest_of(record) != digest_of(replace(record, instance_id="other"))
    assert digest_of(record) != digest_of(replace(record, samples=record.samples[:1]))
    assert digest_of((record, localization())) != digest_of((localization(), record))


def test_settings_count() -> None:
    assert key_of(RepairConfig(samples=4)) != key_of(RepairConfig(samples=5))
    assert key_of(LimitsConfig()) == key_of(LimitsConfig())


def test_key_order_of_mappings_does_not_count_and_tuples_equal_lists() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    assert key_of((1, (2, 3))) == key_of([1, [2, 3]])


@given(plain)
def test_the_digest_survives_json(value: object) -> None:
    assert digest_of(value) == digest_of(json.loads(json.dumps(value)))


@given(plain, plain)
def test_different_values_have_different_keys(left: object, right: object) -> None:
    assert (key_of(left) == key_of(right)) == (canonical(left) == canonical(right))


def test_a_lone_surrogate_has_a_digest() -> None:
    assert key_of("\ud800") == key_of("?")


def test_paths_and_enums_are_their_values() -> None:
    class Kind(Enum):
        ONE = "one"

    assert key_of(Path("a/b"), Kind.ONE) == key_of("a/b", "one")


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", Candidates])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be part of a key"):
        key_of(value)
