"""Append-only files of gzip members, one per record: a cut tail loses only itself.

The next writer goes on behind a cut member, and a reader finds the next one by its first bytes.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from agentless.errors import StoreError
from agentless.files import make_folder, unwritable

MEMBER = b"\x1f\x8b\x08"
"""How every gzip member begins; inside compressed data the same bytes fail the checksum."""
CHUNK = 65536
"""Bytes handed to the decompressor at once, so that the rest of the file is not copied for every member."""


def append_member(path: Path, content: bytes) -> None:
    """Append one member in one write; its folder is made.

    Raises:
        StoreError: the disk is full or read-only; what was there before is untouched.
    """
    member = gzip.compress(content, compresslevel=6, mtime=0)
    try:
        make_folder(path.parent)
        with path.open("ab", buffering=0) as file:
            written = file.write(member)
    except OSError as error:
        raise unwritable(path, error) from error
    if written != len(member):
        raise StoreError(f"could not write {path} whole; free some space")


def read_members(path: Path, *, missing_ok: bool = False) -> Iterator[bytes]:
    """The content of every whole member in order; what is cut, damaged or foreign is skipped.

    Args:
        path: the file.
        missing_ok: a file that is not there has no members; else it is an error.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if not missing_ok:
            raise StoreError(f"could not read {path}: {error.strerror}") from error
        return
    except OSError as error:
        raise StoreError(f"could not read {path}: {error.strerror or error}") from error
    start = data.find(MEMBER)
    while start != -1:
        content, end = whole_member(data, start)
        if content is not None:
            yield content
        start = data.find(MEMBER, end)


def whole_member(data: bytes, start: int) -> tuple[bytes | None, int]:
    """The member that begins at `start`, None when it is cut or no member; and where to look for the next one."""
    reader = zlib.decompressobj(wbits=31)
    parts = []
    position = start
    try:
        while not reader.eof and position < len(data):
            parts.append(reader.decompress(data[position : position + CHUNK]))
            position += CHUNK
    except zlib.error:
        return None, start + 1
    if not reader.eof:
        return None, start + 1
    return b"".join(parts), min(position, len(data)) - len(reader.unused_data)
