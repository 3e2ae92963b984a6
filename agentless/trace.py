"""Every model call on disk: one JSON line per reply, each in a gzip member of its own.

A file that was cut while it was written loses only the cut line: the next writer goes on behind it, and the
reader finds the next member by its first bytes. Prompts are stored once per file and named by digest after that,
since forty samples share one prompt.
"""

import gzip
import hashlib
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentless.errors import AgentlessError, StoreError
from agentless.ports import Ask, ChatModel, Message, Reply

MEMBER = b"\x1f\x8b\x08"
"""How every gzip member begins; inside compressed data the same bytes fail the checksum."""

CHUNK = 65536
"""Bytes handed to the decompressor at once, so that the rest of the file is not copied for every member."""


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
            member = gzip.compress(text.encode("utf-8") + b"\n", compresslevel=6, mtime=0)
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab", buffering=0) as file:
                    written = file.write(member)
            except OSError as error:
                raise StoreError(f"could not write {self.path}: {error.strerror}; free some space") from error
            if written != len(member):
                raise StoreError(f"could not write {self.path} whole; free some space")
            if isinstance(digest, str) and "messages" in line:
                self.prompts.add(digest)


class TracedModel:
    """A ChatModel that writes down what it passes on."""

    def __init__(self, model: ChatModel, log: CallLog, clock: Callable[[], float] = time.time) -> None:
        self.model = model
        self.log = log
        self.clock = clock

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def context_tokens(self) -> int:
        """The model's context."""
        return self.model.context_tokens

    async def ask(self, ask: Ask) -> list[Reply]:
        """The model's replies, one line each; a server that is gone leaves one line per attempt.

        Raises:
            ModelServerError: as the model does.
            StoreError: the line could not be written.
        """
        began = self.clock()
        try:
            replies = await self.model.ask(ask)
        except AgentlessError as error:
            lost = str(error) or type(error).__name__
            for attempt in ask.attempts:
                reply = Reply(attempt=attempt, outcome="server_error", error=lost)
                self.log.append(call_line(ask, reply, self.model.name, began))
            raise
        for reply in replies:
            self.log.append(call_line(ask, reply, self.model.name, began))
        return replies

    async def count_tokens(self, text: str) -> int:
        """The model's count; not traced."""
        return await self.model.count_tokens(text)


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


def text_digest(text: str) -> str:
    """First 16 hex digits of the SHA-256; a lone surrogate counts as `?`."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def read_calls(path: Path) -> Iterator[dict[str, Any]]:
    """The lines in order, `messages` filled in from the first line with the same digest; cut lines are skipped.

    A prompt whose only full line was cut is `None`.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"could not read {path}: {error.strerror or error}") from error
    prompts: dict[str, Any] = {}
    for text in members(data):
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            digest = line.get("messages_digest", "")
            if "messages" in line:
                prompts[digest] = line["messages"]
            yield {**line, "messages": prompts.get(digest)}


def members(data: bytes) -> Iterator[bytes]:
    """The content of every whole gzip member; what lies between them is skipped."""
    start = data.find(MEMBER)
    while start != -1:
        content, end = whole_member(data, start)
        if content is not None:
            yield content
        start = data.find(MEMBER, end)


def whole_member(data: bytes, start: int) -> tuple[bytes | None, int]:
    """The member that begins at `start`, None when it is cut or no member; and where to look for the next one."""
    reader = zlib.decompressobj(wbits=31)
    parts = []
    position = start
    try:
        while not reader.eof and position < len(data):
            parts.append(reader.decompress(data[position : position + CHUNK]))
            position += CHUNK
    except zlib.error:
        return None, start + 1
    if not reader.eof:
        return None, start + 1
    return b"".join(parts), min(position, len(data)) - len(reader.unused_data)
