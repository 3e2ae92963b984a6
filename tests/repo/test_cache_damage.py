"""Damage of the cache's file: misses, never wrong answers, and a new file where nothing else helps."""

import os
import sqlite3
from pathlib import Path

import pytest

from agentless.repo.cache import FILE_NAME, BlobCache, CachedBlob

ONE, TWO, THREE = b"1" * 28, b"2" * 28, b"3" * 28


def test_a_damaged_row_is_a_miss_and_can_be_saved_again(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts"), TWO: CachedBlob("", b"sound"), THREE: CachedBlob("binary")})
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE blobs SET facts = ? WHERE key = ?", (b"fakes", ONE))
            other.execute("UPDATE blobs SET reason = 'x' WHERE key = ?", (THREE,))
        other.close()
        assert cache.load([ONE, TWO, THREE]) == {TWO: CachedBlob("", b"sound")}
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {ONE: CachedBlob("", b"facts")}


def test_a_row_under_the_key_of_another_one_is_a_miss(tmp_path: Path) -> None:
    """As where the index of the file is damaged: the row is sound, and of another blob."""
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts of one"), TWO: CachedBlob("", b"sound")})
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE blobs SET key = ? WHERE key = ?", (THREE, ONE))
        other.close()
        assert cache.load([ONE, TWO, THREE]) == {TWO: CachedBlob("", b"sound")}


def test_a_text_that_is_none_is_the_miss_of_one_row(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts"), TWO: CachedBlob("binary"), THREE: CachedBlob("", b"sound")})
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE blobs SET facts = CAST(x'ff80' AS TEXT) WHERE key = ?", (ONE,))
            other.execute("UPDATE blobs SET reason = CAST(x'ff80' AS TEXT) WHERE key = ?", (TWO,))
        other.close()
        assert cache.load([ONE, TWO, THREE]) == {THREE: CachedBlob("", b"sound")}
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {ONE: CachedBlob("", b"facts")}


def test_rows_of_wrong_types_are_misses(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts"), TWO: CachedBlob("", b"facts")})
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE blobs SET facts = 'text' WHERE key = ?", (ONE,))
            other.execute("UPDATE blobs SET reason = x'00' WHERE key = ?", (TWO,))
        other.close()
        assert cache.load([ONE, TWO]) == {}


@pytest.mark.parametrize("damage", ["garbage", "empty", "cut", "zeroed", "header only"])
def test_a_damaged_file_is_replaced(tmp_path: Path, damage: str) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({f"{number:028}".encode(): CachedBlob("", b"x" * 900) for number in range(400)})
    file = tmp_path / FILE_NAME
    data = file.read_bytes()
    file.write_bytes(
        {
            "garbage": os.urandom(len(data)),
            "empty": b"",
            "cut": data[: len(data) // 2],
            "zeroed": data[:4096] + b"\0" * (len(data) - 4096),
            "header only": data[:100],
        }[damage]
    )
    with BlobCache.open(tmp_path) as cache:
        found = cache.load([f"{number:028}".encode() for number in range(400)])
        assert all(blob == CachedBlob("", b"x" * 900) for blob in found.values())
        for _ in range(2):  # the first try may find the damage and replace the file
            cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {ONE: CachedBlob("", b"facts")}
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []


def test_a_file_that_another_process_replaced_is_not_removed(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as first, BlobCache.open(tmp_path) as second:
        with first.lock:
            first.replace()
        first.save({ONE: CachedBlob("", b"new")})
        with second.lock:
            second.replace()  # it still has the old file in hand
        assert second.load([ONE]) == {ONE: CachedBlob("", b"new")}
        assert first.load([ONE]) == {ONE: CachedBlob("", b"new")}


def test_a_cache_whose_file_was_replaced_knows_nothing_of_the_old_one(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE])
        with cache.lock:
            cache.replace()
        assert cache.load([ONE]) == {}
