import asyncio
import time

import pytest

from agentless.config import ModelConfig
from agentless.errors import ModelServerError
from agentless.llm.pool import Server, ServerPool
from tests.llm.asks import QUICK, an_ask, connected
from tests.llm.openai_server import (
    Act,
    cuts_body,
    hang_up,
    hangs,
    refuses,
    running,
    says,
)

LLAMACPP_OVERFLOW = {
    "error": {
        "code": 400,
        "message": "request (20031 tokens) exceeds the available context size (8192 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 20031,
        "n_ctx": 8192,
    }
}
VLLM_OVERFLOW = {
    "error": {
        "message": "You passed 31745 input tokens and requested 1024 output tokens. However, the model's context"
        " length is only 32768 tokens, resulting in a maximum input length of 31744 tokens. Please reduce it",
        "type": "BadRequestError",
        "code": 400,
    }
}
OLD_VLLM_OVERFLOW = {
    "object": "error",
    "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    "code": 400,
}


@pytest.mark.parametrize(
    "trouble",
    [
        refuses(500, {"error": "oops"}),
        refuses(429, {"error": "slow down"}, Retry_After="0"),
        refuses(503, "loading"),
        cuts_body,
        hang_up,
        refuses(200, "{ not json"),
        refuses(200, "[" * 100_000),
        refuses(200, {"choices": []}),
        refuses(200, {"choices": [{"message": {"content": 7}}]}),
        refuses(200, '"a string"'),
        says("half", "abort"),
    ],
    ids=[
        "500", "429", "503", "cut body", "hang up", "malformed", "deep", "no choice", "odd content", "string",
        "abort",
    ],
)  # fmt: skip
async def test_what_passes_is_tried_again(trouble: Act) -> None:
    with running() as fake:
        fake.script.extend([trouble, trouble])
        async with connected(fake.url) as model:
            [reply] = await model.ask(an_ask())
    assert (reply.outcome, reply.text) == ("ok", "hello")
    assert len(fake.requests) == 3
    assert len({body["seed"] for body in fake.requests}) == 1


async def test_retries_end_in_an_outcome() -> None:
    with running() as fake:
        fake.default = refuses(500, {"error": "out of memory"})
        async with connected(fake.url, retries=2) as model:
            [reply] = await model.ask(an_ask())
    assert reply.outcome == "server_error"
    assert "HTTP 500" in reply.error
    assert "out of memory" in reply.error
    assert reply.text == ""
    assert len(fake.requests) == 3


async def test_retry_after_is_honoured() -> None:
    with running() as fake:
        fake.script.append(refuses(429, "", Retry_After="0.4"))
        async with connected(fake.url) as model:
            [reply] = await model.ask(an_ask())
    assert reply.outcome == "ok"
    assert fake.times[1] - fake.times[0] >= 0.4


async def test_a_request_that_hangs_is_given_up_and_repeated() -> None:
    with running() as fake:
        fake.script.append(hangs(2.0))
        async with connected(fake.url, timeout_s=0.2) as model:
            began = time.monotonic()
            [reply] = await model.ask(an_ask())
    assert reply.outcome == "ok"
    assert time.monotonic() - began < 1.5


async def test_a_server_that_always_hangs_is_an_outcome() -> None:
    with running() as fake:
        fake.default = hangs(1.0)
        async with connected(fake.url, timeout_s=0.1, retries=1) as model:
            [reply] = await model.ask(an_ask())
    assert reply.outcome == "server_error"
    assert "no reply from" in reply.error


async def test_a_well_server_that_is_too_slow_is_asked_once_more_and_not_again() -> None:
    with running() as fake:
        fake.default = hangs(0.6)
        async with connected(fake.url, timeout_s=0.1, retries=5) as model:
            began = time.monotonic()
            [reply] = await model.ask(an_ask())
    assert (reply.outcome, len(fake.requests)) == ("server_error", 2)
    assert time.monotonic() - began < 1.5


class IllWhenAsked:
    """Makes every look after a request find an ill server, and every wait for it end well."""

    def __init__(self, pool: ServerPool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.servers = pool.servers
        self.revivals = 0
        monkeypatch.setattr(pool, "check", self.check)
        monkeypatch.setattr(pool, "revive", self.revive)

    async def check(self, server: Server) -> None:
        server.alive = False

    async def revive(self) -> Server:
        self.revivals += 1
        self.servers[0].alive = True
        return self.servers[0]


async def test_a_server_that_is_ill_when_it_is_slow_keeps_its_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as fake:
        fake.default = hangs(0.6)
        async with connected(fake.url, timeout_s=0.1, retries=3) as model:
            ill = IllWhenAsked(model.pool, monkeypatch)
            [reply] = await model.ask(an_ask())
    assert (reply.outcome, len(fake.requests), ill.revivals) == ("server_error", 4, 4)


@pytest.mark.parametrize("said", [LLAMACPP_OVERFLOW, VLLM_OVERFLOW, OLD_VLLM_OVERFLOW])
async def test_context_overflow_is_an_outcome_and_never_repeated(said: object) -> None:
    with running() as fake:
        fake.default = refuses(400, said)
        async with connected(fake.url) as model:
            [reply] = await model.ask(an_ask())
    assert reply.outcome == "context_overflow"
    assert "context" in reply.error
    assert len(fake.requests) == 1


async def test_other_400_says_what_the_server_said() -> None:
    with running() as fake:
        fake.default = refuses(400, {"error": {"message": "failed to parse grammar"}})
        async with connected(fake.url) as model:
            with pytest.raises(ModelServerError, match=r"refused the request.*failed to parse grammar"):
                await model.ask(an_ask(attempts=(0, 1)))
    assert len(fake.requests) <= 2


async def test_unknown_model_lists_the_served_ones() -> None:
    with running() as fake:
        fake.default = refuses(404, {"error": {"message": "The model `tiny` does not exist."}})
        async with connected(fake.url) as model:
            with pytest.raises(ModelServerError, match=r"does not know the model 'tiny'.*it serves: tiny"):
                await model.ask(an_ask())


async def test_bad_key_names_the_variable_and_never_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret-123")
    with running() as fake:
        fake.default = refuses(401, {"error": {"message": "bad key"}})
        async with connected(fake.url, config=ModelConfig(api_key_env="MY_KEY")) as model:
            with pytest.raises(ModelServerError, match="MY_KEY") as caught:
                await model.ask(an_ask())
    assert "sk-secret-123" not in str(caught.value)
    assert fake.keys == ["Bearer sk-secret-123"]


async def test_a_dead_server_pauses_the_run_until_it_is_back() -> None:
    with running() as fake:
        async with connected(fake.url) as model:
            fake.stop()
            asking = asyncio.create_task(model.ask(an_ask()))
            await asyncio.sleep(0.3)
            assert not asking.done()
            fake.start()
            [reply] = await asking
    assert reply.outcome == "ok"


async def test_a_server_that_stays_dead_is_an_error() -> None:
    with running() as fake:
        patience = type(QUICK)(backoff_s=0.005, revive_s=0.2, poll_s=0.02)
        async with connected(fake.url, patience=patience, retries=0) as model:
            fake.stop()
            with pytest.raises(ModelServerError, match=f"the model server is gone: no answer from {fake.url}"):
                await model.ask(an_ask(attempts=(0, 1, 2)))


async def test_an_instance_sticks_to_one_server_and_moves_when_it_dies() -> None:
    with running() as one, running() as two:
        async with connected(one.url, two.url) as model:
            ids = [f"django-{number}" for number in range(12)]
            for _ in range(2):
                for instance_id in ids:
                    await model.ask(an_ask(instance_id=instance_id))
            assert len(one.requests) + len(two.requests) == 24
            assert len(one.requests) % 2 == 0  # both asks of an instance went to the same server
            assert one.requests
            assert two.requests
            one.stop()
            before = len(two.requests)
            for instance_id in ids:
                [reply] = await model.ask(an_ask(instance_id=instance_id))
                assert reply.outcome == "ok"
            assert len(two.requests) - before == 12
