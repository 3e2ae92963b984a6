"""What a killed process leaves behind is found and removed, and nothing else is."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from agentless.errors import EngineError
from harness.containers import Container, ContainerLimits, container_labels, leftovers, remove_leftovers
from harness.limits import OWNER
from tests.test_owners import changed

pytestmark = pytest.mark.docker

CHILD = """
import asyncio, sys
from agentless.ports import TestCommand, TestJob
from harness.engine import connect
from harness.runner import DockerRunner

async def main():
    runner = DockerRunner(connect(), sys.argv[1], instance_id="a__b-1", run_id=sys.argv[2])
    await runner.run(TestJob(commands=(TestCommand(name="x", shell="echo > /tmp/on; sleep 300"),)))

asyncio.run(main())
"""


def start_child(client: Any, image: str, run_id: str) -> "subprocess.Popen[bytes]":
    """A process that runs a job, which has begun."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, image, run_id])
    for _ in range(600):
        found = client.api.containers(filters={"label": f"agentless.run={run_id}"})
        if found and runs_the_job(client, found[0]["Id"]):
            return child
        assert child.poll() is None
        time.sleep(0.05)
    child.kill()
    raise AssertionError("the job did not begin")


def runs_the_job(client: Any, container_id: str) -> bool:
    lines = client.api.top(container_id)["Processes"]
    return any("sleep 300" in line[-1] for line in lines)


def test_a_killed_run_leaves_nothing_after_the_next_clean_up(client: Any, image: str, run_id: str) -> None:
    own = f"{run_id}-killed"
    child = start_child(client, image, own)
    assert not [item for item in leftovers(client) if item.run_id == own], "its owner lives"
    assert not [item for item in remove_leftovers(client) if item.run_id == own]
    assert len(leftovers(client, own)) == 1
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    # tests in other processes tidy up as well: what must hold is that it is found, and that it is gone
    left = [item for item in leftovers(client) if item.run_id == own]
    assert [item.instance_id for item in left] in (["a__b-1"], [])
    assert [item for item in remove_leftovers(client) if item.run_id == own] in (left, [])
    assert client.api.containers(all=True, filters={"label": f"agentless.run={own}"}) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_cleans_up_or_is_cleaned_up(
    client: Any, image: str, run_id: str, number: signal.Signals
) -> None:
    own = f"{run_id}-{number.name}"
    child = start_child(client, image, own)
    child.send_signal(number)
    try:
        child.wait(timeout=20)
    finally:
        child.kill()
    if number == signal.SIGINT:
        assert leftovers(client, own) == []
    remove_leftovers(client)
    assert leftovers(client, own) == []


def names_of(client: Any) -> list[str]:
    return [name for entry in client.api.containers(all=True) for name in entry["Names"]]


def test_only_ours_and_only_those_of_the_dead(client: Any, image: str, run_id: str) -> None:
    limits = ContainerLimits()
    living = container_labels(run_id, "living")
    dead = {**container_labels(f"{run_id}-d", "dead"), OWNER: changed(4, "1")}
    far = {**container_labels(run_id, "far"), OWNER: changed(0, "another-host")}
    strange = client.containers.create(
        image, ["true"], network_mode="none", labels={"other": "1", OWNER: changed(4, "1")}
    )
    try:
        with (
            Container(client, image, limits=limits, labels=living) as one,
            Container(client, image, limits=limits, labels=dead) as two,
            Container(client, image, limits=limits, labels=far) as three,
        ):
            removed = [item.instance_id for item in remove_leftovers(client) if item.run_id.startswith(run_id)]
            assert removed in (["dead"], [])  # another process may have been first
            until = time.monotonic() + 15
            while f"/{two.name}" in names_of(client) and time.monotonic() < until:
                time.sleep(0.1)  # that process may not be done with it
            names = names_of(client)
            assert f"/{one.name}" in names
            assert f"/{two.name}" not in names
            assert f"/{three.name}" in names
            strange.reload()
            assert {item.instance_id for item in leftovers(client, run_id)} >= {"living", "far"}
    finally:
        strange.remove(force=True)


def test_a_run_is_named_whole(client: Any, image: str, run_id: str) -> None:
    labels = container_labels(f"{run_id}-long", "x")
    with Container(client, image, limits=ContainerLimits(), labels=labels):
        assert leftovers(client, run_id) == []


class Gone:
    """An engine that is not there."""

    api: Any = None

    def __init__(self) -> None:
        self.api = self

    def containers(self, **_: Any) -> list[Any]:
        raise ConnectionRefusedError(111, "refused")


def test_an_engine_that_is_down_is_an_error() -> None:
    with pytest.raises(EngineError, match="does not answer"):
        leftovers(Gone())
