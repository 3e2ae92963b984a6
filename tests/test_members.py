import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.errors import StoreError
from agentless.members import MEMBER, append_member, read_members
from tests.store.faults import DISK, full

NOISE = b"".join(bytes([number * 37 % 251, number % 241]) for number in range(90_000))


def test_members_come_back_in_their_order(tmp_path: Path) -> None:
    contents = [b"one\n", b"", NOISE, MEMBER * 3]
    for content in contents:
        append_member(tmp_path / "deep" / "f", content)
    assert list(read_members(tmp_path / "deep" / "f")) == contents
    assert gzip.decompress((tmp_path / "deep" / "f").read_bytes()) == b"".join(contents)


def test_equal_contents_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        append_member(tmp_path / name, b"same")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("lost", range(1, 24, 3))
def test_a_cut_member_loses_itself_and_the_next_writer_goes_on(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "f"
    append_member(path, b"first")
    append_member(path, b"second")
    path.write_bytes(path.read_bytes()[:-lost])
    assert list(read_members(path)) == [b"first"]
    append_member(path, b"third")
    assert list(read_members(path)) == [b"first", b"third"]


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_rubbish_before_and_behind_is_skipped(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, behind: bytes
) -> None:
    path = tmp_path_factory.mktemp("rubbish") / "f"
    path.write_bytes(before + gzip.compress(b"kept") + behind)
    assert list(read_members(path)) == [b"kept"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert list(read_members(tmp_path / "none", missing_ok=True)) == []
    with pytest.raises(StoreError, match=r"could not read .*none: No such file"):
        list(read_members(tmp_path / "none"))
    with pytest.raises(StoreError, match="could not read"):
        list(read_members(tmp_path, missing_ok=True))


def test_what_cannot_be_written_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    append_member(tmp_path / "f", b"old")
    refused = pytest.raises(StoreError, match=r"could not write .*No space left.*; free some space")
    with refused as caught, DISK.failing(tmp_path, 1, full()):
        append_member(tmp_path / "f", b"new")
    assert "\n" not in str(caught.value)
    assert list(read_members(tmp_path / "f")) == [b"old"]
