from pathlib import Path

from agentless.executors import LocalExecutor
from agentless.llm.fake import ScriptedModel
from agentless.ports import (
    Ask,
    ChatModel,
    CommandResult,
    Executor,
    Message,
    NoProgress,
    Progress,
    RelayModel,
    Reply,
    TestCommand,
    TestJob,
    TestReport,
    TestRunner,
)
from agentless.trace import CallLog, TracedModel


def test_a_report_is_asked_by_command_name() -> None:
    first = CommandResult(name="a", exit_code=0, outcome="ended", tests={"t": "pass"})
    second = CommandResult(name="b", exit_code=None, outcome="timeout")
    report = TestReport(applied=True, results=(first, second))
    assert report.result("b") is second
    assert report.result("c") is None
    assert TestReport(applied=False, note="does not apply").result("a") is None


def test_what_was_not_said_is_unknown_and_never_good() -> None:
    assert CommandResult(name="a", exit_code=None, outcome="killed").tests == {}
    assert Reply(attempt=0, outcome="truncated").text == ""
    assert TestJob().patch == ""


async def test_a_relay_passes_for_the_model_behind_it() -> None:
    model: ChatModel = ScriptedModel(["one", "two"], context_tokens=77, name="behind")
    relay: ChatModel = RelayModel(RelayModel(model))
    assert (relay.name, relay.context_tokens) == ("behind", 77)
    assert await relay.count_tokens("some text") == await model.count_tokens("some text")
    ask = Ask(
        instance_id="a", stage="repair", purpose="edit", messages=(Message(role="user", content="x"),),
        attempts=(3, 4),
    )  # fmt: skip
    assert [(reply.attempt, reply.text) for reply in await relay.ask(ask)] == [(3, "one"), (4, "two")]


def test_an_ask_is_greedy_and_single_unless_told_otherwise() -> None:
    ask = Ask(instance_id="a", stage="repair", purpose="edit", messages=(Message(role="user", content="x"),))
    assert (ask.temperature, ask.attempts, ask.grammar) == (0.0, (0,), "")


def test_no_progress_says_nothing() -> None:
    progress: Progress = NoProgress()
    progress.update("a", "repair", 1, 2)


def test_pytest_collects_none_of_the_test_ports() -> None:
    assert not any(kind.__test__ for kind in (TestCommand, TestJob, TestReport, TestRunner))


async def test_the_implementations_are_what_the_stages_ask_for(tmp_path: Path) -> None:
    """The annotations are the test: mypy compares each implementation with its protocol."""
    scripted: ChatModel = TracedModel(ScriptedModel(["hello"]), CallLog(tmp_path / "calls.jsonl.gz"))
    executor: Executor = LocalExecutor(1)
    ask = Ask(instance_id="a", stage="repair", purpose="edit", messages=(Message(role="user", content="x"),))
    assert [reply.text for reply in await scripted.ask(ask)] == ["hello"]

    async def nothing(item: int) -> None:
        assert item in (1, 2)

    assert await executor.map(nothing, [1, 2]) == [None, None]
