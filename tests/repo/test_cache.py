import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.folders import cache_folder
from agentless.repo.cache import DAY_S, FILE_NAME, BlobCache, CachedBlob

ONE, TWO, THREE = b"1" * 28, b"2" * 28, b"3" * 28

WORKER = """
import sys
from pathlib import Path
from agentless.folders import cache_folder
from agentless.repo.cache import BlobCache, CachedBlob

folder, name = Path(sys.argv[1]), int(sys.argv[2])
with BlobCache.open(folder) as cache:
    for turn in range(20):
        own = {f"{name}-{turn}-{number}".encode(): CachedBlob("", bytes([name]) * 500) for number in range(20)}
        shared = {f"shared-{number}".encode(): CachedBlob("", b"same" * 50) for number in range(20)}
        cache.save({**own, **shared})
        found = cache.load([*own, *shared])
        assert found == {**own, **shared}, (len(found), name, turn)
"""


def run_workers(folder: Path, count: int) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(folder), str(name)], stderr=subprocess.PIPE)
        for name in range(count)
    ]
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()


def test_what_was_saved_is_there(tmp_path: Path) -> None:
    blobs = {ONE: CachedBlob("", b"facts"), TWO: CachedBlob("binary"), THREE: CachedBlob("n\u00fcll", b"\x00\xff")}
    with BlobCache.open(tmp_path) as cache:
        cache.save(blobs)
        assert cache.load([ONE, TWO, THREE, b"unknown"]) == blobs
        assert cache.load([]) == {}
    with BlobCache.open(tmp_path) as cache:
        assert cache.load([THREE, ONE]) == {ONE: blobs[ONE], THREE: blobs[THREE]}


def test_more_keys_than_one_question_holds(tmp_path: Path) -> None:
    blobs = {f"{number:028}".encode(): CachedBlob("", str(number).encode()) for number in range(1700)}
    with BlobCache.open(tmp_path) as cache:
        cache.save(blobs)
        assert cache.load(list(blobs)) == blobs


def test_facts_are_never_replaced_by_none(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts"), TWO: CachedBlob("")})
        cache.save({ONE: CachedBlob(""), TWO: CachedBlob("", b"later")})
        assert cache.load([ONE, TWO]) == {ONE: CachedBlob("", b"facts"), TWO: CachedBlob("", b"later")}


def test_many_processes_share_one_file(tmp_path: Path) -> None:
    run_workers(tmp_path / "new", 4)
    with BlobCache.open(tmp_path / "new") as cache:
        keys = [
            f"{name}-{turn}-{number}".encode() for name in range(4) for turn in range(20) for number in range(20)
        ]
        assert len(cache.load(keys)) == 1600


def test_a_killed_writer_leaves_a_sound_file(tmp_path: Path) -> None:
    endless = WORKER.replace("range(20):\n        own", "range(10**9):\n        own")
    process = subprocess.Popen([sys.executable, "-c", endless, str(tmp_path), "7"])
    deadline = time.monotonic() + 20
    while not (tmp_path / FILE_NAME).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.kill()
    process.wait()
    with BlobCache.open(tmp_path) as cache:
        found = cache.load([f"7-0-{number}".encode() for number in range(20)])
        assert len(found) in (0, 20), "a batch is saved whole or not at all"
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {ONE: CachedBlob("", b"facts")}


def test_processes_survive_a_file_that_is_damaged_under_them(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is no database" * 500)
    run_workers(tmp_path, 3)


def test_the_size_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    limit = 400_000
    with BlobCache.open(tmp_path, max_bytes=limit) as cache:
        cache.save({ONE: CachedBlob("", b"old" * 1000)})
        cache.save({TWO: CachedBlob("", b"new" * 1000)})
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE blobs SET used = used - 30 WHERE key = ?", (ONE,))
        other.close()
        for batch in range(30):
            cache.save({f"{batch}-{n}".encode(): CachedBlob("", os.urandom(2000)) for n in range(20)})
            assert cache.size_bytes() <= limit * 1.2
            cache.load([TWO])
        assert ONE not in cache.load([ONE])
    assert (tmp_path / FILE_NAME).stat().st_size <= limit * 1.5


def test_a_hit_renews_the_day_of_use(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts")})
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE blobs SET used = 5")
            other.commit()
            cache.load([ONE])
            assert other.execute("SELECT used FROM blobs").fetchall() == [(int(time.time()) // DAY_S,)]
        other.close()


@pytest.mark.parametrize("case", ["a file in the way", "no permission"])
def test_a_cache_that_cannot_be_made_remembers_nothing(tmp_path: Path, case: str) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "cache" if case == "a file in the way" else Path("/proc/agentless-cache")
    with BlobCache.open(folder) as cache:
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {}
        assert cache.size_bytes() == 0


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {}


def test_a_locked_file_is_a_miss_and_no_error(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts")})
        cache.database and cache.database.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        cache.save({TWO: CachedBlob("", b"lost")})
        assert cache.load([ONE, TWO]) == {ONE: CachedBlob("", b"facts")}
        other.execute("ROLLBACK")
        other.close()
        cache.save({TWO: CachedBlob("", b"kept")})
        assert cache.load([TWO]) == {TWO: CachedBlob("", b"kept")}


def test_closing_twice_and_going_on(tmp_path: Path) -> None:
    cache = BlobCache.open(tmp_path)
    cache.save({ONE: CachedBlob("", b"facts")})
    cache.close()
    cache.close()
    cache.save({TWO: CachedBlob("", b"facts")})
    assert cache.load([ONE, TWO]) == {}


def test_the_default_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "agentless"
    with BlobCache.open() as cache:
        assert cache.file == tmp_path / "agentless" / FILE_NAME
        assert cache.file.exists()
    monkeypatch.setenv("HOME", "/home/ada")
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_folder() == Path("/home/ada/.cache/agentless")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("/home/ada/.cache/agentless")


@settings(max_examples=20, deadline=None)
@given(
    blobs=st.dictionaries(
        st.binary(min_size=1, max_size=40),
        st.builds(CachedBlob, st.text(max_size=20), st.binary(max_size=100)),
        max_size=8,
    )
)
def test_any_keys_and_values_come_back(
    blobs: dict[bytes, CachedBlob], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with BlobCache.open(tmp_path_factory.mktemp("cache")) as cache:
        cache.save(blobs)
        assert cache.load(list(blobs)) == blobs


def test_a_row_is_read_once_a_day(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("", b"facts"), TWO: CachedBlob("binary")})
        known = cache.load([ONE, TWO])
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("DELETE FROM blobs")
        other.close()
        assert cache.load([TWO, ONE]) == known
        cache.day -= 1
        assert cache.load([TWO, ONE]) == {}


def test_what_is_saved_or_pruned_is_read_again(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("")})
        assert cache.load([ONE]) == {ONE: CachedBlob("")}
        cache.save({ONE: CachedBlob("", b"facts")})
        assert cache.load([ONE]) == {ONE: CachedBlob("", b"facts")}
        cache.prune(1 << 30)
        assert cache.load([ONE]) == {}


def test_a_prune_says_whether_it_could(tmp_path: Path) -> None:
    with BlobCache.open(tmp_path) as cache:
        cache.save({ONE: CachedBlob("")})
        assert cache.prune(0)
        assert cache.prune(1 << 30)
    assert not cache.prune(1 << 30), "it is closed"
