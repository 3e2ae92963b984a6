"""Every model call on disk: one JSON line per reply, each in a gzip member of its own.

Prompts are stored once per file and named by digest after that, since forty samples share one prompt.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentless.errors import AgentlessError
from agentless.members import append_member, read_members
from agentless.ports import Ask, ChatModel, Message, RelayModel, Reply
from agentless.texts import text_digest


class CallLog:
    """Appends lines to `calls.jsonl.gz`; safe for many coroutines and threads of one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.prompts: set[str] = set()
        self.guard = threading.Lock()

    def append(self, line: dict[str, Any]) -> None:
        """Write one line in one go. `messages` are left out where this log has stored the same digest before.

        Raises:
            StoreError: the disk is full or read-only.
        """
        with self.guard:
            digest = line.get("messages_digest")
            if digest in self.prompts:
                line = {key: value for key, value in line.items() if key != "messages"}
            text = json.dumps(line, separators=(",", ":"))
            append_member(self.path, text.encode("utf-8") + b"\n")
            if isinstance(digest, str) and "messages" in line:
                self.prompts.add(digest)


class TracedModel(RelayModel):
    """A ChatModel that writes down the replies that it passes on; counts of tokens are not traced."""

    def __init__(self, model: ChatModel, log: CallLog, clock: Callable[[], float] = time.time) -> None:
        super().__init__(model)
        self.log = log
        self.clock = clock

    async def ask(self, ask: Ask) -> list[Reply]:
        """The model's replies, one line each; a server that is gone leaves one line per attempt.

        Raises:
            ModelServerError: as the model does.
            StoreError: the line could not be written.
        """
        began = self.clock()
        try:
            replies = await super().ask(ask)
        except AgentlessError as error:
            lost = str(error) or type(error).__name__
            for attempt in ask.attempts:
                reply = Reply(attempt=attempt, outcome="server_error", error=lost)
                self.log.append(call_line(ask, reply, self.model.name, began))
            raise
        for reply in replies:
            self.log.append(call_line(ask, reply, self.model.name, began))
        return replies


def call_line(ask: Ask, reply: Reply, model: str, began: float) -> dict[str, Any]:
    """One reply with what asked for it. `at`: seconds since 1970 when the request was made."""
    return {
        "instance_id": ask.instance_id,
        "stage": ask.stage,
        "purpose": ask.purpose,
        "prompt_hash": ask.prompt_hash,
        "messages_digest": messages_digest(ask.messages),
        "messages": [asdict(message) for message in ask.messages],
        "model": model,
        "temperature": ask.temperature,
        "top_p": ask.top_p,
        "max_tokens": ask.max_tokens,
        "grammar_digest": text_digest(ask.grammar) if ask.grammar else "",
        "at": round(began, 3),
        **asdict(reply),
    }


def messages_digest(messages: tuple[Message, ...]) -> str:
    """First 16 hex digits of the SHA-256 of the turns as `prompting.turns_text` writes them."""
    return text_digest("\n".join(f"<{message.role}>\n{message.content}" for message in messages))


def read_calls(path: Path) -> Iterator[dict[str, Any]]:
    """The lines in order, `messages` filled in from the first line with the same digest; cut lines are skipped.

    A prompt whose only full line was cut is `None`.

    Raises:
        StoreError: the file cannot be read.
    """
    prompts: dict[str, Any] = {}
    for text in read_members(path):
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            digest = line.get("messages_digest", "")
            if "messages" in line:
                prompts[digest] = line["messages"]
            yield {**line, "messages": prompts.get(digest)}
