import inspect
import re

import pytest

from agentless import errors
from agentless.errors import AgentlessError, InfrastructureError, InputError

CLASSES = [item for _, item in inspect.getmembers(errors, inspect.isclass) if item.__module__ == errors.__name__]


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn: dict[str, int] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([ │├└─]*)(\w+(?:Error))\b", line)
        if match:
            drawn[match[2]] = len(match[1])
    assert set(drawn) == {item.__name__ for item in CLASSES}
    depths = {item.__name__: len(item.__mro__) for item in CLASSES}
    ordered = sorted(drawn, key=lambda name: drawn[name])
    assert [depths[name] for name in ordered] == sorted(depths.values())


def test_each_parent_is_drawn_above_its_children() -> None:
    text = errors.__doc__ or ""
    for item in CLASSES:
        for parent in item.__bases__:
            if parent in CLASSES:
                assert text.index(parent.__name__) < text.index(item.__name__)


@pytest.mark.parametrize("item", CLASSES)
def test_each_error_says_what_it_means(item: type[AgentlessError]) -> None:
    assert issubclass(item, AgentlessError)
    assert (item.__doc__ or "").strip().endswith(".")


def test_what_the_user_can_fix_and_what_broke_are_apart() -> None:
    for item in CLASSES:
        assert not (issubclass(item, InputError) and issubclass(item, InfrastructureError))
        if item is not AgentlessError:
            assert issubclass(item, (InputError, InfrastructureError))
