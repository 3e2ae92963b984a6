"""A repository's history on disk: one compressed file with a checksum, replaced as a whole.

Processes may share it. Who finds commits missing writes a larger one; of two who write at once the last one stays,
and what the other one knew is read from git again. So a file may lack commits and never holds wrong ones; a
damaged file is no file.
"""

import os
import zlib
from contextlib import suppress
from pathlib import Path

from agentless.repo.history import History
from agentless.repo.packed_history import pack_history, unpack_history

FORMAT = b"agentless-history-2\n"
"""Raise the number whenever the packed form or the meaning of a word changes."""
SUFFIX = ".history"
MOST_FILES = 50
"""Repositories remembered; the ones that were used longest ago go."""
DIGEST_BYTES = 4
LEVEL = 6
"""Of compression; 9 takes three times as long for 1%."""


def load_history(file: Path) -> History | None:
    """The history in the file; None when there is none, or a damaged one."""
    import msgpack

    try:
        data = file.read_bytes()
        head, packed = data[: len(FORMAT) + DIGEST_BYTES], data[len(FORMAT) + DIGEST_BYTES :]
        if head != FORMAT + checksum(packed):
            return None
        os.utime(file)
        return unpack_history(msgpack.unpackb(zlib.decompress(packed)))
    except OSError:
        return None


def save_history(file: Path, history: History) -> None:
    """Write it whole or, where the disk forbids it, not at all."""
    import msgpack

    packed = zlib.compress(msgpack.packb(pack_history(history)), LEVEL)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(FORMAT + checksum(packed) + packed)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        forget_oldest(file.parent)


def forget_oldest(folder: Path) -> None:
    """Keep the files used last, and no leftovers of processes that were killed."""
    files = sorted((*folder.glob(f"*{SUFFIX}"), *folder.glob("*.part")), key=lambda each: each.stat().st_mtime)
    for file in files[:-MOST_FILES]:
        file.unlink(missing_ok=True)


def checksum(packed: bytes) -> bytes:
    """CRC-32."""
    return zlib.crc32(packed).to_bytes(DIGEST_BYTES, "big")
