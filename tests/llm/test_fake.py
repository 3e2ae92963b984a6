from pathlib import Path

import pytest

from agentless.errors import ModelServerError, StoreError
from agentless.llm.fake import ReplayModel, ScriptedModel
from agentless.llm.seeds import request_seed
from agentless.ports import Ask, ChatModel, Reply
from agentless.trace import CallLog, TracedModel
from tests.llm.asks import an_ask


async def test_sequence_is_used_up_one_attempt_at_a_time() -> None:
    model: ChatModel = ScriptedModel(["one", "<think>hm</think>two", "three"])
    first = await model.ask(an_ask(attempts=(0, 1)))
    second = await model.ask(an_ask(attempts=(2,)))
    assert [reply.text for reply in first + second] == ["one", "two", "three"]
    assert [reply.attempt for reply in first + second] == [0, 1, 2]
    assert first[1].reasoning == "hm"


async def test_an_empty_script_says_where_it_ended() -> None:
    model = ScriptedModel(["one"])
    with pytest.raises(ModelServerError, match="the script of 1 answers is used up at repair/edit attempt 7"):
        await model.ask(an_ask(attempts=(6, 7)))


async def test_a_function_sees_the_ask_and_the_attempt() -> None:
    def answer(ask: Ask, attempt: int) -> str:
        return f"{ask.instance_id} {ask.purpose} {attempt}"

    model = ScriptedModel(answer)
    replies = await model.ask(an_ask(attempts=(3, 5), purpose="files"))
    assert [reply.text for reply in replies] == ["flask-1 files 3", "flask-1 files 5"]


async def test_replies_are_given_as_they_are() -> None:
    lost = Reply(attempt=0, outcome="truncated", finish_reason="length", completion_tokens=9)
    [reply] = await ScriptedModel([lost]).ask(an_ask(attempts=(4,)))
    assert (reply.attempt, reply.outcome, reply.completion_tokens) == (4, "truncated", 9)


async def test_asks_are_kept() -> None:
    model = ScriptedModel(lambda ask, attempt: "x")
    asks = [an_ask("a"), an_ask("b", attempts=(0, 1))]
    for ask in asks:
        await model.ask(ask)
    assert model.asks == asks


async def test_thinking_is_read_as_from_a_server() -> None:
    model = ScriptedModel(["no tag", "<think>open", ""], thinking="always")
    replies = await model.ask(an_ask(attempts=(0, 1, 2)))
    assert [reply.outcome for reply in replies] == ["truncated", "truncated", "no_answer"]


async def test_seeds_tokens_and_names() -> None:
    model = ScriptedModel(["x"], context_tokens=500, name="mine", seed=4)
    ask = an_ask()
    [reply] = await model.ask(ask)
    assert reply.seed == request_seed(4, ask, 0)
    assert reply.prompt_tokens > 0
    assert (model.name, model.context_tokens) == ("mine", 500)
    assert await model.count_tokens("a b c") >= 3


async def test_a_prompt_over_the_context_overflows() -> None:
    model = ScriptedModel(["never said"], context_tokens=50)
    [reply] = await model.ask(an_ask("word " * 200))
    assert reply.outcome == "context_overflow"
    assert reply.text == ""


async def traced(path: Path, *texts: str) -> None:
    model = TracedModel(ScriptedModel([f"answer to {text}" for text in texts]), CallLog(path))
    for text in texts:
        await model.ask(an_ask(text))


async def test_replay_repeats_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl.gz"
    await traced(path, "a", "b")
    model = ReplayModel.open(path)
    [second] = await model.ask(an_ask("b"))
    [first] = await model.ask(an_ask("a"))
    assert (first.text, second.text) == ("answer to a", "answer to b")
    assert first == (await ScriptedModel(["answer to a"]).ask(an_ask("a")))[0]


@pytest.mark.parametrize(
    "ask", [an_ask("c"), an_ask("a", attempts=(1,)), an_ask("a", instance_id="x"), an_ask("a", purpose="files")]
)
async def test_replay_refuses_what_it_has_not_seen(tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "calls.jsonl.gz"
    await traced(path, "a")
    with pytest.raises(ModelServerError, match="the trace has no reply for"):
        await ReplayModel.open(path).ask(ask)


async def test_replay_of_a_cut_trace_keeps_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl.gz"
    await traced(path, "a", "b")
    path.write_bytes(path.read_bytes()[:-20])
    model = ReplayModel.open(path)
    [reply] = await model.ask(an_ask("a"))
    assert reply.text == "answer to a"
    with pytest.raises(ModelServerError):
        await model.ask(an_ask("b"))


def test_replay_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="calls"):
        ReplayModel.open(tmp_path / "calls.jsonl.gz")
