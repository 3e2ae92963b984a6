"""Whose container: a dead owner is told from a living one, and from one that cannot be known."""

import os
import subprocess
import sys

import pytest

from agentless.owners import owner, owner_is_dead, started


def parts() -> list[str]:
    return owner().split("/")


def changed(index: int, text: str) -> str:
    own = parts()
    own[index] = text
    return "/".join(own)


def test_we_live() -> None:
    assert not owner_is_dead(owner())


def test_a_process_that_ended_is_dead() -> None:
    code = "from agentless.owners import owner; print(owner())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert owner_is_dead(printed.stdout.strip())


def test_a_process_that_only_waits_to_be_reaped_is_dead() -> None:
    code = "from agentless.owners import owner; print(owner(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        label = child.stdout.readline().strip()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert owner_is_dead(label)


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    assert owner_is_dead(changed(4, "1"))


def test_a_process_of_an_earlier_boot_is_dead() -> None:
    assert owner_is_dead(changed(1, "00000000-0000-0000-0000-000000000000"))


@pytest.mark.parametrize(
    ("index", "text"),
    [(0, "another-host"), (2, "1")],
    ids=["another machine", "another container's processes"],
)
def test_what_cannot_be_seen_from_here_is_taken_for_alive(index: int, text: str) -> None:
    own = changed(index, text).split("/")
    own[3] = "999999999"
    assert not owner_is_dead("/".join(own))


@pytest.mark.parametrize("label", ["", "x", "a/b/c/d/e", "a/b/c/1", "a/b/c/1/2/3"])
def test_a_label_that_is_not_ours_names_nobody_dead(label: str) -> None:
    assert not owner_is_dead(label)


def test_when_a_process_started() -> None:
    assert started(os.getpid()) == started(os.getpid())
    assert started(999_999_999) == "gone"
