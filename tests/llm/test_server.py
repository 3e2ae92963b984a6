import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from agentless.errors import ModelServerError
from agentless.llm import server as server_module
from agentless.llm.server import ServerProcess, free_port, model_server

TINY = Path(__file__).with_name("tiny_server.py")


def command(port: int, mode: str, pids: Path) -> list[str]:
    return [sys.executable, str(TINY), str(port), mode, str(pids)]


def family(pids: Path) -> list[int]:
    """The server, its guard, and perhaps its child; waits until they are written down."""
    until = time.monotonic() + 10
    while not pids.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return [int(word) for word in pids.read_text().split()]


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] in "ZX"


def all_gone(pids: list[int], within_s: float = 8.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if all(gone(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("mode", ["well", "family"])
async def test_started_ready_and_stopped(tmp_path: Path, mode: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/health"
    async with model_server(command(port, mode, tmp_path / "pids"), url=url) as server:
        pids = family(tmp_path / "pids")
        assert server.alive
        assert not any(gone(pid) for pid in pids)
    assert all_gone(pids, 1.0)
    assert not server.alive


async def test_stopped_when_the_block_fails(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(RuntimeError, match="mine"):
        async with model_server(command(port, "well", tmp_path / "pids"), url=f"http://127.0.0.1:{port}/"):
            raise RuntimeError("mine")
    assert all_gone(family(tmp_path / "pids"), 1.0)


async def test_stopped_when_the_task_is_cancelled(tmp_path: Path) -> None:
    port = free_port()

    async def use() -> None:
        async with model_server(command(port, "well", tmp_path / "pids"), url=f"http://127.0.0.1:{port}/"):
            await asyncio.sleep(60)

    task = asyncio.create_task(use())
    pids = await asyncio.to_thread(family, tmp_path / "pids")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all_gone(pids, 1.0)


async def test_a_server_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    async with model_server(command(port, "stubborn", tmp_path / "pids"), url=f"http://127.0.0.1:{port}/"):
        pids = family(tmp_path / "pids")
    assert all_gone(pids, 1.0)


async def test_early_death_shows_the_last_lines_of_the_log(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "server.log"
    with pytest.raises(ModelServerError) as caught:
        async with model_server(
            command(port, "dies", tmp_path / "pids"), url=f"http://127.0.0.1:{port}/", log=log
        ):
            pass
    assert str(caught.value) == (
        "the model server ended with code 3: loading weights | fatal: no such model: tiny"
    )
    assert "no such model" in log.read_text()


async def test_a_program_that_does_not_exist() -> None:
    with pytest.raises(ModelServerError, match=r"ended with code 1: .*No such file"):
        async with model_server(["/no/such/server"], url="http://127.0.0.1:9/"):
            pass


async def test_never_ready(tmp_path: Path) -> None:
    port = free_port()
    loading = command(port, "loading", tmp_path / "pids")
    waits: list[float] = []
    with pytest.raises(ModelServerError, match=r"was not ready in 1 s"):
        async with model_server(loading, url=f"http://127.0.0.1:{port}/", ready_s=1.0, waiting=waits.append):
            pass
    assert len(waits) > 3
    assert waits == sorted(waits)
    assert all_gone(family(tmp_path / "pids"), 1.0)


async def test_death_in_the_middle_is_seen(tmp_path: Path) -> None:
    port = free_port()
    async with model_server(
        command(port, "crashes", tmp_path / "pids"), url=f"http://127.0.0.1:{port}/"
    ) as server:
        pids = family(tmp_path / "pids")
        assert all_gone(pids)
        assert not server.alive
    server.stop()  # again: nothing happens


def start_parent(tmp_path: Path, mode: str) -> subprocess.Popen[bytes]:
    """A process that runs a server and waits, as a run does."""
    code = f"""
        import asyncio
        from pathlib import Path
        from agentless.llm.server import free_port, model_server
        async def main():
            port = free_port()
            command = [{sys.executable!r}, {str(TINY)!r}, str(port), {mode!r}, {str(tmp_path / "pids")!r}]
            async with model_server(command, url=f"http://127.0.0.1:{{port}}/"):
                await asyncio.sleep(600)
        asyncio.run(main())
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        (signal.SIGKILL, "well"),
        (signal.SIGKILL, "family"),
        (signal.SIGKILL, "stubborn"),
        (signal.SIGKILL, "writes"),
        (signal.SIGTERM, "writes"),
        (signal.SIGTERM, "well"),
        (signal.SIGINT, "family"),
    ],
)
def test_no_server_outlives_its_parent(tmp_path: Path, number: signal.Signals, mode: str) -> None:
    with start_parent(tmp_path, mode) as parent:
        pids = family(tmp_path / "pids")
        assert list(tmp_path.glob("agentless-server-*"))
        parent.send_signal(number)
        parent.wait(10)
        assert all_gone(pids)
        assert not list(tmp_path.glob("agentless-server-*"))


def test_the_server_dies_with_its_guard(tmp_path: Path) -> None:
    with start_parent(tmp_path, "well") as parent:
        server, guard = family(tmp_path / "pids")
        os.kill(guard, signal.SIGKILL)
        assert all_gone([server, guard])
        parent.kill()


def test_ctrl_c_does_not_reach_the_server_by_itself(tmp_path: Path) -> None:
    with start_parent(tmp_path, "well") as parent:
        pids = family(tmp_path / "pids")
        groups = {os.getpgid(pid) for pid in pids}
        assert len(groups) == 1
        assert os.getpgid(parent.pid) not in groups
        assert os.getsid(pids[0]) != os.getsid(parent.pid)
        parent.kill()
    assert all_gone(pids)


def test_a_module_in_the_current_folder_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`solve` runs inside repositories that nobody has looked at."""
    trap = tmp_path / "trap"
    for name in ("signal.py", "ctypes.py", "agentless.py"):
        (tmp_path / name).write_text(f"open({str(trap)!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    server = ServerProcess([sys.executable, "-P", "-c", "pass"], url="", log=tmp_path / "log")
    server.process.wait(10)
    assert not trap.exists()
    assert server.process.returncode == 0


def test_last_words_of_a_long_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 100_000 + b"\n\xff\xfe\n\n" + b"".join(b"line %d\n" % n for n in range(6)))
    server = ServerProcess([sys.executable, "-c", "pass"], url="", log=log)
    server.process.wait(10)
    assert server.last_words() == "line 2 | line 3 | line 4 | line 5"


def test_silence_has_words_too(tmp_path: Path) -> None:
    server = ServerProcess([sys.executable, "-c", "pass"], url="", log=tmp_path / "log")
    server.process.wait(10)
    assert server.last_words() == "it said nothing"


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ModelServerError, match="could not start the model server"):
        ServerProcess(["true"], url="", log=tmp_path / "no" / "folder" / "log")


def test_free_ports_are_free() -> None:
    assert 1024 < free_port() < 65536
    assert server_module.POLL_S < 1
