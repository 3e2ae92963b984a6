"""What a process used of the blob cache last, in memory: the next commit of a repository asks for it again."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

KEPT_BYTES = 16_000_000
ENTRY_BYTES = 250
"""What an entry takes besides its value, about."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values used last, at most `max_bytes`. Not locked: its owner is.

    In two generations, since moving every hit to the end of one list costs as much as it saves: what is used moves
    to the young one, and when that would hold more than half of the bound it becomes the old one, which is
    forgotten. A value larger than that half is not remembered.
    """

    def __init__(self, max_bytes: int = KEPT_BYTES) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        """Of the young generation."""
        self.young: dict[Key, tuple[Value, int]] = {}
        self.old: dict[Key, tuple[Value, int]] = {}

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """What is remembered of these keys."""
        young, found, moved = self.young, {}, []
        for key in keys:
            pair = young.get(key)
            if pair is None:
                pair = self.old.get(key)
                if pair is None:
                    continue
                moved.append((key, pair))
            found[key] = pair[0]
        for key, (value, size) in moved:
            self.put(key, value, size)
        return found

    def put_many(self, values: Mapping[Key, tuple[Value, int]]) -> None:
        """Remember values of so many bytes each."""
        for key, (value, size) in values.items():
            self.put(key, value, size)

    def put(self, key: Key, value: Value, size: int) -> None:
        """Remember a value of so many bytes."""
        self.drop([key])
        most, more = self.max_bytes // 2, size + ENTRY_BYTES
        if more > most:
            return
        if self.bytes + more > most:
            self.old, self.young, self.bytes = self.young, {}, 0
        self.young[key] = (value, size)
        self.bytes += more

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget these: they are about to change."""
        for key in keys:
            self.old.pop(key, None)
            gone = self.young.pop(key, None)
            if gone is not None:
                self.bytes -= gone[1] + ENTRY_BYTES

    def clear(self) -> None:
        """Forget everything."""
        self.young, self.old, self.bytes = {}, {}, 0
