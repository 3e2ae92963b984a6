"""Options of a container: pure values here, what the engine made of them in test_containers."""

import os

import pytest

from agentless.owners import owner
from harness.limits import CAPABILITIES, MIB, ContainerLimits, container_labels, container_options


def test_a_container_is_labelled_with_its_run_its_instance_and_its_owner() -> None:
    assert container_labels("r1", "a__b-1") == {
        "agentless": "1",
        "agentless.run": "r1",
        "agentless.instance": "a__b-1",
        "agentless.owner": owner(),
    }


def test_every_limit_is_an_option() -> None:
    limits = ContainerLimits(memory_mb=100, pids=7, cpus=0.5, disk_mb=3, network="net")
    options = container_options(limits, {"a": "b"})
    assert options["init"] is True
    assert options["network_mode"] == "net"
    assert options["mem_limit"] == options["memswap_limit"] == 100 * MIB
    assert (options["pids_limit"], options["nano_cpus"]) == (7, 500_000_000)
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges"]
    assert options["labels"] == {"a": "b"}
    assert options["log_config"]["Type"] == "none"
    assert {item["Name"]: item["Hard"] for item in options["ulimits"]} == {"fsize": 3 * MIB, "core": 0}


def test_there_is_no_network_unless_somebody_says_so() -> None:
    assert container_options(ContainerLimits(), {})["network_mode"] == "none"


def test_no_more_processors_than_there_are() -> None:
    options = container_options(ContainerLimits(cpus=100_000), {})
    assert options["nano_cpus"] == (os.cpu_count() or 1) * 1_000_000_000


@pytest.mark.parametrize(
    "power", ["SYS_ADMIN", "NET_RAW", "NET_ADMIN", "MKNOD", "SYS_CHROOT", "SYS_PTRACE", "ALL"]
)
def test_the_powers_that_reach_beyond_a_container_are_not_kept(power: str) -> None:
    assert power not in CAPABILITIES
    assert power not in container_options(ContainerLimits(), {})["cap_add"]


def test_every_power_that_is_kept_has_its_reason() -> None:
    assert all(len(reason) > 20 for reason in CAPABILITIES.values())
