"""What lies in the cache folder, and how it is made smaller while others use it.

Facts of blobs, histories and weights are made or fetched again when they are missing, so they may go at any
time; a process that has one open keeps it. What was used within the last hour stays. Other folders are listed
and never touched: an environment that is in use must stay whole.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentless.repo import BlobCache

FACTS = "facts"
ABOUT = {
    FACTS: "facts and vectors of blobs",
    "history": "commit histories",
    "weights": "model weights",
}
"""Parts that can be pruned."""
BUSY_S = 3600.0
DAY_S = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the cache."""

    name: str
    about: str
    entries: int
    bytes: int
    prunable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One file that may go."""

    path: Path
    used_s: float
    """Last use, seconds since 1970."""
    bytes: int


def parts_of(folder: Path) -> list[Part]:
    """The facts first, then every folder and file in the cache by name."""
    facts = facts_part(folder)
    parts = [facts] if facts else []
    names = sorted(path for path in folder.iterdir() if not is_facts(path)) if folder.is_dir() else []
    for path in names:
        sizes = [size_of(file) for file in files_below(path)]
        prunable = path.name in ABOUT and path.is_dir()
        about = ABOUT[path.name] if prunable else "not pruned"
        parts.append(Part(name=path.name, about=about, entries=len(sizes), bytes=sum(sizes), prunable=prunable))
    return parts


def facts_part(folder: Path) -> Part | None:
    """The blob cache, None when there is none yet; it is not made by the question."""
    from agentless.repo import BlobCache
    from agentless.repo.cache import FILE_NAME

    if not (folder / FILE_NAME).is_file():
        return None
    with BlobCache.open(folder) as cache:
        entries = sum(cache.days().values())
    size = sum(size_of(path) for path in folder.iterdir() if is_facts(path))
    return Part(name=FACTS, about=ABOUT[FACTS], entries=entries, bytes=size, prunable=True)


def is_facts(path: Path) -> bool:
    """Whether a file belongs to the blob cache: the database, its log, and damaged ones that were put away."""
    from agentless.repo.cache import FILE_NAME

    return path.name.startswith(FILE_NAME)


def prune(folder: Path, older_than_days: int | None, max_bytes: int | None) -> list[str]:
    """Remove what was not used for so many days, then the least recently used until the rest fits the size.

    Returns:
        What could not be removed and why, one line a folder.
    """
    from agentless.repo.cache import FILE_NAME, BlobCache

    kept: list[str] = []
    now = time.time()
    oldest = now - older_than_days * DAY_S if older_than_days is not None else 0.0
    files = sorted(removable(folder, now), key=lambda stored: (stored.used_s, stored.path))
    for stored in [stored for stored in files if stored.used_s < oldest]:
        remove(stored, kept)
    files = [stored for stored in files if stored.used_s >= oldest]
    if (folder / FILE_NAME).is_file():
        with BlobCache.open(folder) as cache:
            if not cache.prune(int(oldest) // DAY_S):
                kept.append(refusal(cache.file))
            elif max_bytes is not None:
                shrink(files, cache, max_bytes, kept)
                max_bytes = None
    if max_bytes is not None:
        shrink(files, None, max_bytes, kept)
    return list(dict.fromkeys(kept))


def remove(stored: Stored, kept: list[str]) -> None:
    """Remove one file, or note why it stays."""
    try:
        stored.path.unlink(missing_ok=True)
    except OSError as error:
        kept.append(f"{stored.path.parent}: {error.strerror or error}")


def refusal(file: Path) -> str:
    """Why the facts stay."""
    if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return f"{file}: another process holds it, or it cannot be opened; try again later"
    return f"{file}: it cannot be written by you"


def shrink(files: list[Stored], cache: "BlobCache | None", max_bytes: int, kept: list[str]) -> None:
    """Remove files and days of facts by last use, oldest first, until they fit together."""
    for stored in files:
        total = sum(file.bytes for file in files if file.path.exists())
        if cache is not None:
            day = int(stored.used_s) // DAY_S
            while total + cache.size_bytes() > max_bytes and min(cache.days(), default=day) < day:
                if not cache.prune(min(cache.days()) + 1):
                    kept.append(refusal(cache.file))
                    cache = None
                    break
        if total + (cache.size_bytes() if cache else 0) <= max_bytes:
            return
        remove(stored, kept)
    if cache is not None and not cache.prune(0, max_bytes):
        kept.append(refusal(cache.file))


def removable(folder: Path, now: float) -> Iterator[Stored]:
    """Histories and weights that nobody used within the last hour."""
    for name in ABOUT:
        for path in files_below(folder / name):
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue  # another process was faster
            used = max(found.st_atime, found.st_mtime)
            if now - used > BUSY_S:
                yield Stored(path=path, used_s=used, bytes=found.st_size)


def files_below(path: Path) -> Iterator[Path]:
    """Every file below a folder, the path itself when it is a file; links are not followed."""
    if path.is_symlink() or path.is_file():
        yield path
        return
    for place, _, names in os.walk(path):
        yield from (Path(place) / name for name in names)


def size_of(path: Path) -> int:
    """Bytes, 0 for a file that is gone."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
