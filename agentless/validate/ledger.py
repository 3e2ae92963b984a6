"""What was found out about an instance and is not paid for twice: the ledger, its records and their keys."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from agentless.config import ValidationConfig
from agentless.ports import TestCommand, TestRunner
from agentless.records import Instance, Verdict
from agentless.repo import Index

Record = TypeVar("Record")


class Ledger(Protocol):
    """Keeps records by key as soon as they are made, so that a kill loses only what is running."""

    def load(self, key: str, kind: type[Record]) -> Record | None:
        """The record of a key; None when there is none of this kind."""

    def save(self, key: str, record: object) -> None:
        """Keep a record; a later one of the same key replaces it."""


class ForgetfulLedger:
    """A ledger that lasts as long as the process: for tests, and for who wants no files."""

    def __init__(self) -> None:
        self.records: dict[str, object] = {}

    def load(self, key: str, kind: type[Record]) -> Record | None:
        """The record of a key; None when there is none of this kind."""
        found = self.records.get(key)
        return found if isinstance(found, kind) else None

    def save(self, key: str, record: object) -> None:
        """Keep a record."""
        self.records[key] = record


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one command said of one candidate."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """Test id -> verdict, over the baseline's tests; of a reproduction test its path alone."""
    note: str = ""
    """Why verdicts are unknown."""
    seconds: float = 0.0


async def place_of(instance: Instance, index: Index, runner: TestRunner, config: ValidationConfig) -> str:
    """Digest of where tests run: the original tree, the sandbox, what it runs on, and the limits that can decide.

    Raises:
        SandboxError: what it runs on cannot be told, see `TestRunner.identity`.
    """
    return digest_of(
        index.snapshot.tree_id, runner.name, await runner.identity(), instance.image, config.image,
        config.image_template, config.python, config.memory_mb, config.max_processes, config.cpu_s,
    )  # fmt: skip


def command_digest(command: TestCommand) -> str:
    """Digest of what a command runs and how its output is read."""
    return digest_of(command.shell, command.parser, command.log_parser, command.timeout_s)


def digest_of(*parts: object) -> str:
    """32 hex digits over the parts, which are JSON; their order counts."""
    text = json.dumps(parts, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
