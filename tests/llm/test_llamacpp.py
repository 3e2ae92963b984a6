import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agentless.config import LimitsConfig, ModelConfig
from agentless.errors import ModelServerError
from agentless.llm.client import OpenAIModel
from agentless.llm.llamacpp import MAX_THREADS, embedded_server, server_command, usable_cores
from agentless.llm.llamacpp_launcher import parse
from agentless.llm.weights import cached_weights, fetch_weights
from agentless.profiles import ModelProfile, find_profile
from agentless.records import Location
from agentless.repair.grammar import rewrite_grammar
from tests.llm.asks import an_ask

needs_xllamacpp = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed"
)


def test_the_command_is_what_the_launcher_reads() -> None:
    command = server_command(Path("/w/q.gguf"), name="q", port=81, context_tokens=4096, slots=2, threads=3)
    assert command[:4] == [sys.executable, "-P", "-m", "agentless.llm.llamacpp_launcher"]
    options = parse(command[4:])
    assert (options.weights, options.name, options.port) == ("/w/q.gguf", "q", 81)
    assert (options.context_tokens, options.slots, options.threads) == (4096, 2, 3)


def test_all_usable_cores_by_default() -> None:
    command = server_command(Path("q"), name="q", port=81, context_tokens=4096)
    assert parse(command[4:]).threads == usable_cores()
    assert 1 <= usable_cores() <= MAX_THREADS


@needs_xllamacpp
async def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelServerError, match=r"no weights at .*q.gguf; fetch them"):
        async with embedded_server(tmp_path / "q.gguf", context_tokens=512):
            pass


@needs_xllamacpp
async def test_weights_that_are_none(tmp_path: Path) -> None:
    weights = tmp_path / "q.gguf"
    weights.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelServerError, match="the model server ended with code"):
        async with embedded_server(weights, context_tokens=512):
            pass


def real_weights() -> tuple[ModelProfile, Path]:
    """The 1.5B where it is in the cache; in CI else the 0.5B, fetched as a user's would be; elsewhere a skip."""
    profile = find_profile("embedded")
    found = cached_weights(profile)
    if found is None and os.environ.get("AGENTLESS_CI") == "1":
        profile = find_profile("qwen2.5-coder-0.5b")
        found = fetch_weights(profile)
    if found is None:
        pytest.skip("the weights are not in the cache; `agentless solve --model embedded` fetches them")
    return profile, found


@pytest.mark.embedded
@needs_xllamacpp
async def test_the_real_server() -> None:
    """Answers, counts, follows a grammar, keeps a prompt between its samples, and refuses one that is too long."""
    profile, weights = real_weights()
    async with embedded_server(weights, context_tokens=1024, name=profile.name) as url:
        config = ModelConfig(base_urls=(url,), profile=profile.name)
        model = await OpenAIModel.connect(config, LimitsConfig(requests=1), seed=0)
        try:
            assert (model.name, model.context_tokens) == (profile.name, 1024)
            assert model.endpoint.kind == "llamacpp"
            assert await model.count_tokens("def f(x):\n    return x\n") == 8
            free = await model.ask(an_ask("Say hello. " * 60, attempts=(0, 1), max_tokens=4))
            assert all(reply.prompt_tokens > 180 for reply in free)
            assert {reply.outcome for reply in free} <= {"ok", "truncated"}
            assert free[1].seconds < free[0].seconds * 0.8 + 0.5
            [forced] = await model.ask(an_ask("2 + 2 = ?", max_tokens=8, grammar='root ::= "four"'))
            assert (forced.outcome, forced.text) == ("ok", "four")
            text = "def f(x):\n    return x\n"
            element = Location(path="f.py", start_line=1, end_line=2, kind="function", name="f")
            asked = an_ask(f"Rewrite this so that it returns x + 1:\n{text}", max_tokens=60)
            [rewritten] = await model.ask(replace(asked, grammar=rewrite_grammar(text, element)))
            assert rewritten.text.startswith("```python\ndef f")
            [long] = await model.ask(an_ask("word " * 3000, max_tokens=8))
            assert long.outcome == "context_overflow"
            with pytest.raises(ModelServerError, match="grammar"):
                await model.ask(an_ask("2 + 2 = ?", max_tokens=8, grammar='root ::= "fo'))
        finally:
            await model.close()
