import threading
import tracemalloc
from pathlib import Path

import pytest

from agentless.errors import RepositoryError
from agentless.repo.blobs import ASKED_AT_ONCE, BYTES_AT_ONCE, BlobReader, batches
from agentless.repo.plumbing import Git
from agentless.repo.tree import Entry
from tests.conftest import git, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path, {f"{number}.txt": f"text {number}\n" * number for number in range(200)})


def shas(repo: Path) -> list[str]:
    return [git(repo, "rev-parse", f"HEAD:{number}.txt").strip() for number in (0, 1, 2, 199)]


def entries(shas: list[str], size: int = 0) -> list[Entry]:
    return [Entry("any", sha, "100644", size) for sha in shas]


def test_many_blobs_come_in_order(repo: Path) -> None:
    listing = git(repo, "ls-tree", "-r", "HEAD").splitlines()
    asked = [line.split()[2] for line in listing]
    names = [line.split("\t")[1] for line in listing]
    assert 4 * len(asked) > ASKED_AT_ONCE
    reader = BlobReader(Git(repo))
    for name, data in zip(names * 4, reader.read_many(entries(asked * 4)), strict=True):
        assert data == (repo / name).read_bytes()
    reader.close()


def test_the_same_blob_twice_and_none_at_all(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    one = shas(repo)[1]
    assert list(reader.read_many(entries([one, one]))) == [b"text 1\n", b"text 1\n"]
    assert list(reader.read_many(entries([]))) == []
    reader.close()


def test_a_missing_object_is_named_and_the_reader_goes_on(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    with pytest.raises(RepositoryError, match="object 0000"):
        reader.read("0" * 40)
    with pytest.raises(RepositoryError, match="cannot be read"):
        reader.read(git(repo, "rev-parse", "HEAD^{tree}").strip())
    assert reader.read(shas(repo)[2]) == b"text 2\ntext 2\n"
    reader.close()


def test_an_abandoned_iteration_does_not_mix_up_answers(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    first, second, third, last = shas(repo)
    assert next(reader.read_many(entries([third, last, first] * 50))) == b"text 2\ntext 2\n"
    assert reader.read(second) == b"text 1\n"
    reader.close()


def test_threads_share_a_reader(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    asked = shas(repo)
    expected = [(repo / f"{number}.txt").read_bytes() for number in (0, 1, 2, 199)]
    results: list[bool] = []

    def read() -> None:
        results.extend(list(reader.read_many(entries(asked * 10))) == expected * 10 for _ in range(3))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.close()
    assert results == [True] * 12


def test_a_closed_reader_says_so_and_others_go_on(repo: Path) -> None:
    reader, other = BlobReader(Git(repo)), BlobReader(Git(repo))
    batch = other.read_many(entries(shas(repo)))
    assert next(batch) == b""
    reader.close()
    reader.close()
    with pytest.raises(RepositoryError, match="the snapshot is closed"):
        reader.read(shas(repo)[1])
    with pytest.raises(RepositoryError, match="the snapshot is closed"):
        list(reader.read_many(entries(shas(repo))))
    assert list(batch) == [b"text 1\n", b"text 2\ntext 2\n", b"text 199\n" * 199]
    assert other.read(shas(repo)[2]) == b"text 2\ntext 2\n"


def test_large_blobs_are_held_one_at_a_time() -> None:
    small, half = entries(["s"]), entries(["h"], BYTES_AT_ONCE // 2)
    big = entries(["b"], 10 * BYTES_AT_ONCE)
    assert list(batches([*small, *big, *big, *small, *half, *half, *half])) == [
        ["s"], ["b"], ["b"], ["s", "h", "h"], ["h"]
    ]  # fmt: skip
    sizes = [len(asked) for asked in batches(small * (2 * ASKED_AT_ONCE + 10))]
    assert sizes == [ASKED_AT_ONCE, ASKED_AT_ONCE, 10]
    assert list(batches([])) == []


def test_memory_holds_few_blobs_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 1_000_000
    monkeypatch.setattr("agentless.repo.blobs.BYTES_AT_ONCE", 3 * size)
    repo = make_repo(tmp_path, {"big": b"x" * size})
    sha = git(repo, "rev-parse", "HEAD:big").strip()
    reader = BlobReader(Git(repo))
    tracemalloc.start()
    try:
        read = sum(len(data) for data in reader.read_many(entries([sha] * 20, size)))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    reader.close()
    assert read == 20 * size
    assert most < 7 * size


def test_a_large_blob_comes_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    repo = make_repo(tmp_path, {"big": data, "small": "s"})
    reader = BlobReader(Git(repo))
    both = [git(repo, "rev-parse", f"HEAD:{name}").strip() for name in ("big", "small")]
    assert list(reader.read_many(entries(both * 3))) == [data, b"s"] * 3
    reader.close()
