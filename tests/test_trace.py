import asyncio
import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from agentless.errors import ModelServerError, StoreError
from agentless.ports import Ask, Message, Reply
from agentless.prompting import turns_text
from agentless.texts import text_digest
from agentless.trace import CallLog, TracedModel, messages_digest, read_calls

PROMPT = (Message(role="system", content="Be brief."), Message(role="user", content="Fix it. " * 500))


class Echo:
    """A model whose replies name their attempt; `broken` makes the server disappear."""

    name = "echo"
    context_tokens = 4096

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    async def ask(self, ask: Ask) -> list[Reply]:
        await asyncio.sleep(0)
        if self.broken:
            raise ModelServerError("connection refused")
        return [
            Reply(
                attempt=attempt, outcome="ok", text=f"answer {attempt}", reasoning="hm", finish_reason="stop",
                seed=attempt + 7, prompt_tokens=11, completion_tokens=3, seconds=0.5,
            )
            for attempt in ask.attempts
        ]  # fmt: skip

    async def count_tokens(self, text: str) -> int:
        return len(text)


def ask(*attempts: int, messages: tuple[Message, ...] = PROMPT) -> Ask:
    return Ask(
        instance_id="a__b-1", stage="repair", purpose="edit", messages=messages, attempts=attempts,
        temperature=0.6, top_p=0.95, max_tokens=64, prompt_hash="abc",
    )  # fmt: skip


def calls(path: Path) -> list[dict[str, Any]]:
    return list(read_calls(path))


async def test_one_line_per_attempt_with_everything_that_was_asked_and_said(tmp_path: Path) -> None:
    model = TracedModel(Echo(), CallLog(tmp_path / "i" / "calls.jsonl.gz"), clock=lambda: 1700000000.25)
    replies = await model.ask(ask(0, 1))
    assert [reply.text for reply in replies] == ["answer 0", "answer 1"]
    first, second = calls(tmp_path / "i" / "calls.jsonl.gz")
    assert first == {
        "instance_id": "a__b-1", "stage": "repair", "purpose": "edit", "prompt_hash": "abc",
        "messages_digest": messages_digest(PROMPT),
        "messages": [{"role": message.role, "content": message.content} for message in PROMPT],
        "model": "echo", "temperature": 0.6, "top_p": 0.95, "max_tokens": 64, "grammar_digest": "",
        "at": 1700000000.25, "attempt": 0, "outcome": "ok", "text": "answer 0", "reasoning": "hm",
        "finish_reason": "stop", "seed": 7, "prompt_tokens": 11, "completion_tokens": 3, "seconds": 0.5,
        "error": "",
    }  # fmt: skip
    assert (second["attempt"], second["seed"], second["messages"]) == (1, 8, first["messages"])


async def test_it_passes_for_the_model_itself(tmp_path: Path) -> None:
    model = TracedModel(Echo(), CallLog(tmp_path / "c"))
    assert (model.name, model.context_tokens, await model.count_tokens("four")) == ("echo", 4096, 4)
    assert not (tmp_path / "c").exists()


async def test_a_server_that_is_gone_leaves_a_line_per_attempt(tmp_path: Path) -> None:
    model = TracedModel(Echo(broken=True), CallLog(tmp_path / "c"))
    with pytest.raises(ModelServerError, match="connection refused"):
        await model.ask(ask(4, 5))
    assert [(call["attempt"], call["outcome"], call["error"]) for call in calls(tmp_path / "c")] == [
        (4, "server_error", "connection refused"),
        (5, "server_error", "connection refused"),
    ]


async def test_a_prompt_is_stored_once_for_forty_samples(tmp_path: Path) -> None:
    model = TracedModel(Echo(), CallLog(tmp_path / "c"))
    for attempt in range(40):
        await model.ask(ask(attempt))
    stored = gzip.decompress((tmp_path / "c").read_bytes()).decode()
    assert stored.count("Fix it. Fix it.") > 0
    assert sum('"messages":' in line for line in stored.splitlines()) == 1
    assert all(call["messages"][1]["content"] == PROMPT[1].content for call in calls(tmp_path / "c"))
    await model.ask(ask(40, messages=(Message(role="user", content="Other"),)))
    assert calls(tmp_path / "c")[-1]["messages"] == [{"role": "user", "content": "Other"}]


async def test_a_second_process_stores_the_prompt_again_and_nothing_is_lost(tmp_path: Path) -> None:
    for attempt in range(2):
        await TracedModel(Echo(), CallLog(tmp_path / "c")).ask(ask(attempt))
    assert [call["attempt"] for call in calls(tmp_path / "c")] == [0, 1]


def test_the_digest_is_that_of_the_prompt_text() -> None:
    assert messages_digest(PROMPT) == text_digest(turns_text(PROMPT))
    assert messages_digest(PROMPT) != messages_digest(PROMPT[::-1])
    assert len(messages_digest(())) == 16


def test_a_tail_cut_at_any_byte_loses_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "c"
    ends = [0]
    log = CallLog(path)
    for number in range(3):
        log.append({"n": number, "text": f"text {number} " * 3})
        ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        before = [number for number in range(3) if ends[number + 1] <= cut]
        assert [call["n"] for call in calls(path)] == before
        CallLog(path).append({"n": 9})
        assert [call["n"] for call in calls(path)] == [*before, 9]


def test_damage_in_the_middle_loses_only_what_it_hit(tmp_path: Path) -> None:
    path = tmp_path / "c"
    for number in range(5):
        CallLog(path).append({"n": number, "text": "x" * 200})
    data = bytearray(path.read_bytes())
    length = len(data) // 5
    data[2 * length + 14] ^= 0xFF
    path.write_bytes(data)
    found = [call["n"] for call in calls(path)]
    assert found in ([0, 1, 3, 4], [0, 1, 2, 3, 4])  # the flipped bits may stand in the header's time
    data[2 * length + 20 : 2 * length + 40] = b"\x1f\x8b\x08" * 6 + b"\x00\x00"
    path.write_bytes(data)
    assert [call["n"] for call in calls(path)] == [0, 1, 3, 4]


def test_a_prompt_whose_only_line_was_cut_is_unknown(tmp_path: Path) -> None:
    log = CallLog(tmp_path / "c")
    log.append({"messages_digest": "d", "messages": ["m"], "n": 0})
    end = (tmp_path / "c").stat().st_size
    log.append({"messages_digest": "d", "messages": ["m"], "n": 1})
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[end:])
    assert calls(tmp_path / "c") == [{"messages_digest": "d", "n": 1, "messages": None}]


def test_members_that_are_no_json_objects_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(
        gzip.compress(b"not json\n") + gzip.compress(b"[1]\n") + gzip.compress(b'{"n": 1}\n')
    )
    assert [call["n"] for call in calls(tmp_path / "c")] == [1]


def test_a_member_of_many_chunks_is_read_whole(tmp_path: Path) -> None:
    noise = "".join(text_digest(str(number)) for number in range(20_000))
    log = CallLog(tmp_path / "c")
    log.append({"n": 0, "text": noise})
    log.append({"n": 1, "text": noise[::-1]})
    assert (tmp_path / "c").stat().st_size > 3 * 65536
    assert [call["text"] for call in calls(tmp_path / "c")] == [noise, noise[::-1]]


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    log = CallLog(tmp_path / "c")

    def write(start: int) -> None:
        for number in range(25):
            log.append({"n": start + number, "messages_digest": "d", "messages": ["m"]})

    threads = [threading.Thread(target=write, args=(25 * part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = calls(tmp_path / "c")
    assert sorted(call["n"] for call in found) == list(range(100))
    assert all(call["messages"] == ["m"] for call in found)


def test_any_text_survives(tmp_path: Path) -> None:
    text = "\ud800 \x00 \u2028 \r\n </think> \U0001f600"
    CallLog(tmp_path / "c").append({"text": text})
    assert json.dumps(calls(tmp_path / "c")[0]["text"]) == json.dumps(text)


def test_what_cannot_be_written_or_read_is_an_infrastructure_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not write"):
        CallLog(tmp_path / "file" / "c").append({})
    with pytest.raises(StoreError, match="could not read"):
        calls(tmp_path / "missing")
