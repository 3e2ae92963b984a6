import inspect
from dataclasses import FrozenInstanceError, fields
from typing import Any, get_args, get_type_hints

import pytest

from agentless import records
from agentless.records import Instance, SampleOutcome, Verdict

RECORDS: list[Any] = [
    item for _, item in inspect.getmembers(records, inspect.isclass) if item.__module__ == records.__name__
]
GOLD = ("patch", "test_patch", "FAIL_TO_PASS", "PASS_TO_PASS", "hints_text", "eval_script")


def test_there_are_records() -> None:
    assert Instance in RECORDS
    assert len(RECORDS) >= 15


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_a_dataclass_with_keywords_only(record: Any) -> None:
    parameters = inspect.signature(record).parameters.values()
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    assert "__dict__" not in dir(record)
    assert record.__doc__.strip()
    assert fields(record)


def test_a_record_cannot_be_changed() -> None:
    instance = Instance(instance_id="a", repo="r", base_commit="c", problem_statement="p")
    with pytest.raises(FrozenInstanceError):
        instance.repo = "other"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("name", GOLD)
def test_an_instance_cannot_hold_an_answer(name: str) -> None:
    values: dict[str, Any] = {"instance_id": "a", "repo": "r", "base_commit": "c", "problem_statement": "p"}
    with pytest.raises(TypeError, match=name):
        Instance(**values, **{name: "gold"})


def test_no_record_names_an_answer() -> None:
    names = {field.name.lower() for record in RECORDS for field in fields(record)}
    assert not names & {"test_patch", "gold", "gold_patch", "hints", "hints_text", "fail_to_pass", "pass_to_pass"}


def test_a_verdict_has_three_values() -> None:
    assert get_args(Verdict) == ("pass", "fail", "unknown")


def test_only_one_outcome_of_a_sample_is_a_patch() -> None:
    outcomes = get_args(SampleOutcome)
    assert outcomes[0] == "patch"
    assert len(outcomes) == len(set(outcomes))


@pytest.mark.parametrize("record", RECORDS)
def test_fields_are_plain_values_that_json_can_hold(record: Any) -> None:
    """Sequences are tuples, so that a record cannot change and has a stable key."""
    for name, hint in get_type_hints(record).items():
        assert "list[" not in str(hint), name
        assert "set[" not in str(hint), name
        assert "Any" not in str(hint), name
