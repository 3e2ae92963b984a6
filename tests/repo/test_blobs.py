import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.errors import RepositoryError
from agentless.repo.blobs import ASKED_AT_ONCE, BlobReader
from agentless.repo.plumbing import Git
from tests.conftest import git, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path, {f"{number}.txt": f"text {number}\n" * number for number in range(200)})


def shas(repo: Path) -> list[str]:
    return [git(repo, "rev-parse", f"HEAD:{number}.txt").strip() for number in (0, 1, 2, 199)]


def test_many_blobs_come_in_order(repo: Path) -> None:
    listing = git(repo, "ls-tree", "-r", "HEAD").splitlines()
    asked = [line.split()[2] for line in listing]
    names = [line.split("\t")[1] for line in listing]
    assert len(asked) > 3 * ASKED_AT_ONCE
    reader = BlobReader(Git(repo))
    for name, data in zip(names, reader.read_many(asked), strict=True):
        assert data == (repo / name).read_bytes()
    reader.close()


def test_the_same_blob_twice_and_none_at_all(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    one = shas(repo)[1]
    assert list(reader.read_many([one, one])) == [b"text 1\n", b"text 1\n"]
    assert list(reader.read_many([])) == []
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
    assert next(reader.read_many([third, last, first] * 50)) == b"text 2\ntext 2\n"
    assert reader.read(second) == b"text 1\n"
    reader.close()


def test_a_process_that_died_is_one_clear_error_and_then_a_new_process(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    one = shas(repo)[1]
    assert reader.read(one) == b"text 1\n"
    assert reader.process is not None
    reader.process.kill()
    reader.process.wait()
    with pytest.raises(RepositoryError):
        reader.read(one)
    assert reader.read(one) == b"text 1\n"
    reader.close()


def test_threads_share_a_reader(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    asked = shas(repo)
    expected = [(repo / f"{number}.txt").read_bytes() for number in (0, 1, 2, 199)]
    results: list[bool] = []

    def read() -> None:
        results.extend(list(reader.read_many(asked * 10)) == expected * 10 for _ in range(3))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.close()
    assert results == [True] * 12


def test_close_ends_the_process(repo: Path) -> None:
    reader = BlobReader(Git(repo))
    reader.close()
    reader.read(shas(repo)[1])
    process = reader.process
    assert process is not None
    reader.close()
    assert process.poll() is not None


@settings(max_examples=25, deadline=None)
@given(contents=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_any_bytes_come_back(contents: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    git(folder, "init", "-q", "--bare")
    asked = []
    for data in contents:
        command = ["git", "hash-object", "-w", "--stdin"]
        done = subprocess.run(command, cwd=folder, input=data, capture_output=True, check=True)
        asked.append(done.stdout.decode().strip())
    reader = BlobReader(Git(folder))
    assert list(reader.read_many(asked)) == contents
    reader.close()


def test_a_large_blob_comes_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    repo = make_repo(tmp_path, {"big": data, "small": "s"})
    reader = BlobReader(Git(repo))
    both = [git(repo, "rev-parse", f"HEAD:{name}").strip() for name in ("big", "small")]
    assert list(reader.read_many(both * 3)) == [data, b"s"] * 3
    reader.close()
