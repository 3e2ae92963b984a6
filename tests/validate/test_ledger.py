from dataclasses import replace

from agentless.config import ValidationConfig
from agentless.ports import TestCommand
from agentless.records import Instance
from agentless.repo import Index
from agentless.validate.ledger import Cell, ForgetfulLedger, command_digest, digest_of, place_of
from agentless.validate.regression import Baseline
from tests.validate.conftest import FakeRunner, result


def test_a_record_is_found_by_key_and_kind() -> None:
    ledger = ForgetfulLedger()
    ledger.save("k", Cell(seconds=1.0))
    ledger.save("k", Cell(seconds=2.0))
    assert ledger.load("k", Cell) == Cell(seconds=2.0)
    assert ledger.load("k", Baseline) is None
    assert ledger.load("other", Cell) is None


def test_digests_tell_parts_apart() -> None:
    assert digest_of("a", "b") != digest_of("ab")
    assert digest_of("a", ["b"]) != digest_of("a", "b")
    assert digest_of("a", 1) == digest_of("a", 1)
    assert len(digest_of("\ud800")) == 32


def test_a_command_is_what_it_runs_and_how_it_is_read() -> None:
    command = TestCommand(name="regression", shell="a")  # noqa: S604 - not a subprocess
    others = [
        TestCommand(name="regression", shell="b"),  # noqa: S604 - not a subprocess
        replace(command, parser="pytest"),
        replace(command, log_parser="x"),
        replace(command, timeout_s=1.0),
    ]
    assert len({command_digest(each) for each in [command, *others]}) == 5
    assert command_digest(replace(command, name="other")) == command_digest(command)


async def test_a_place_is_the_tree_the_sandbox_what_it_runs_on_and_its_limits(
    index: Index, instance: Instance
) -> None:
    runner = FakeRunner(lambda job, command: result(command.name))
    other = FakeRunner(runner.answer)
    other.name = "docker"
    rebuilt = FakeRunner(runner.answer)
    rebuilt.runs_on = "python 3.99"
    plain = ValidationConfig()
    places = [
        await place_of(instance, index, runner, plain),
        await place_of(instance, index, other, plain),
        await place_of(instance, index, rebuilt, plain),
        await place_of(replace(instance, image="x"), index, runner, plain),
        await place_of(instance, index, runner, ValidationConfig(memory_mb=64)),
        await place_of(instance, index, runner, ValidationConfig(python="/p")),
    ]
    assert len(set(places)) == 6
    # what decides no verdict is no part of the place
    other_choice = ValidationConfig(reproduction_tests=1, max_container_s=9, temperature=0)
    assert await place_of(instance, index, runner, other_choice) == places[0]
