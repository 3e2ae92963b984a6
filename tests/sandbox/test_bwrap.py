"""What code in the sandbox can reach: nothing but its tree."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from agentless.errors import SandboxError
from agentless.ports import TestJob
from agentless.sandbox import BwrapRunner
from agentless.sandbox.bwrap import explained, owns_all_users
from agentless.sandbox.process import Finished
from tests.sandbox.conftest import LIMITS, command, export, python, shell

pytestmark = pytest.mark.bwrap

CONNECT = """
import socket, sys
for family, address in ((socket.AF_INET, ("{host}", {port})), (socket.AF_INET, ("1.1.1.1", 53))):
    try:
        socket.socket(family).connect(address)
    except OSError as error:
        print("no way", error)
    else:
        sys.exit(3)
print(sorted(name for _, name in socket.if_nameindex()))
"""


async def test_there_is_no_network_not_even_the_hosts_own(bwrap: BwrapRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        result = await python(bwrap, CONNECT.format(host=host, port=port))
    assert result.exit_code == 0, result.output
    assert result.output.count("no way") == 2
    assert "['lo']" in result.output


async def test_a_server_inside_the_sandbox_is_reachable_from_inside(bwrap: BwrapRunner) -> None:
    code = "import socket\ns = socket.create_server(('127.0.0.1', 0))\nsocket.create_connection(s.getsockname())\n"
    assert (await python(bwrap, code)).exit_code == 0


@pytest.mark.parametrize(
    "place", ["/usr/x", "/etc/x", "/x", "/dev/x", "/proc/sys/kernel/hostname", "/root/x", "/run/x"]
)
async def test_nothing_outside_the_tree_is_writable(bwrap: BwrapRunner, place: str) -> None:
    result = await shell(bwrap, f"echo hostile > {place}; cat {place} 2> /dev/null | grep hostile")
    assert result.exit_code not in (0, None)
    assert "hostile" not in result.output


async def test_homes_secrets_and_other_folders_do_not_exist_inside(bwrap: BwrapRunner, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    secret.chmod(0o644)
    listing = await shell(bwrap, f"cat {secret} /etc/shadow /root/.ssh/* /home/*/.* 2>&1; ls /")
    assert "hunter2" not in listing.output
    assert "root:" not in listing.output
    assert {"srv", "mnt", "sys", "boot", "media"}.isdisjoint(listing.output.split())


async def test_the_environment_is_new_and_holds_no_secret(
    bwrap: BwrapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    result = await shell(bwrap, "env; cat /proc/*/environ | tr '\\0' '\\n'")
    assert "hunter2" not in result.output
    expected = {"PYTHONHASHSEED=0", "TZ=UTC", "LANG=C.UTF-8", "HOME=/tmp/home", "PWD=/testbed"}
    assert expected <= set(result.output.splitlines())


async def test_processes_of_the_host_are_not_visible(bwrap: BwrapRunner) -> None:
    result = await shell(bwrap, "ls /proc | grep -c '^[0-9]'")
    assert int(result.output) < 12


async def test_the_user_has_no_capabilities_and_a_name(bwrap: BwrapRunner) -> None:
    result = await shell(bwrap, "grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs' /proc/self/status; id -un; hostname")
    capabilities = re.findall(r"Cap\w+:\t(\w+)", result.output)
    assert all(int(value, 16) == 0 for value in capabilities[:2])
    assert "NoNewPrivs:\t1" in result.output
    assert result.output.splitlines()[-2:] == ["sandbox", "sandbox"]


@pytest.mark.skipif(not owns_all_users(), reason="only root gives jobs a user of their own")
async def test_root_runs_jobs_as_a_user_that_owns_nothing_else(bwrap: BwrapRunner) -> None:
    result = await shell(bwrap, "id -u; stat -c %u README . /tmp")
    users = set(result.output.split())
    assert len(users) == 1
    assert int(users.pop()) >= 1_900_000_000


async def test_no_descriptor_of_ours_leaks_in(bwrap: BwrapRunner) -> None:
    # 0, 1, 2 and the one that lists
    result = await shell(bwrap, "ls /proc/self/fd | wc -l")
    assert result.output.strip() == "4"


async def test_there_is_no_terminal_to_type_into(bwrap: BwrapRunner) -> None:
    result = await shell(bwrap, "test -t 0 || : < /dev/tty")
    assert result.exit_code != 0


async def test_the_tree_stands_at_a_place_of_choice(tmp_path: Path) -> None:
    runner = BwrapRunner(export, python="python3", limits=LIMITS, scratch=tmp_path / "scratch")
    runner.mount = "/home/somebody/shop"
    try:
        result = await shell(runner, "pwd; python -c 'import shop; print(shop.__file__)'")
    finally:
        await runner.close()
    assert result.output.splitlines() == ["/home/somebody/shop", "/home/somebody/shop/src/shop/__init__.py"]


async def test_a_user_namespace_is_used_where_we_are_not_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentless.sandbox.bwrap.owns_all_users", lambda: False)
    async with BwrapRunner(export, python=sys.executable, limits=LIMITS, scratch=tmp_path / "scratch") as runner:
        result = await shell(runner, "id -u; cat /proc/self/uid_map; echo x > README; python -c 'import shop'")
        assert (await shell(runner, "echo x > /x || echo x > /etc/x || echo x > /run/x")).exit_code != 0
    assert result.exit_code == 0, result.output
    assert result.output.split()[:4] == ["1000", "1000", str(os.geteuid()), "1"]


async def test_bytecode_is_not_written_and_the_tree_comes_first(bwrap: BwrapRunner) -> None:
    code = "import shop, sys\nprint(sys.dont_write_bytecode, shop.__file__, sys.executable)\n"
    words = (await python(bwrap, code)).output.split()
    assert words[:2] == ["True", "/testbed/src/shop/__init__.py"]


async def test_two_commands_of_a_job_share_the_tree_but_no_processes(bwrap: BwrapRunner) -> None:
    lines = ("echo mark > left; sleep 60 & disown; echo done", "cat left; pgrep sleep && exit 9; exit 0")
    job = TestJob(commands=tuple(command(line, name) for name, line in zip("ab", lines, strict=True)))
    report = await bwrap.run(job)
    assert [result.exit_code for result in report.results] == [0, 0]
    assert report.results[1].output == "mark\n"


def test_a_sandbox_that_did_not_start_is_an_error_not_a_failed_test() -> None:
    finished = Finished(
        exit_code=1, outcome="ended", output=b"bwrap: No permissions to create namespace\n", seconds=0
    )
    with pytest.raises(SandboxError, match="No permissions"):
        explained(finished, {"child-pid": 5})


def test_an_end_by_the_systems_hand_has_no_exit_code() -> None:
    finished = Finished(exit_code=137, outcome="ended", output=b"", seconds=0)
    assert explained(finished, {"exit-code": 137}).outcome == "killed"
    assert explained(finished, {"exit-code": 137}).exit_code is None
    assert explained(finished, {"exit-code": 139}).exit_code == 139
