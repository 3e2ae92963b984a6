"""Containers of a real engine: what they are given, what goes in and out, and that they are gone afterwards."""

import threading
from typing import Any

import pytest

from agentless.errors import EngineError, ImageError
from agentless.owners import owner
from harness.containers import Container, StoppedError, container_labels
from harness.limits import CAPABILITIES, MIB, ContainerLimits

pytestmark = pytest.mark.docker


class Box(Container):
    """A container of the test image."""

    def shell(self, line: str, timeout_s: float = 20) -> tuple[str, int | None, str]:
        """Outcome, exit code and output of a bash line."""
        finished = self.run(["/bin/bash", "-c", line], timeout_s=timeout_s)
        text = finished.log.text()
        finished.log.close()
        return finished.outcome, finished.exit_code, text


@pytest.fixture
def box(client: Any, image: str, run_id: str, limits: ContainerLimits) -> Box:
    """Not started yet."""
    return Box(client, image, limits=limits, labels=container_labels(run_id, "box"))


def exists(client: Any, name: str) -> bool:
    return bool(client.api.containers(all=True, filters={"name": name}))


def test_the_engine_was_told_every_limit(box: Box, client: Any, run_id: str) -> None:
    with box:
        told = client.api.inspect_container(box.name)
    host = told["HostConfig"]
    assert host["Init"] is True
    assert host["NetworkMode"] == "none"
    assert host["Memory"] == host["MemorySwap"] == 128 * MIB
    assert (host["PidsLimit"], host["NanoCpus"]) == (40, 1_000_000_000)
    assert host["CapDrop"] == ["ALL"]
    assert set(host["CapAdd"]) in (set(CAPABILITIES), {f"CAP_{name}" for name in CAPABILITIES})
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["LogConfig"]["Type"] == "none"
    assert host["Binds"] is None
    assert told["Config"]["Labels"]["agentless.run"] == run_id
    assert told["Config"]["Labels"]["agentless.owner"] == owner()


def test_the_powers_inside_are_those_of_the_table(box: Box) -> None:
    with box:
        _, _, text = box.shell("grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status")
    bits = int(text.split()[1], 16)
    assert bin(bits).count("1") == len(CAPABILITIES)
    assert text.split()[3] == "1"


def test_output_exit_code_and_variables(box: Box) -> None:
    with box:
        assert box.shell("echo out; echo err >&2; exit 3")[:2] == ("ended", 3)
        finished = box.run(["/usr/bin/env"], timeout_s=9, environment={"A": "b=c"}, workdir="/tmp")
        assert "A=b=c" in finished.log.text().splitlines()
        finished.log.close()


def test_files_go_in_and_out(box: Box) -> None:
    with box:
        box.put({"/agentless/deep/a": b"\x00text", "/agentless/b": b""})
        assert box.shell("stat -c '%U %a' /agentless/deep/a")[2] == "root 644\n"
        assert box.get("/agentless") == {"agentless/deep/a": b"\x00text", "agentless/b": b""}
        with pytest.raises(EngineError, match="more than 3 bytes"):
            box.get("/agentless", cap=3)
        with pytest.raises(EngineError, match="cannot copy /none out"):
            box.get("/none")


def test_it_is_gone_at_the_end_whatever_happens(box: Box, client: Any) -> None:
    with pytest.raises(KeyboardInterrupt), box:
        assert exists(client, box.name)
        raise KeyboardInterrupt
    assert not exists(client, box.name)
    assert box.removed


def test_removing_twice_is_fine(box: Box) -> None:
    with box:
        box.remove()
        box.remove()
    assert box.removed


def test_an_image_that_is_not_here(client: Any, run_id: str, limits: ContainerLimits) -> None:
    labels = container_labels(run_id, "box")
    absent = Container(client, "agentless-test-absent:none", limits=limits, labels=labels)
    with pytest.raises(ImageError, match="pull or build it"), absent:
        pass


def test_a_program_that_is_not_in_the_image(box: Box) -> None:
    with box:
        finished = box.run(["/no/such/program"], timeout_s=9)
        assert (finished.outcome, finished.exit_code) == ("not_run", None)
        assert "/no/such/program" in finished.reason
        finished.log.close()


def test_giving_up_from_another_thread_kills_the_container(box: Box, client: Any) -> None:
    with box:
        threading.Timer(0.3, box.stop.set).start()
        with pytest.raises(StoppedError):
            box.shell("sleep 60", timeout_s=60)
        assert not exists(client, box.name)


def test_a_container_that_somebody_removed_is_an_error_of_the_engine(box: Box, client: Any) -> None:
    with box:
        client.api.remove_container(box.name, force=True)
        with pytest.raises(EngineError, match="No such container"):
            box.shell("true")


def test_idle_is_one_in_which_nothing_of_a_command_runs(box: Box) -> None:
    with box:
        assert box.idle()
        assert box.shell("true")[1] == 0
        assert box.idle()
        assert box.shell("setsid sleep 60 > /dev/null 2>&1 & ")[1] == 0
        assert not box.idle()
        assert not box.usable
