"""What a runner's results belong to: the image behind the name, asked of an engine that may be away."""

import asyncio
import time
from collections.abc import Callable

import pytest
import requests
from docker.errors import ImageNotFound

from agentless.errors import EngineError, ImageError
from harness.engine import RefusedError
from harness.runner import DockerRunner

ID = "sha256:0a1b"


class Engine:
    """Stands for client and `client.api` in one; each question takes the next answer, the last one stays."""

    def __init__(self, *answers: str | Exception) -> None:
        self.api, self.answers, self.asked = self, list(answers), 0

    def inspect_image(self, image: str) -> dict[str, str]:
        assert image == "shop:latest"
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"Id": answer}


def runner_of(engine: Engine, first_wait_s: float = 0.0) -> DockerRunner:
    return DockerRunner(
        engine, "shop:latest", instance_id="a__b-1", run_id="r", tries=3, first_wait_s=first_wait_s
    )


def away() -> Exception:
    return requests.exceptions.ConnectionError(ConnectionRefusedError(111, "refused"))


async def test_it_is_the_id_of_the_image_asked_once() -> None:
    engine = Engine(ID, "sha256:later")
    async with runner_of(engine) as runner:
        assert [await runner.identity(), await runner.identity()] == [ID, ID]
    assert engine.asked == 1


async def test_a_restart_of_the_engine_is_survived() -> None:
    engine = Engine(away(), away(), ID)
    async with runner_of(engine) as runner:
        assert await runner.identity() == ID


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (away, EngineError, "does not answer"),
        (lambda: requests.exceptions.ReadTimeout("slow"), EngineError, "did not answer in time"),
        (lambda: requests.exceptions.ConnectionError(PermissionError(13, "no")), RefusedError, "usermod"),
        (lambda: ImageNotFound("404"), ImageError, "shop:latest is not here; pull or build it"),
    ],
)
async def test_what_cannot_be_told_is_an_error_and_no_identity(
    answer: Callable[[], Exception], kind: type[Exception], message: str
) -> None:
    async with runner_of(Engine(answer())) as runner:
        for _ in range(2):
            with pytest.raises(kind, match=message):
                await runner.identity()


async def test_it_can_be_cancelled_while_the_engine_is_away() -> None:
    async with runner_of(Engine(away()), first_wait_s=600.0) as runner:
        asking = asyncio.create_task(runner.identity())
        await asyncio.sleep(0.05)
        asking.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert time.monotonic() - began < 5.0
