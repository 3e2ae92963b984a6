import asyncio
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.sandbox.process import KEPT_OUTPUT, Finished, Tail, clean_environment, run_process

Process = asyncio.subprocess.Process


def kill_group(process: Process) -> None:
    """Kill what is left."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)


async def bash(line: str, timeout_s: float = 10.0, **options: object) -> Finished:
    """Run one line."""
    arguments: dict[str, object] = {"kill": kill_group, **options}
    return await run_process(
        ["/bin/bash", "-c", line], env={"PATH": os.defpath}, cwd="/", timeout_s=timeout_s, **arguments  # type: ignore[arg-type]  # options of a test
    )  # fmt: skip


async def test_output_and_errors_come_in_one_stream_and_input_is_empty() -> None:
    finished = await bash("echo out; echo err >&2; cat; exit 7")
    assert (finished.exit_code, finished.outcome) == (7, "ended")
    assert finished.output == b"out\nerr\n"
    assert finished.reason == ""


async def test_the_deadline_is_kept_and_named() -> None:
    finished = await bash("echo early; exec sleep 60", timeout_s=1.5)
    assert (finished.exit_code, finished.outcome, finished.output) == (None, "timeout", b"early\n")
    assert 1.5 <= finished.seconds < 30
    assert finished.reason == "no end within the time limit"


async def test_a_reason_to_stop_kills() -> None:
    finished = await bash("exec sleep 60", watch=lambda _: "the moon is full")
    assert (finished.exit_code, finished.outcome, finished.reason) == (None, "killed", "the moon is full")


async def test_cancelling_kills() -> None:
    killed: list[int] = []

    def kill(process: Process) -> None:
        killed.append(process.pid)
        kill_group(process)

    task = asyncio.create_task(bash("exec sleep 60", kill=kill))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(killed[0], 0)


async def test_a_handed_descriptor_reaches_the_child_and_is_closed_here() -> None:
    read_end, write_end = os.pipe()
    await bash(f"echo hello >&{write_end}", pass_fd=write_end)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(write_end)
    assert os.read(read_end, 100) == b"hello\n"
    os.close(read_end)


async def test_a_handed_descriptor_is_closed_when_nothing_starts() -> None:
    read_end, write_end = os.pipe()
    with pytest.raises(FileNotFoundError):
        await run_process(
            ["/no/such/program"], env={}, cwd="/", timeout_s=1, kill=kill_group, pass_fd=write_end
        )  # fmt: skip
    assert os.read(read_end, 1) == b""
    os.close(read_end)


async def test_one_who_keeps_the_output_open_does_not_hold_us() -> None:
    # the kill of these tests ends only the group; the daemon has left it
    finished = await bash("setsid sleep 12 & sleep 0.1; echo over")
    assert finished.output == b"over\n"
    assert finished.seconds < 11


@given(st.lists(st.binary(max_size=50), max_size=40), st.integers(1, 30))
def test_the_tail_is_the_end_of_everything_in_bounded_memory(chunks: list[bytes], size: int) -> None:
    tail = Tail(size)
    for chunk in chunks:
        tail.add(chunk)
        assert len(tail.data) <= 2 * size
    assert tail.value() == b"".join(chunks)[-size:]


def test_parsers_see_more_than_records_hold() -> None:
    assert KEPT_OUTPUT > 1 << 20


def test_the_environment_is_closed_and_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    environment = clean_environment(PATH="/bin", TZ="Asia/Tokyo")
    assert "hunter2" not in environment.values()
    assert environment["PYTHONHASHSEED"] == "0"
    assert environment["TZ"] == "Asia/Tokyo"
