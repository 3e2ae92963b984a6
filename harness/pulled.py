"""What a run has pulled, on disk, so that a resumed run still knows which images are its own to remove."""

import json
from pathlib import Path

from agentless.errors import StoreError
from agentless.files import write_whole


class PulledRecord:
    """Image -> id that was pulled; the file is written whole at every change."""

    def __init__(self, path: Path | None) -> None:
        """
        Args:
            path: JSON file; None = memory only.

        Raises:
            StoreError: a file that cannot be read, or is none of ours.
        """
        self.path = path
        self.ids: dict[str, str] = read(path) if path is not None and path.exists() else {}

    def images(self) -> tuple[str, ...]:
        """What this run pulled, in that order."""
        return tuple(self.ids)

    def id_of(self, image: str) -> str:
        """The id that was pulled, "" when it was not pulled here."""
        return self.ids.get(image, "")

    def add(self, image: str, pulled_id: str) -> None:
        """Remember a pull.

        Raises:
            StoreError: the file cannot be written.
        """
        self.ids[image] = pulled_id
        self.write()

    def drop(self, image: str) -> None:
        """Forget an image that is gone.

        Raises:
            StoreError: the file cannot be written.
        """
        self.ids.pop(image, None)
        self.write()

    def write(self) -> None:
        """Replace the file; a reader sees the old one or the new one.

        Raises:
            StoreError: the file cannot be written.
        """
        if self.path is None:
            return
        write_whole(self.path, json.dumps(self.ids, indent=2).encode())


def read(path: Path) -> dict[str, str]:
    """The ids of a record.

    Raises:
        StoreError: it cannot be read, or is none of ours.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be read ({error}); remove it to forget which images the run pulled"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(item, str) for pair in found.items() for item in pair):
        raise StoreError(f"{path} is no record of pulled images; remove it")
    return found
