import asyncio
import json
import re
import tempfile
from pathlib import Path

import httpx
import pytest

from agentless.errors import ConfigError, ModelServerError
from agentless.folders import cache_folder
from agentless.llm.scratch import PREFIX, SHORT
from agentless.llm.server import free_port
from agentless.llm.serving import base_url, environment, plan_server, vllm_server
from agentless.llm.vllm import ServeOptions, asked_context
from agentless.owned import owner_of
from agentless.owners import owner
from agentless.profiles import find_profile
from tests.llm.openai_server import FakeOpenAI, running

FAKE = str(Path(__file__).with_name("fake_vllm.py"))
BIG = find_profile("nemotron-cascade-14b-thinking")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"rope_theta": 1000000}))
    return folder


async def test_served_checked_and_stopped(checkpoint: Path) -> None:
    plan = plan_server(BIG, ServeOptions(port=free_port()), folder=checkpoint, program=FAKE)
    async with vllm_server(plan, ready_s=20) as url:
        models = (await asyncio.to_thread(httpx.get, f"{url}/models", trust_env=False)).json()
    assert models["data"][0]["max_model_len"] == plan.context_tokens == 98304
    with pytest.raises(httpx.ConnectError):
        await asyncio.to_thread(httpx.get, f"{url}/models", trust_env=False)


async def test_what_vllm_leaves_lying_about_goes_with_it(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sockets and files; here in /tmp, for a socket's path below pytest's folder would be too long."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(SHORT.glob(f"{PREFIX}*"))
    plan = plan_server(BIG, ServeOptions(port=free_port()), folder=checkpoint, program=FAKE)
    said: list[str] = []
    async with vllm_server(plan, ready_s=20, output=said.append):
        mine = [each for each in set(SHORT.glob(f"{PREFIX}*")) - before if owner_of(each, PREFIX) == owner()]
        names = sorted(path.name for folder in mine for path in folder.iterdir())
    assert [name for name in names if name.startswith("vllm_dist_")]
    assert [name for name in names if re.fullmatch(r"[0-9a-f-]{36}", name)]
    assert not [folder for folder in mine if folder.exists()]
    assert "INFO fake engine" in "".join(said)


def test_what_the_user_has_set_stays(tmp_path: Path) -> None:
    found = environment(tmp_path, {"TMPDIR": "/long", "VLLM_RPC_BASE_PATH": "/mine"})
    assert (found["TMPDIR"], found["VLLM_RPC_BASE_PATH"]) == (str(tmp_path), "/mine")
    assert environment(tmp_path, {})["VLLM_RPC_BASE_PATH"] == str(tmp_path)
    assert Path(environment(tmp_path, {})["TORCHINDUCTOR_CACHE_DIR"]).parent == cache_folder()
    assert environment(tmp_path, {"TORCHINDUCTOR_CACHE_DIR": "/warm"})["TORCHINDUCTOR_CACHE_DIR"] == "/warm"


async def test_a_context_that_was_not_stretched_fails_loudly(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_MAX_MODEL_LEN", "32768")
    plan = plan_server(BIG, ServeOptions(port=free_port()), folder=checkpoint, program=FAKE)
    with pytest.raises(ModelServerError, match="served with 32768 tokens instead of 98304"):
        async with vllm_server(plan, ready_s=20):
            pytest.fail("nobody may use it")


async def test_a_taken_port_is_not_taken_for_ours(checkpoint: Path) -> None:
    with running(FakeOpenAI(model=BIG.name, context=98304)) as other:
        plan = plan_server(BIG, ServeOptions(port=other.port), folder=checkpoint, program=FAKE)
        with pytest.raises(
            ModelServerError, match=rf"a server listens at 127.0.0.1:{other.port} already; .*--port"
        ):
            async with vllm_server(plan, ready_s=20):
                pytest.fail("nobody may use it")


async def test_a_server_with_a_key_is_asked_with_it(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEY", "s3cret")
    port = free_port()
    plan = plan_server(BIG, ServeOptions(port=port), folder=checkpoint, program=FAKE)
    with pytest.raises(ModelServerError, match="refused the API key"):
        async with vllm_server(plan, ready_s=20):
            pytest.fail("nobody may use it")
    options = ServeOptions(port=port, extra=("--api-key", "s3cret"))
    async with vllm_server(plan_server(BIG, options, folder=checkpoint, program=FAKE), ready_s=20) as url:
        assert url == f"http://127.0.0.1:{port}/v1"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/v1"),
        ("0.0.0.0", "http://127.0.0.1:8000/v1"),  # noqa: S104 - nobody listens in this test
        ("::", "http://[::1]:8000/v1"),
        ("::1", "http://[::1]:8000/v1"),
        ("gpu7", "http://gpu7:8000/v1"),
    ],
)
def test_where_a_server_is_called(host: str, url: str) -> None:
    assert base_url(host, 8000) == url


def test_only_this_machine_can_call_unless_the_user_says_so(checkpoint: Path) -> None:
    line = plan_server(BIG, ServeOptions(), folder=checkpoint, only_print=True).command
    assert line[line.index("--host") + 1] == "127.0.0.1"


def test_arguments_that_hide_the_server_are_refused(checkpoint: Path) -> None:
    with pytest.raises(ConfigError, match="give --port before --"):
        plan_server(BIG, ServeOptions(extra=("--port", "9")), folder=checkpoint, only_print=True)


def test_the_command_can_be_had_without_vllm(checkpoint: Path) -> None:
    plan = plan_server(BIG, ServeOptions(), folder=checkpoint, only_print=True)
    assert plan.command[:3] == ("vllm", "serve", str(checkpoint))


@pytest.mark.parametrize(
    ("name", "said"), [("embedded", "`agentless solve` itself"), ("deepseek-r1-0528", "--base-url")]
)
def test_other_servers_models_are_refused(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan_server(find_profile(name), ServeOptions(), only_print=True)


def test_the_users_own_length_is_what_is_checked() -> None:
    assert asked_context(ServeOptions(), 9) == 9
    assert asked_context(ServeOptions(extra=("--max-model-len", "5")), 9) == 5
    assert asked_context(ServeOptions(extra=("--seed", "1", "--max-model-len=6")), 9) == 6
    assert asked_context(ServeOptions(extra=("--max-model-len", "auto")), 9) == 9
