"""A container or an engine that stands still, and a full disk: the machine's failure, never the candidate's."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError

from agentless.errors import EngineError
from agentless.ports import TestCommand, TestJob
from harness import score_client
from harness.containers import Container
from harness.disk import PAUSED
from harness.limits import MIB, ContainerLimits, container_labels
from harness.runner import DockerRunner
from harness.score_client import ScoringClient
from tests.harness.fake_engine import RUNNING, FakeEngine, ended, frame

LIMITS = ContainerLimits(disk_mb=2)
Stop = Callable[[], Exception]


class Box(FakeEngine):
    """An engine with one container, which may be paused; a measurement can be refused."""

    def __init__(self, *states: dict[str, Any]) -> None:
        super().__init__(*states)
        self.state: dict[str, Any] = {"Running": True, "Paused": False, "OOMKilled": False}
        self.trouble: Exception | None = None
        self.size_mb = 0
        self.removed = 0
        self.containers = SimpleNamespace(create=lambda *_, **__: SimpleNamespace(start=lambda: None))

    def inspect_container(self, name: str) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble
        return {"State": self.state, "SizeRw": self.size_mb * MIB}

    def _url(self, path: str, name: str) -> str:
        return path.format(name)

    def _get(self, url: str, params: dict[str, int]) -> str:
        return url

    def _result(self, response: str, json: bool) -> dict[str, Any]:
        return self.inspect_container("")

    def remove_container(self, name: str, **_: Any) -> None:
        self.removed += 1

    def close(self) -> None:
        self.local.close()
        self.remote.close()


def run(box: Box, timeout_s: float) -> Any:
    with closing(box), Container(box, "i", limits=LIMITS, labels={}) as container:
        return container.run(["true"], timeout_s=timeout_s)


def test_a_command_that_stood_still_until_its_time_was_over_has_no_result() -> None:
    box = Box(RUNNING)
    box.state["Paused"] = True
    with pytest.raises(EngineError, match="a container was paused under its tests"):
        run(box, 0.2)
    assert box.removed


def test_it_is_not_waited_for_until_its_time_is_over() -> None:
    box = Box(RUNNING)
    box.state["Paused"] = True
    began = time.monotonic()
    with pytest.raises(EngineError, match="paused"):
        run(box, 600.0)
    assert time.monotonic() - began < 20.0


def test_a_command_that_takes_too_long_by_itself_is_a_timeout() -> None:
    finished = run(Box(RUNNING), 0.2)
    assert (finished.outcome, finished.exit_code) == ("timeout", None)
    finished.log.close()


@pytest.mark.parametrize(
    "stop", [lambda: requests.exceptions.ReadTimeout("slow"), lambda: APIError("no space left on device")]
)
def test_an_engine_that_cannot_say_why_is_no_timeout(stop: Stop) -> None:
    box = Box(RUNNING)
    box.trouble = stop()
    with pytest.raises(EngineError):
        run(box, 0.2)


def test_a_quick_command_that_fails_beside_a_full_disk_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is over before the first look: what it could not write is not its fault."""
    box = Box(ended(1))
    box.send(frame(b"No space left on device"))
    monkeypatch.setattr("harness.containers.DiskWatch.look", lambda _: raised(EngineError("only 3 MiB free")))
    with pytest.raises(EngineError, match="only 3 MiB free"):
        run(box, 5.0)


def test_one_that_has_filled_the_disk_itself_is_stopped_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(ended(1))
    box.send()
    monkeypatch.setattr("harness.containers.DiskWatch.look", lambda _: "3 MiB written, the limit is 2")
    finished = run(box, 5.0)
    assert (finished.outcome, finished.exit_code, finished.reason) == (
        "killed", None, "3 MiB written, the limit is 2",
    )  # fmt: skip
    assert box.removed
    finished.log.close()


def raised(error: Exception) -> str:
    raise error


async def test_a_store_that_is_full_is_an_error_with_its_remedy_after_all_tries() -> None:
    box, tries = Box(), list[int]()

    def refuse(*_: Any, **__: Any) -> Any:
        tries.append(1)
        response = requests.Response()
        response.status_code = 500
        raise APIError("500", response=response, explanation="mkdir /var/lib: no space left on device")

    box.containers = SimpleNamespace(create=refuse)
    job = TestJob(commands=(TestCommand(name="x", shell="true"),))  # noqa: S604 - not a subprocess
    async with DockerRunner(box, "i", instance_id="a", run_id="r", tries=3, first_wait_s=0.0) as runner:
        with pytest.raises(EngineError, match="Docker's disk is full; docker system df"):
            await runner.run(job)
    assert len(tries) == 3
    box.close()


class Scored:
    """A container of the official tests; `engine` is made to stand still."""

    def __init__(self) -> None:
        self.engine = Box()
        self.engine.containers = SimpleNamespace(
            create=lambda **given: SimpleNamespace(client=self.engine, exec_run=None, name=given["name"])
        )
        self.bounds: list[str] = []
        labels = container_labels("r", "a__b-1")
        self.client = ScoringClient(self.engine, labels=labels, limits=LIMITS, say_bound=self.bounds.append)
        self.container = self.client.containers.create(name="sweb.eval")

    def time_is_over(self) -> None:
        """What swebench does then."""
        self.container.exec_run("kill -TERM 4711", detach=True)


@pytest.fixture
def scored() -> Iterator[Scored]:
    made = Scored()
    yield made
    made.client.close()
    made.engine.close()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 15
    while not true() and time.monotonic() < end:
        time.sleep(0.05)


def test_official_tests_in_a_paused_container_are_broken_off(scored: Scored) -> None:
    scored.engine.state["Paused"] = True
    until(lambda: scored.engine.removed)
    assert scored.client.trouble == PAUSED
    assert (scored.client.broken, scored.client.stalled, scored.bounds) == (True, True, [])


def test_official_tests_that_were_paused_shortly_before_their_time_was_over(scored: Scored) -> None:
    scored.engine.state["Paused"] = True
    scored.time_is_over()
    assert scored.client.stalled
    assert PAUSED in scored.client.trouble
    assert scored.engine.removed


def test_a_timeout_of_the_tests_themselves_is_one(scored: Scored) -> None:
    scored.time_is_over()
    time.sleep(0.5)  # the watch asks of a container that is gone
    assert (scored.client.trouble, scored.client.broken, scored.client.stalled) == ("", False, False)


def test_what_the_watch_hears_of_a_container_that_we_removed_is_no_trouble(scored: Scored) -> None:
    scored.time_is_over()
    scored.engine.trouble = requests.exceptions.ConnectionError("No such container")
    time.sleep(1.5)
    assert (scored.client.trouble, scored.client.broken, scored.client.stalled) == ("", False, False)


def test_an_engine_that_stands_still_while_the_tests_run_out_of_time(
    scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_client, "STALL_SECONDS", 0.2)
    goes_on, asked = threading.Event(), threading.Event()

    def stands_still(name: str) -> dict[str, Any]:
        asked.set()
        goes_on.wait(20)
        return {"State": scored.engine.state}

    scored.engine.inspect_container = stands_still  # type: ignore[method-assign]  # a fake's method
    assert asked.wait(15)
    time.sleep(0.4)
    scored.time_is_over()
    goes_on.set()
    assert scored.client.stalled
    assert "Docker did not answer for" in scored.client.trouble


def test_an_engine_that_is_back_before_the_end_has_stood_still_all_the_same(
    scored: Scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_client, "STALL_SECONDS", 0.2)

    def slow(name: str) -> dict[str, Any]:
        time.sleep(0.5)
        return {"State": scored.engine.state}

    scored.engine.inspect_container = slow  # type: ignore[method-assign]  # a fake's method
    until(lambda: scored.client.stalled)
    assert scored.client.stalled
    assert not scored.client.broken
