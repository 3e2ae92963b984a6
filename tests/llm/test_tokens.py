import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.llm.special import neutralise
from agentless.llm.tokens import TokenCounter, estimate_tokens
from agentless.ports import Message
from tests.llm.openai_server import (
    FakeOpenAI,
    Handler,
    hang_up,
    no_tokenizer,
    one_token_per_char,
    refuses,
    running,
    vllm_count,
)

PYTHON = '''\
def connect(self, url: str, timeout: float = 30.0) -> "Connection":
    """Open a connection, or raise ConnectionError."""
    if not url.startswith("http"):
        raise ValueError(f"bad url {url!r}")
    return Connection(url, timeout=timeout)
'''


def test_estimate_of_python_code() -> None:
    """The tokenizer of Qwen2.5-Coder counts 62."""
    assert 62 <= estimate_tokens(PYTHON) <= 80


@pytest.mark.parametrize(
    ("text", "true"),
    [("1234567890" * 40, 400), ("漢字仮名交じり文" * 30, 270), ("🦀🚀" * 30, 60), ("\0" * 40, 40)],
)
def test_estimate_of_what_tokenizers_are_bad_at(text: str, true: int) -> None:
    assert true * 0.95 <= estimate_tokens(text) <= true * 1.5


def test_estimate_of_nothing() -> None:
    assert estimate_tokens("") == 0


@given(st.text(max_size=200), st.text(max_size=200))
def test_estimate_grows_with_the_text(one: str, two: str) -> None:
    assert estimate_tokens(one + "\n" + two) >= max(estimate_tokens(one), estimate_tokens(two)) - 2
    assert (estimate_tokens(one) > 0) == (one != "")


def test_estimate_of_a_megabyte_takes_no_time() -> None:
    began = time.perf_counter()
    estimate_tokens(PYTHON * 4000)
    assert time.perf_counter() - began < 3.0


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def counter(http: httpx.AsyncClient, fake: FakeOpenAI) -> TokenCounter:
    return TokenCounter(http, lambda: f"http://127.0.0.1:{fake.port}", "tiny")


async def test_llamacpp_form(http: httpx.AsyncClient) -> None:
    with running() as fake:
        fake.tokenize = one_token_per_char
        assert await counter(http, fake).count("abcd") == (4, True)
    assert fake.tokenized == [{"content": "abcd"}]


async def test_vllm_form_is_found_and_remembered(http: httpx.AsyncClient) -> None:
    with running() as fake:
        fake.tokenize = vllm_count
        tokens = counter(http, fake)
        assert await tokens.count("abcd") == (2, True)
        assert await tokens.count("abcdef") == (3, True)
    assert fake.tokenized[1:] == [
        {"model": "tiny", "prompt": "abcd", "add_special_tokens": False},
        {"model": "tiny", "prompt": "abcdef", "add_special_tokens": False},
    ]


async def test_hosted_servers_are_asked_once(http: httpx.AsyncClient) -> None:
    with running() as fake:
        fake.tokenize = no_tokenizer
        tokens = counter(http, fake)
        for _ in range(3):
            assert await tokens.count("abcd") == (estimate_tokens("abcd"), False)
        assert not tokens.exact
    assert len(fake.tokenized) == 2


@pytest.mark.parametrize("trouble", [refuses(500), refuses(429), hang_up])
async def test_trouble_does_not_last(http: httpx.AsyncClient, trouble: object) -> None:
    with running() as fake:
        fake.tokenize = trouble  # type: ignore[assignment]  # parametrize knows no types
        tokens = counter(http, fake)
        assert await tokens.count("abcd") == (estimate_tokens("abcd"), False)
        fake.tokenize = one_token_per_char
        assert await tokens.count("abcd") == (4, True)


@pytest.mark.parametrize("payload", ["{ not json", "[1]", '{"tokens": 4}', "null"])
async def test_nonsense_is_an_estimate(http: httpx.AsyncClient, payload: str) -> None:
    with running() as fake:
        fake.tokenize = refuses(200, payload)
        _, exact = await counter(http, fake).count("abcd")
    assert not exact


async def test_counts_are_remembered_and_the_oldest_forgotten(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentless.llm.tokens.CACHED_COUNTS", 2)
    with running() as fake:
        fake.tokenize = one_token_per_char
        tokens = counter(http, fake)
        for text in ("a", "bb", "a", "ccc", "a", "bb"):
            await tokens.count(text)
    assert [body["content"] for body in fake.tokenized] == ["a", "bb", "ccc", "bb"]


async def test_turns_have_an_allowance_for_the_template(http: httpx.AsyncClient) -> None:
    turns = [Message(role="system", content="abc"), Message(role="user", content="def")]
    with running() as fake:
        fake.tokenize = one_token_per_char
        tokens, exact = await counter(http, fake).count_turns(turns)
    assert exact
    assert tokens >= len("<system>\nabc\n<user>\ndef") + 10


async def test_odd_text_is_counted(http: httpx.AsyncClient) -> None:
    def echo(handler: Handler) -> None:
        handler.give(200, {"tokens": list(handler.body["content"].encode())})

    with running() as fake:
        fake.tokenize = echo
        assert await counter(http, fake).count("é\x00") == (3, True)
        count, _ = await counter(http, fake).count("\ud800")
    assert count >= 1


@pytest.mark.parametrize(("tokenize", "exact"), [(no_tokenizer, False), (vllm_count, True)])
async def test_many_counts_at_once_find_the_form_together(
    http: httpx.AsyncClient, tokenize: Callable[[Handler], None], exact: bool
) -> None:
    with running() as fake:
        fake.tokenize = tokenize
        tokens = counter(http, fake)
        results = await asyncio.gather(*(tokens.count("ab" * number) for number in range(1, 12)))
    assert {found for _, found in results} == {exact}
    assert tokens.exact == exact


async def test_the_same_text_at_once_is_counted_once(http: httpx.AsyncClient) -> None:
    with running() as fake:
        fake.tokenize = one_token_per_char
        tokens = counter(http, fake)
        results = await asyncio.gather(*(tokens.count("abc") for _ in range(20)))
    assert results == [(3, True)] * 20
    assert len(fake.tokenized) == 1
    assert tokens.asking == {}


async def test_special_tokens_are_counted_as_they_are_sent(http: httpx.AsyncClient) -> None:
    text = "<|im_end|>" * 3
    with running() as fake:
        fake.tokenize = one_token_per_char
        assert await counter(http, fake).count(text) == (len(neutralise(text)), True)
        fake.tokenize = no_tokenizer
        estimate, _ = await counter(http, fake).count(text)
    assert fake.tokenized[0] == {"content": neutralise(text)}
    assert estimate == estimate_tokens(neutralise(text)) > estimate_tokens(text)
