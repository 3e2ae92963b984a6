from collections.abc import AsyncIterator

import httpx
import pytest

from agentless.errors import ModelServerError
from agentless.llm.probe import ServerFacts, healthy, probe, read_models, root_of
from tests.llm.openai_server import FakeOpenAI, running

LLAMACPP = {
    "models": [{"name": "/w/q.gguf"}],
    "data": [{"id": "/w/q.gguf", "owned_by": "llamacpp", "meta": {"n_ctx": 8192, "n_ctx_train": 32768}}],
}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def test_kinds_and_contexts() -> None:
    vllm = {"data": [{"id": "a", "owned_by": "vllm", "max_model_len": 98304}, {"id": "b", "owned_by": "vllm"}]}
    assert read_models("u", vllm) == ServerFacts(url="u", kind="vllm", contexts={"a": 98304, "b": 0})
    assert read_models("u", LLAMACPP) == ServerFacts(url="u", kind="llamacpp", contexts={"/w/q.gguf": 8192})
    hosted = {"data": [{"id": "gpt", "owned_by": "openai", "meta": None}]}
    assert read_models("u", hosted) == ServerFacts(url="u", kind="other", contexts={"gpt": 0})


async def test_a_missing_v1_is_added(http: httpx.AsyncClient) -> None:
    with running() as fake:
        facts = await probe(http, f"http://127.0.0.1:{fake.port}/")
    assert facts.url == fake.url
    assert facts.root == f"http://127.0.0.1:{fake.port}"


async def test_a_loading_server_is_waited_for(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentless.llm.probe.LOADING_POLL_S", 0.02)
    with running() as fake:
        ready = fake.pages["/v1/models"]
        fake.pages["/v1/models"] = (503, {"error": "Loading model"})

        def load(request: httpx.Request) -> None:
            if len(fake.gets) >= 3:
                fake.pages["/v1/models"] = ready

        async def hook(request: httpx.Request) -> None:
            load(request)

        http.event_hooks = {"request": [hook]}
        facts = await probe(http, fake.url, loading_s=5.0)
    assert facts.contexts == {"tiny": 4096}
    assert len(fake.gets) >= 4


async def test_a_server_that_never_ends_loading(http: httpx.AsyncClient) -> None:
    with running() as fake:
        fake.pages["/v1/models"] = (503, {"error": "Loading model"})
        with pytest.raises(ModelServerError, match="answered HTTP 503 to /models"):
            await probe(http, fake.url, loading_s=-1.0)


async def test_nobody_there(http: httpx.AsyncClient) -> None:
    fake = FakeOpenAI()
    with running(fake):
        url = fake.url
    with pytest.raises(ModelServerError, match=rf"no model server at {url} .*; start it, or correct the URL"):
        await probe(http, url)


@pytest.mark.parametrize("url", ["", "not a url", "ftp://x/v1", "http://", "http://[::1/v1", "http://a b/v1"])
async def test_urls_that_are_none(http: httpx.AsyncClient, url: str) -> None:
    with pytest.raises(ModelServerError, match="no model server at"):
        await probe(http, url)


@pytest.mark.parametrize(("env", "hint"), [("MY_KEY", "variable MY_KEY"), ("", "--api-key-env")])
async def test_refused_key(http: httpx.AsyncClient, env: str, hint: str) -> None:
    with running() as fake:
        fake.pages["/v1/models"] = (401, {"error": "no"})
        with pytest.raises(ModelServerError, match=hint):
            await probe(http, fake.url, env)


@pytest.mark.parametrize("payload", ["<html>hello</html>", [], {"data": None}, {"data": [1]}, {"models": []}, 7])
async def test_something_else_that_speaks_http(http: httpx.AsyncClient, payload: object) -> None:
    with running() as fake:
        fake.pages["/v1/models"] = (200, payload)
        with pytest.raises(ModelServerError, match="is not an OpenAI-compatible server"):
            await probe(http, fake.url)


async def test_a_server_without_a_list(http: httpx.AsyncClient) -> None:
    with running() as fake:
        del fake.pages["/v1/models"]
        facts = await probe(http, fake.url)
    assert facts == ServerFacts(url=fake.url, kind="other")


async def test_health(http: httpx.AsyncClient) -> None:
    fake = FakeOpenAI()
    with running(fake):
        assert await healthy(http, fake.url)
        fake.pages["/health"] = (503, "")
        assert not await healthy(http, fake.url)  # vLLM with a dead engine still lists its models
        del fake.pages["/health"]
        assert await healthy(http, fake.url)  # hosted servers have no such page
        fake.pages["/v1/models"] = (500, "")
        assert not await healthy(http, fake.url)
    assert not await healthy(http, fake.url)


@pytest.mark.parametrize(
    ("url", "root"), [("http://h/v1", "http://h"), ("http://h/v1/", "http://h"), ("http://h/x", "http://h/x")]
)
def test_root(url: str, root: str) -> None:
    assert root_of(url) == root
