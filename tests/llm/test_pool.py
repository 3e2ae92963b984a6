import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import openai
import pytest

from agentless.errors import ModelServerError
from agentless.llm.pool import Server, ServerPool
from tests.llm.openai_server import FakeOpenAI, running


def a_server(url: str, *, alive: bool = True) -> Server:
    return Server(url, openai.AsyncOpenAI(base_url=url, api_key="none"), alive=alive)


@pytest.fixture
async def four() -> AsyncIterator[ServerPool]:
    pool = ServerPool([a_server(f"http://s{number}/v1") for number in range(4)], httpx.AsyncClient())
    yield pool
    await pool.close()


async def test_instances_spread_and_stick(four: ServerPool) -> None:
    ids = [f"i{number}" for number in range(200)]
    first = [(await four.pick(name)).url for name in ids]
    assert first == [(await four.pick(name)).url for name in ids]
    counts = [first.count(server.url) for server in four.servers]
    assert min(counts) >= 30


async def test_a_death_moves_only_its_own_instances(four: ServerPool) -> None:
    ids = [f"i{number}" for number in range(100)]
    before = {name: (await four.pick(name)).url for name in ids}
    dead = four.servers[2]
    dead.alive = False
    after = {name: (await four.pick(name)).url for name in ids}
    assert all(after[name] == url for name, url in before.items() if url != dead.url)
    assert dead.url not in after.values()
    assert len({after[name] for name, url in before.items() if url == dead.url}) > 1
    assert four.any().alive


async def test_a_dead_server_is_looked_at_again_but_not_all_the_time() -> None:
    with running() as fake:
        pool = ServerPool(
            [a_server(fake.url, alive=False), a_server("http://127.0.0.1:9/v1")], httpx.AsyncClient()
        )
        name = next(f"i{n}" for n in range(99) if pool.order(f"i{n}")[0].url == fake.url)
        assert (await pool.pick(name)).url != fake.url
        assert fake.gets == []
        pool.recheck_s = 0.0
        assert (await pool.pick(name)).url == fake.url
        await pool.close()


async def test_all_tasks_wait_for_one_look() -> None:
    fake = FakeOpenAI()
    with running(fake):
        pass
    pool = ServerPool([a_server(fake.url, alive=False)], httpx.AsyncClient(), revive_s=5.0, poll_s=0.02)
    picks = [asyncio.create_task(pool.pick(f"i{number}")) for number in range(20)]
    await asyncio.sleep(0.1)
    with running(fake):
        servers = await asyncio.gather(*picks)
        assert {server.url for server in servers} == {fake.url}
        assert len(fake.gets) == 1
    await pool.close()


async def test_all_tasks_give_up_together() -> None:
    pool = ServerPool(
        [a_server("http://127.0.0.1:9/v1", alive=False)], httpx.AsyncClient(), revive_s=0.3, poll_s=0.02
    )
    began = time.monotonic()
    errors = await asyncio.gather(*(pool.pick(f"i{number}") for number in range(10)), return_exceptions=True)
    assert all(isinstance(error, ModelServerError) for error in errors)
    assert time.monotonic() - began < 1.5
    await pool.close()


async def test_patience_has_an_end() -> None:
    pool = ServerPool(
        [a_server("http://127.0.0.1:9/v1", alive=False)], httpx.AsyncClient(), revive_s=0.05, poll_s=0.01
    )
    with pytest.raises(ModelServerError, match=r"is gone: no answer from http://127.0.0.1:9/v1 for 0.05 s; start"):
        await pool.pick("i")
    await pool.close()
