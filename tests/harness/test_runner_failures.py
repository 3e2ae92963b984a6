"""An engine that fails under a runner: tried again with a fresh container, never blamed on the candidate."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests
from docker.errors import APIError, NotFound

from agentless.errors import EngineError
from agentless.ports import TestJob
from harness.engine import RefusedError
from harness.limits import ContainerLimits
from tests.harness.conftest import FIX
from tests.harness.test_runner import ADD, TESTS, ZERO, NewRunner, line, new_runner

pytestmark = pytest.mark.docker

__all__ = ["new_runner"]  # a fixture is found by its name


def gone() -> Exception:
    return requests.exceptions.ConnectionError(ConnectionRefusedError(111, "refused"))


def forgotten() -> Exception:
    """What a restarted engine says of a command that was started before."""
    response = requests.Response()
    response.status_code = 404
    error: Exception = NotFound("404", response=response, explanation="No such exec instance: x")
    return error


def full() -> Exception:
    response = requests.Response()
    response.status_code = 500
    error: Exception = APIError("500", response=response, explanation="no space left on device")
    return error


class Flaky:
    """Hands everything on to the real client or its api, but the named calls fail a few times first."""

    def __init__(
        self, real: Any, failures: dict[str, list[Exception]], counts: Counter[str] | None = None
    ) -> None:
        self.real, self.failures = real, failures
        self.counts: Counter[str] = Counter() if counts is None else counts

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, name)
        if name in ("api", "containers"):
            return Flaky(value, self.failures, self.counts)
        if name in self.failures:
            return self.failing(value, name)
        return value

    def failing(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        errors = self.failures[name]

        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.counts[name] += 1
            if errors:
                raise errors.pop(0)
            return call(*arguments, **options)

        return wrapped


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("create", gone), ("put_archive", full), ("exec_create", gone), ("exec_start", gone),
        ("exec_inspect", forgotten), ("exec_inspect", gone),
    ],
)  # fmt: skip
async def test_a_restart_in_the_middle_of_a_job_is_survived(
    new_runner: NewRunner, client: Any, call: str, error: Callable[[], Exception]
) -> None:
    flaky = Flaky(client, {call: [error(), error()]})
    report = await new_runner(client=flaky).run(TestJob(patch=FIX, commands=(TESTS,)))
    assert dict(report.results[0].tests) == {ADD: "pass", ZERO: "pass"}
    assert not flaky.failures[call]


async def test_a_restart_between_jobs_costs_the_container_that_is_reused(
    new_runner: NewRunner, client: Any
) -> None:
    flaky = Flaky(client, {"exec_create": []})
    runner = new_runner(client=flaky, reuse=True)
    await runner.run(TestJob(commands=(TESTS,)))
    assert len(runner.idle) == 1
    client.api.kill(runner.idle[0].container.name)
    report = await runner.run(TestJob(patch=FIX, commands=(TESTS,)))
    assert dict(report.results[0].tests) == {ADD: "pass", ZERO: "pass"}


async def test_an_engine_that_stays_away_is_an_error_after_all_tries(new_runner: NewRunner, client: Any) -> None:
    flaky = Flaky(client, {"create": [gone() for _ in range(9)]})
    with pytest.raises(EngineError, match="does not answer"):
        await new_runner(client=flaky, tries=3).run(TestJob(commands=(TESTS,)))
    assert len(flaky.failures["create"]) == 6


async def test_a_refusal_is_not_tried_again(new_runner: NewRunner, client: Any) -> None:
    error = requests.exceptions.ConnectionError(PermissionError(13, "denied"))
    flaky = Flaky(client, {"create": [error, gone()]})
    with pytest.raises(RefusedError, match="usermod"):
        await new_runner(client=flaky).run(TestJob(commands=(TESTS,)))
    assert len(flaky.failures["create"]) == 1


async def test_a_container_that_could_not_be_removed_is_removed_at_the_end(
    new_runner: NewRunner, client: Any
) -> None:
    flaky = Flaky(client, {"remove_container": [gone()]})
    runner = new_runner(client=flaky)
    await runner.run(TestJob(commands=(TESTS,)))
    # the fixture closes the runner, and asserts that nothing is left


async def test_a_container_that_ends_under_a_command_is_tried_once_more(
    new_runner: NewRunner, client: Any
) -> None:
    flaky = Flaky(client, {"create": []})
    job = TestJob(commands=(line("x", "kill -9 -1; sleep 9"), line("y", "echo on")))
    report = await new_runner(client=flaky).run(job)
    killed, after = report.results
    assert (killed.outcome, killed.exit_code, dict(killed.tests)) == ("killed", None, {})
    assert (after.outcome, after.output) == ("ended", "on\n")
    assert flaky.counts["create"] == 4, "the second try needs a container for each command, as the first"


async def test_a_container_that_somebody_paused_is_replaced_and_costs_no_verdict(
    new_runner: NewRunner, client: Any
) -> None:
    runner = new_runner(client=(flaky := Flaky(client, {"create": []})))
    job = asyncio.create_task(runner.run(TestJob(commands=(line("x", "sleep 3; echo on"),))))
    for _ in range(400):
        if runner.made and runner.made[0].usable and len(processes(client, runner.made[0].name)) > 2:
            break
        await asyncio.sleep(0.05)
    client.api.pause(runner.made[0].name)
    (result,) = (await job).results
    assert (result.outcome, result.output) == ("ended", "on\n")
    assert flaky.counts["create"] == 2


def processes(client: Any, name: str) -> list[Any]:
    """What runs in a container."""
    found: list[Any] = client.api.top(name)["Processes"]
    return found


async def test_a_rebuilt_image_of_the_same_name_is_another_one(
    new_runner: NewRunner, client: Any, image: str
) -> None:
    tag = f"agentless-test-{uuid.uuid4().hex[:12]}"
    try:
        client.images.get(image).tag(tag)
        first = await new_runner(image=tag).identity()
        assert first == await new_runner().identity() == client.images.get(image).id
        container = client.containers.create(image, ["true"])
        container.commit(tag)
        container.remove()
        assert await new_runner(image=tag).identity() not in ("", first)
    finally:
        client.api.remove_image(tag, force=True)


async def test_a_disk_that_is_short_is_nobodys_failed_test(new_runner: NewRunner) -> None:
    limits = ContainerLimits(free_disk_mb=1 << 40)
    with pytest.raises(EngineError, match="MiB free on Docker's disk"):
        await new_runner(limits=limits, tries=2).run(TestJob(commands=(line("x", "sleep 5"),)))
