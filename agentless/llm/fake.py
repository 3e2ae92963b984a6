"""Models without a server, for tests, demonstrations and replays: shipped, so that nobody needs to patch.

`ScriptedModel` answers from a list or a function; `ReplayModel` answers from the trace of an earlier run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from agentless.errors import ModelServerError
from agentless.llm.seeds import request_seed
from agentless.llm.thinking import Thinking, read_answer
from agentless.llm.tokens import estimate_tokens
from agentless.ports import Ask, Reply
from agentless.prompting import turns_text
from agentless.trace import messages_digest, read_calls

Answerer = Callable[[Ask, int], str | Reply]
ReplayKey = tuple[str, str, str, int, str]


class ScriptedModel:
    """A ChatModel that says what it is told.

    `answer` is a sequence, used up one item per attempt over all asks, or a function of (ask, attempt). A string
    goes through the same reading of `<think>` tags as a server's reply; a Reply is given as it is, with the
    attempt put right. Every ask is kept in `asks`, in order.
    """

    def __init__(
        self,
        answer: Sequence[str | Reply] | Answerer,
        context_tokens: int = 32768,
        name: str = "scripted",
        *,
        seed: int = 0,
        thinking: Thinking = "auto",
    ) -> None:
        self.asks: list[Ask] = []
        self.name = name
        self.context_tokens = context_tokens
        self.answer = answer if callable(answer) else script(answer)
        self.seed = seed
        self.thinking: Thinking = thinking

    async def ask(self, ask: Ask) -> list[Reply]:
        """One reply per attempt; a prompt over `context_tokens` is `context_overflow`, as on a server.

        Raises:
            ModelServerError: the sequence has no more answers.
        """
        self.asks.append(ask)
        prompt_tokens = estimate_tokens(turns_text(ask.messages))
        return [self.reply(ask, attempt, prompt_tokens) for attempt in ask.attempts]

    def reply(self, ask: Ask, attempt: int, prompt_tokens: int) -> Reply:
        """The reply of one attempt."""
        seed = request_seed(self.seed, ask, attempt)
        if prompt_tokens > self.context_tokens:
            error = f"the prompt has about {prompt_tokens} tokens, the context {self.context_tokens}"
            return Reply(attempt=attempt, outcome="context_overflow", seed=seed, error=error)
        said = self.answer(ask, attempt)
        if isinstance(said, Reply):
            return replace(said, attempt=attempt)
        answer = read_answer(said, thinking=self.thinking)
        return Reply(
            attempt=attempt,
            outcome=answer.outcome,
            text=answer.text,
            reasoning=answer.reasoning,
            finish_reason="stop",
            seed=seed,
            prompt_tokens=prompt_tokens,
            completion_tokens=estimate_tokens(said),
        )

    async def count_tokens(self, text: str) -> int:
        """The estimate that is used without a server."""
        return estimate_tokens(text)

    async def close(self) -> None:
        """Nothing is open."""


class ReplayModel:
    """A ChatModel that repeats the replies of a `calls.jsonl.gz`; a prompt it has not seen is refused."""

    def __init__(
        self, calls: Iterable[Mapping[str, Any]], context_tokens: int = 32768, name: str = "replay"
    ) -> None:
        self.asks: list[Ask] = []
        self.name = name
        self.context_tokens = context_tokens
        self.replies = {call_key(call): call_reply(call) for call in calls}

    @classmethod
    def open(cls, path: Path, context_tokens: int = 32768) -> "ReplayModel":
        """The replies of a trace file; what a cut tail holds is lost.

        Raises:
            StoreError: the file cannot be read.
        """
        return cls(read_calls(path), context_tokens, name=f"replay:{path.name}")

    async def ask(self, ask: Ask) -> list[Reply]:
        """The recorded replies.

        Raises:
            ModelServerError: an attempt of this prompt is not in the trace; the text names it.
        """
        self.asks.append(ask)
        digest = messages_digest(ask.messages)
        return [self.find(ask, attempt, digest) for attempt in ask.attempts]

    def find(self, ask: Ask, attempt: int, digest: str) -> Reply:
        """The recorded reply of one attempt."""
        reply = self.replies.get((ask.instance_id, ask.stage, ask.purpose, attempt, digest))
        if reply is None:
            raise ModelServerError(
                f"the trace has no reply for {ask.instance_id} {ask.stage}/{ask.purpose} attempt {attempt} with"
                f" this prompt ({digest}); replay with the configuration and prompts that were recorded"
            )
        return reply

    async def count_tokens(self, text: str) -> int:
        """The estimate that is used without a server."""
        return estimate_tokens(text)

    async def close(self) -> None:
        """Nothing is open."""


def script(answers: Sequence[str | Reply]) -> Answerer:
    """An answerer that uses up a sequence."""
    rest = iter(answers)

    def following(ask: Ask, attempt: int) -> str | Reply:
        said = next(rest, None)
        if said is None:
            raise ModelServerError(
                f"the script of {len(answers)} answers is used up at {ask.stage}/{ask.purpose} attempt {attempt}"
            )
        return said

    return following


def call_key(call: Mapping[str, Any]) -> ReplayKey:
    """What identifies a recorded reply."""
    return (
        str(call["instance_id"]), str(call["stage"]), str(call["purpose"]), int(call["attempt"]),
        str(call["messages_digest"]),
    )  # fmt: skip


def call_reply(call: Mapping[str, Any]) -> Reply:
    """The recorded reply; keys of the line that no Reply has are left out."""
    names = {field.name for field in fields(Reply)}
    return Reply(**{key: value for key, value in call.items() if key in names})
