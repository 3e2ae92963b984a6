"""A shop in a git repository, its index, candidates, and runners and models that need no machine."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from agentless.ports import Ask, CommandResult, Reply, TestCommand, TestJob, TestReport
from agentless.records import Candidate, Instance
from agentless.repo import Index, RepoSnapshot
from tests.conftest import make_repo

FILES = {
    "src/shop/__init__.py": "from shop.cart import total\n",
    "src/shop/cart.py": "PRICE = 2\n\n\ndef total(count):\n    return count * PRICE\n",
    "src/shop/stock/__init__.py": "",
    "src/shop/stock/shelf.py": "def lift(box):\n    return 1\n",
    "tests/__init__.py": "",
    "tests/conftest.py": "",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total(3) == 6\n",
    "tests/test_delivery.py": "import shop\n\n\ndef test_van():\n    assert shop\n",
    "tests/stock/test_shelf.py": "from shop.stock import shelf\n\n\ndef test_lift():\n    assert shelf.lift(1)\n",
    "docs/test_page.md": "cart total PRICE\n",
}
CART = "src/shop/cart.py"
PATCH = f"""\
diff --git a/{CART} b/{CART}
--- a/{CART}
+++ b/{CART}
@@ -4,2 +4,2 @@ PRICE = 2
 def total(count):
-    return count * PRICE
+    return max(count, 0) * PRICE
"""
ISSUE = "total() of a negative count is negative. It should be 0."


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The shop's index."""
    folder = make_repo(tmp_path_factory.mktemp("shop"), FILES)
    with RepoSnapshot.open(folder) as snapshot:
        yield Index.build(snapshot)


@pytest.fixture
def instance() -> Instance:
    return Instance(instance_id="shop-1", repo="shop", base_commit="", problem_statement=ISSUE)


def candidate(
    key: str = "good", patch: str = PATCH, files: Sequence[str] = (CART,), samples: int = 1
) -> Candidate:
    """A candidate of so many samples."""
    return Candidate(key=key, patch=patch, attempts=tuple(range(samples)), files=tuple(files))


def result(name: str, code: int | None = 0, output: str = "", **tests: str) -> CommandResult:
    """What a command did; tests by name without the file."""
    verdicts = {f"tests/test_cart.py::{test}": verdict for test, verdict in tests.items()}
    return CommandResult(
        name=name, exit_code=code, outcome="timeout" if code is None else "ended", output=output, tests=verdicts  # type: ignore[arg-type]  # texts of a test
    )  # fmt: skip


def token_of(command: TestCommand) -> str:
    """What a script's command prints at its end."""
    return command.shell.rpartition(" ")[2]


Answer = Callable[[TestJob, TestCommand], CommandResult]


class FakeRunner:
    """Answers every command by a function; counts how many jobs ran, and at once."""

    __test__: ClassVar[bool] = False
    name = "fake"

    def __init__(self, answer: Answer, refuses: Sequence[str] = ()) -> None:
        self.answer = answer
        self.refuses = refuses
        self.jobs: list[TestJob] = []
        self.runs_on = "python 3"

    async def identity(self) -> str:
        """What a test says it is."""
        return self.runs_on

    async def run(self, job: TestJob) -> TestReport:
        """Answer the job's commands."""
        self.jobs.append(job)
        await asyncio.sleep(0)
        if job.patch in self.refuses:
            return TestReport(applied=False, note="the patch does not apply: no")
        return TestReport(applied=True, results=tuple(self.one(job, command) for command in job.commands))

    def one(self, job: TestJob, command: TestCommand) -> CommandResult:
        """The answer; a script that ends with code 0 has come to its end, as the wrapper would say."""
        found = self.answer(job, command)
        if found.exit_code or "<<<" not in command.shell:
            return found
        return replace(found, output=f"{found.output}\n{token_of(command)}\n")


class FakeModel:
    """Gives fixed replies, attempt by attempt, and keeps what it was asked."""

    name = "fake"

    def __init__(self, *texts: str, context_tokens: int = 32768) -> None:
        self.texts = texts
        self.context_tokens = context_tokens
        self.asked: list[Ask] = []

    async def ask(self, ask: Ask) -> list[Reply]:
        """The texts in turn."""
        self.asked.append(ask)
        return [
            Reply(attempt=attempt, outcome="ok", text=self.texts[attempt % len(self.texts)])
            for attempt in ask.attempts
        ]

    async def count_tokens(self, text: str) -> int:
        """Four characters a token."""
        return len(text) // 4
