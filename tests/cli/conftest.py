"""A small repository with a bug, and a server that knows the answer, for whole commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import make_repo
from tests.llm.openai_server import FakeOpenAI, Handler, completion, running

FILES = {
    "shop/__init__.py": "",
    "shop/price.py": "def total(prices):\n    return sum(prices) - 1\n",
    "shop/user.py": "def greet(name):\n    return f'hello {name}'\n",
}
ISSUE = "total() of prices is one too small\n\n`total([1, 2])` gives 2 and should give 3."
OLD, NEW = "    return sum(prices) - 1\n", "    return sum(prices)\n"
EDIT = f"### shop/price.py\n<<<<<<< SEARCH\n{OLD}=======\n{NEW}>>>>>>> REPLACE\n"


def knows(handler: Handler) -> None:
    """The right answer to each stage's prompt."""
    prompt = str(handler.body["messages"])
    handler.give(200, completion("```\nshop/price.py\n```" if "PROJECT FILES" in prompt else EDIT))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "shop", FILES)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    fake = FakeOpenAI(context=98304)
    fake.default = knows
    with running(fake):
        yield fake


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache and state of a test stay in its folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
