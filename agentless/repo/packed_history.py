"""A history as bytes that compress well.

Numbers are kept as differences: a commit's parent is mostly the next one, dates are near each other, and the
commits that mention a word rise. Then come all lowest bytes, all second ones, and so on.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentless.repo.history import KEY_DIGITS, History, Numbers, Rows

Wide = NDArray[np.int64]


def pack_history(history: History) -> dict[str, bytes]:
    """Arrays as planes, names joined by NUL, which stands in none of them."""
    parents, files, messages = history.parents, history.files, history.messages
    return {
        "commits": bytes.fromhex("".join(history.numbers)),
        "tips": "\0".join(history.tips).encode("ascii"),
        "parent_lengths": to_planes(parents.lengths()),
        "parents": to_planes(parents.values - rows_of(parents)),
        "dates": to_planes(np.diff(history.dates, prepend=0)),
        "paths": "\0".join(history.paths).encode("utf-8", "surrogateescape"),
        "file_lengths": to_planes(files.lengths()),
        "files": to_planes(files.values),
        "words": "\0".join(history.words).encode("utf-8"),
        "message_lengths": to_planes(messages.lengths()),
        "messages": to_planes(steps_of(messages)),
        "counts": history.counts.astype(np.uint8).tobytes(),
    }


def unpack_history(data: dict[str, Any]) -> History:
    """The inverse of `pack_history`."""
    ids = data["commits"].hex()
    paths, words = (names(data[name].decode("utf-8", "surrogateescape")) for name in ("paths", "words"))
    parents = Rows(starts(data["parent_lengths"]), from_planes(data["parents"]).astype(np.int32))
    parents = Rows(parents.starts, parents.values + rows_of(parents))
    return History(
        numbers={ids[start : start + KEY_DIGITS]: n for n, start in enumerate(range(0, len(ids), KEY_DIGITS))},
        tips=tuple(names(data["tips"].decode("ascii"))),
        parents=parents,
        dates=np.cumsum(from_planes(data["dates"])),
        paths=tuple(paths),
        files=Rows(starts(data["file_lengths"]), from_planes(data["files"]).astype(np.int32)),
        words={word: number for number, word in enumerate(words)},
        messages=from_steps(starts(data["message_lengths"]), from_planes(data["messages"])),
        counts=np.frombuffer(data["counts"], np.uint8).astype(np.int32),
    )


def to_planes(values: NDArray[Any]) -> bytes:
    """Numbers as their width in bytes, all lowest bytes, all second ones, and so on; the last bit is the sign."""
    wide = values.astype("<i8")
    unsigned = ((wide << 1) ^ (wide >> 63)).view("<u8")
    width = max(1, (int(unsigned.max(initial=0)).bit_length() + 7) // 8)
    return bytes([width]) + unsigned.view(np.uint8).reshape(-1, 8).T[:width].tobytes()


def from_planes(data: bytes) -> Wide:
    """The inverse of `to_planes`."""
    planes = np.frombuffer(data, np.uint8, offset=1).reshape(data[0], -1)
    unsigned = np.zeros(planes.shape[1], np.int64)
    for place, plane in enumerate(planes):
        unsigned |= plane.astype(np.int64) << 8 * place
    return (unsigned >> 1 & np.int64(2**63 - 1)) ^ -(unsigned & 1)


def rows_of(rows: Rows) -> Numbers:
    """The row of each value."""
    return np.repeat(np.arange(len(rows.starts) - 1, dtype=np.int32), rows.lengths())


def starts(lengths: bytes) -> Numbers:
    """Where each row begins, and the end."""
    return np.cumsum(np.concatenate([[0], from_planes(lengths)])).astype(np.int32)


def steps_of(rows: Rows) -> Wide:
    """Values that rise within a row, as the first one and the differences."""
    steps: Wide = np.diff(rows.values, prepend=0).astype(np.int64)
    first = rows.starts[:-1][rows.lengths() > 0]
    steps[first] = rows.values[first]
    return steps


def from_steps(begins: Numbers, steps: Wide) -> Rows:
    """The inverse of `steps_of`."""
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(steps)])
    before = np.repeat(sums[begins[:-1]], np.diff(begins))
    return Rows(begins, (sums[1:] - before).astype(np.int32))


def names(joined: str) -> list[str]:
    """What NUL joined; no name is empty."""
    return joined.split("\0") if joined else []
