"""What a stage may ask of the world: Protocols, and the values that cross them.

A stage receives these as arguments and never imports an implementation. `llm` implements `ChatModel`,
`sandbox` and `harness` implement `TestRunner`, `executors` implement `Executor`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, TypeVar

from agentless.records import Stage, Verdict

ReplyOutcome = Literal["ok", "truncated", "no_answer", "context_overflow", "server_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One prompt, and how often and how freely to answer it."""

    instance_id: str
    stage: Stage
    purpose: str
    """What the reply is for, e.g. `files`, `edit`, `reproduction_test`; traced, and hashed into seeds."""
    messages: tuple[Message, ...]
    attempts: tuple[int, ...] = (0,)
    """One reply per attempt; each attempt has its own seed = f(instance, stage, purpose, attempt)."""
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    grammar: str = ""
    """GBNF that the reply must follow; "" leaves it free. Servers without grammars ignore it."""
    stop: tuple[str, ...] = ()
    prompt_hash: str = ""
    """`prompting.Prompt.digest` of the template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: the text after the thinking, or why there is none."""

    attempt: int
    outcome: ReplyOutcome
    text: str = ""
    """The answer alone, thinking removed; "" unless the outcome is `ok`."""
    reasoning: str = ""
    finish_reason: str = ""
    seed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    error: str = ""


class ChatModel(Protocol):
    """A language model behind any server."""

    @property
    def name(self) -> str:
        """Name that goes into manifests and keys."""

    @property
    def context_tokens(self) -> int:
        """Prompt + output tokens that one request may hold."""

    async def ask(self, ask: Ask) -> list[Reply]:
        """One reply per attempt, in order; failures are outcomes.

        Raises:
            ModelServerError: the server is gone (not: one request failed).
        """

    async def count_tokens(self, text: str) -> int:
        """Tokens of the text by the served tokenizer, or a measured estimate with a margin."""


class RelayModel:
    """A ChatModel that hands everything on to another one; who watches the traffic overrides `ask`."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def context_tokens(self) -> int:
        """The model's context."""
        return self.model.context_tokens

    async def ask(self, ask: Ask) -> list[Reply]:
        """The model's replies.

        Raises:
            ModelServerError: as the model does.
        """
        return await self.model.ask(ask)

    async def count_tokens(self, text: str) -> int:
        """The model's count."""
        return await self.model.count_tokens(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCommand:
    """One command to run inside the patched tree."""

    __test__ = False  # not a pytest class

    name: str
    """Unique within a job; results are keyed by it."""
    shell: str
    """A bash line, run from the root of the tree; `python` is the project's interpreter."""
    parser: Literal["exit", "pytest", "unittest", "django", "sympy"] = "exit"
    """How test ids are read; `exit` gives one verdict by exit code under the command's name."""
    log_parser: str = ""
    """swebench's name of the parser, e.g. `parse_log_django`; what runs in SWE-bench images reads ids by it."""
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestJob:
    """A patch and the commands that judge it; runs in one fresh tree, in order."""

    __test__ = False

    patch: str = ""
    """Unified diff; "" runs the original."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Repository-relative path -> text, written after the patch (reproduction tests)."""
    commands: tuple[TestCommand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What one command did."""

    name: str
    exit_code: int | None
    """None when it did not end by itself (timeout, killed, not started)."""
    outcome: Literal["ended", "timeout", "killed", "not_run"]
    tests: Mapping[str, Verdict] = field(default_factory=dict)
    output: str = ""
    """The last part of stdout and stderr together, at most 64 KiB."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What a job did; `applied` false means that no command ran."""

    __test__ = False

    applied: bool
    results: tuple[CommandResult, ...] = ()
    note: str = ""

    def result(self, name: str) -> CommandResult | None:
        """The result of the named command, None when it did not run."""
        return next((result for result in self.results if result.name == name), None)


class TestRunner(Protocol):
    """Runs tests on a patched tree, isolated from the machine."""

    __test__: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Kind of isolation, for manifests: bwrap, host, docker."""

    async def identity(self) -> str:
        """What the tests run on: the id of an image, or path and version of an interpreter.

        Goes into keys, so that results are never taken for those of a rebuilt image or of another interpreter.

        Raises:
            SandboxError: it cannot be told now.
            ImageError: the image is not here.
            ConfigError: there is no such interpreter.
        """

    async def run(self, job: TestJob) -> TestReport:
        """Run one job in a fresh tree.

        Raises:
            SandboxError: the sandbox itself failed; tests that fail or time out are results.
        """


class Embedder(Protocol):
    """Vectors for texts, e.g. behind `/v1/embeddings`."""

    @property
    def name(self) -> str:
        """Model that goes into keys: its vectors are kept under it."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, all of one length.

        Raises:
            ModelServerError: the server is gone or refuses; there is no vector for "could not".
        """


T = TypeVar("T")


class Progress(Protocol):
    """Where an instance stands; rendered by the command line, ignored by default."""

    def update(self, instance_id: str, stage: Stage, done: int, total: int, note: str = "") -> None:
        """`done` of `total` steps of the stage are over."""


class NoProgress:
    """A Progress that says nothing."""

    def update(self, instance_id: str, stage: Stage, done: int, total: int, note: str = "") -> None:
        """Ignore."""


class Executor(Protocol):
    """Runs one async function over many items, one failure never stops the others."""

    async def map(
        self, function: Callable[[T], Awaitable[None]], items: Sequence[T]
    ) -> list[BaseException | None]:
        """The error of each item in order, None where it went well."""
