import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest

from agentless.errors import ModelServerError
from agentless.llm.kept import RESTARTS, follow, followed, kept_server
from agentless.llm.server import free_port
from tests.llm.test_server import all_gone, command, family


async def answered(url: str, within_s: float = 10.0) -> bool:
    """Whether the address answers within the time."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(int(within_s / 0.05)):
            try:
                if (await http.get(url)).status_code == 200:
                    return True
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05)
    return False


async def seen_in(texts: list[str], wanted: str) -> None:
    """Wait until the text is there."""
    for _ in range(1000):
        if wanted in texts:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(wanted)


async def test_a_killed_server_comes_back_at_the_same_address(tmp_path: Path) -> None:
    port, said = free_port(), list[str]()
    url = f"http://127.0.0.1:{port}/health"
    async with kept_server(
        command(port, "family", tmp_path / "pids"), url=url, log=tmp_path / "log", say=said.append
    ) as server:
        first = family(tmp_path / "pids")
        (tmp_path / "pids").unlink()
        os.kill(first[0], signal.SIGKILL)
        second = await asyncio.to_thread(family, tmp_path / "pids")
        assert await answered(url)
        assert server.restarts == 1
        assert all_gone(first)
    assert all_gone(second, 1.0)
    assert said[0].startswith("the model server died (")


async def test_a_server_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    port, said = free_port(), list[str]()
    url = f"http://127.0.0.1:{port}/health"
    async with kept_server(
        command(port, "crashes", tmp_path / "pids"), url=url, log=tmp_path / "log", say=said.append
    ) as server:
        for _ in range(400):
            if said and said[-1].startswith("the model server died again"):
                break
            await asyncio.sleep(0.05)
        assert server.restarts == RESTARTS
        assert said[-1].startswith("the model server died again and is not started any more")
        assert not server.current.alive


async def test_a_failed_check_stops_the_server(tmp_path: Path) -> None:
    port = free_port()

    async def check() -> None:
        raise ModelServerError("too small")

    with pytest.raises(ModelServerError, match="too small"):
        async with kept_server(
            command(port, "well", tmp_path / "pids"),
            url=f"http://127.0.0.1:{port}/health",
            log=tmp_path / "log",
            check=check,
        ):
            pytest.fail("nobody may use it")
    assert all_gone(family(tmp_path / "pids"), 1.0)


async def test_a_log_is_handed_on_as_it_grows(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[str]()
    log.write_text("one\n")
    task = asyncio.create_task(follow(log, seen.append, 0.01))
    await seen_in(seen, "one\n")
    with log.open("a") as file:
        file.write("two\n")
    await seen_in(seen, "two\n")
    with log.open("a") as file:
        file.write("last words\n")
    task.cancel()
    await asyncio.wait({task})
    assert "".join(seen) == "one\ntwo\nlast words\n"


async def test_a_log_is_followed_to_its_end_and_made_when_it_is_not_there(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[str]()
    with pytest.raises(ModelServerError, match="dead"):
        async with followed(log, seen.append):
            assert log.read_text() == ""
            log.write_text("last words\n")
            raise ModelServerError("dead")
    assert "".join(seen) == "last words\n"
    with pytest.raises(ModelServerError, match=r"could not write .*none/log: No such file"):
        async with followed(tmp_path / "none" / "log", seen.append):
            pytest.fail("there is nothing to follow")
