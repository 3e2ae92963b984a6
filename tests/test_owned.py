"""Folders that name their owner: what the dead left goes, and nobody else's is ever touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.owned import OWNER, new_folder, owner_of, remove, sweep
from agentless.owners import owner

PREFIX = "agentless-trial-"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the folders are made."""
    return tmp_path


@pytest.fixture(scope="module")
def dead() -> str:
    """The name of a process that has ended."""
    code = "from agentless.owners import owner; print(owner())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def made(place: Path, name: str, owner_text: str | None) -> Path:
    """A folder as a killed process leaves it."""
    folder = place / name
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "socket").touch()
    if owner_text is not None:
        (folder / OWNER).write_text(owner_text)
    return folder


def test_it_is_private_and_names_us(place: Path) -> None:
    folder = new_folder(place, PREFIX)
    assert folder.parent == place and folder.name.startswith(PREFIX)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert owner_of(folder, PREFIX) == owner()
    remove(folder)
    assert list(place.iterdir()) == []


def test_the_next_folder_of_a_kind_removes_what_the_dead_left_of_that_kind(place: Path, dead: str) -> None:
    left, other = made(place, f"{PREFIX}dead", dead), made(place, "agentless-other-dead", dead)
    living = made(place, f"{PREFIX}living", owner())
    first = new_folder(place, PREFIX)
    second = new_folder(place, PREFIX)
    assert sorted(place.iterdir()) == sorted([other, living, first, second])
    assert not left.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("somebody-elses", None), (f"{PREFIX}none", None), (f"{PREFIX}empty", ""), (f"{PREFIX}odd", "x"),
        ("mine", "dead"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_ours_or_names_nobody_stays(
    place: Path, dead: str, name: str, text: str | None
) -> None:
    folder = made(place, name, dead if text == "dead" else text)
    sweep(place, PREFIX)
    assert (folder / "deep" / "socket").exists()


def test_a_process_of_another_machine_is_taken_for_alive(place: Path, dead: str) -> None:
    folder = made(place, f"{PREFIX}far", "/".join(["another-host", *dead.split("/")[1:]]))
    sweep(place, PREFIX)
    assert folder.exists()


def test_no_link_is_followed(place: Path, dead: str) -> None:
    target = made(place, "target", dead)
    (place / f"{PREFIX}link").symlink_to(target)
    (place / f"{PREFIX}owner").mkdir()
    (place / f"{PREFIX}owner" / OWNER).symlink_to(target / OWNER)
    inside = made(place, f"{PREFIX}inside", dead)
    (inside / "out").symlink_to(target)
    sweep(place, PREFIX)
    assert sorted(path.name for path in place.iterdir()) == [f"{PREFIX}link", f"{PREFIX}owner", "target"]
    assert (target / "deep" / "socket").exists()


def test_a_pipe_in_the_place_of_the_owner_is_not_waited_for(place: Path) -> None:
    (place / f"{PREFIX}pipe").mkdir()
    os.mkfifo(place / f"{PREFIX}pipe" / OWNER)
    sweep(place, PREFIX)
    assert (place / f"{PREFIX}pipe").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_another_users_folder_stays(place: Path, dead: str) -> None:
    folder = made(place, f"{PREFIX}theirs", dead)
    os.chown(folder, 12345, 12345)
    sweep(place, PREFIX)
    assert folder.exists()


def test_what_is_gone_already_is_no_error(place: Path) -> None:
    remove(place / f"{PREFIX}gone")
    sweep(place / "none", PREFIX)
