"""The run folder: its lock, its manifest, its instances and preds.jsonl.

::

    manifest.json
    preds.jsonl                                   derived: rewritten from the predictions, at open too
    instances/<id>/1-localization.json ... 5-prediction.json, calls.jsonl.gz, error.json
    .lock                                         held by the one process that writes
"""

import fcntl
import os
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from agentless.errors import RunFolderError, StoreError
from agentless.files import TEMPORARY, make_folder, sweep, unwritable, write_whole
from agentless.records import Prediction
from agentless.store.instance import InstanceStore, adapter, encode, folder_name, instance_id_of
from agentless.store.manifest import Manifest, changed, refused
from agentless.store.predictions import write_predictions

LOCK = ".lock"


class RunStore:
    """One run on disk. Open it with `open` to write, with `view` to read."""

    def __init__(self, folder: Path, manifest: Manifest, lock: int | None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.lock = lock
        self.predictions: dict[str, Prediction] = {}
        self.guard = threading.Lock()

    @classmethod
    def open(cls, folder: str | Path, manifest: Manifest) -> "RunStore":
        """Start a run, or go on with it where it stopped.

        Raises:
            RunFolderError: the folder holds another run, something else, or another process works on it; nothing
                is written then.
            StoreError: the folder cannot be written.
        """
        path = Path(folder)
        check_folder(path)
        lock = take_lock(path)
        try:
            kept = settle_manifest(path, manifest)
            sweep([path, *path.glob("instances/*")])
            run = cls(path, kept, lock)
            run.gather()
        except BaseException:
            os.close(lock)
            raise
        return run

    @classmethod
    def view(cls, folder: str | Path) -> "RunStore":
        """A run to read, whoever writes it; nothing in it is changed.

        Raises:
            RunFolderError: there is no run in the folder.
        """
        path = Path(folder)
        found = read_manifest(path)
        if found is None:
            raise RunFolderError(f"{path} is not a run folder: it has no manifest.json")
        return cls(path, found, None)

    def instance(self, instance_id: str) -> InstanceStore:
        """The artifacts of one instance.

        Raises:
            InputError: the id is empty or too long for a folder.
        """
        folder = self.folder / "instances" / folder_name(instance_id)
        return InstanceStore(folder, instance_id, None if self.lock is None else self.publish)

    def instance_ids(self) -> list[str]:
        """Ids of the instances that have a folder, sorted."""
        folders = (self.folder / "instances").glob("*/")
        return sorted(instance_id_of(folder.name) for folder in folders)

    def publish(self, prediction: Prediction) -> None:
        """Put one saved prediction into preds.jsonl in place of the instance's earlier one.

        Raises:
            StoreError: the disk is full; the next `open` catches up.
        """
        with self.guard:
            self.predictions[prediction.instance_id] = prediction
            write_predictions(self.folder / "preds.jsonl", self.predictions)

    def gather(self) -> None:
        """Rewrite preds.jsonl from the artifacts, in case the last run died between the two writes."""
        for instance_id in self.instance_ids():
            prediction = self.instance(instance_id).latest("prediction", Prediction)
            if prediction is not None:
                self.predictions[instance_id] = prediction
        if self.predictions or (self.folder / "preds.jsonl").exists():
            write_predictions(self.folder / "preds.jsonl", self.predictions)

    def close(self) -> None:
        """Let other processes work on the folder. Closing twice does nothing."""
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def __enter__(self) -> "RunStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_folder(folder: Path) -> None:
    """Refuse a path that holds something else than a run.

    Raises:
        RunFolderError: the path is a file, or a folder with other things in it.
        StoreError: it cannot be listed.
    """
    try:
        names = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise RunFolderError(f"{folder} is a file; name a folder for the run") from error
    except OSError as error:
        raise StoreError(f"could not read {folder}: {error.strerror or error}") from error
    strange = {name for name in names if name != LOCK and not name.startswith(TEMPORARY)}
    if strange and "manifest.json" not in names:
        raise RunFolderError(
            f"{folder} is not empty and has no manifest.json (it holds {min(strange)!r}); name a new folder"
        )


def take_lock(folder: Path) -> int:
    """The descriptor that holds the folder's lock until it is closed, also by the death of the process.

    Raises:
        RunFolderError: another process holds it.
        StoreError: the folder or the lock cannot be made.
    """
    try:
        make_folder(folder)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise unwritable(folder / LOCK, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise RunFolderError(f"another process works on {folder}; wait for it or name another folder") from error
    except OSError as error:
        os.close(descriptor)
        raise StoreError(f"could not lock {folder}: {error.strerror or error}; name a local folder") from error
    return descriptor


def settle_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of a new run, or check it against that of the run to go on with.

    Raises:
        RunFolderError: the run there has other settings; the text lists them.
        StoreError: it cannot be written.
    """
    old = read_manifest(folder)
    if old is None:
        write_whole(folder / "manifest.json", encode(manifest))
        return manifest
    check_same(folder, old, manifest)
    changes = changed(old, manifest)
    instances = tuple(dict.fromkeys((*old.instances, *manifest.instances)))
    if not changes and instances == old.instances:
        return old
    kept = replace(manifest, instances=instances, changes=(*old.changes, *changes))
    write_whole(folder / "manifest.json", encode(kept))
    return kept


def check_same(folder: Path, old: Manifest, new: Manifest) -> None:
    """Refuse to go on with another run.

    Raises:
        RunFolderError: the text has what differs.
    """
    differences = refused(old, new)
    if differences:
        listed = "; ".join(differences)
        raise RunFolderError(f"{folder} holds another run ({listed}); use its settings or name a new folder")


def check_openable(folder: str | Path, manifest: Manifest) -> None:
    """What `RunStore.open` would refuse, asked early and without writing; a manifest without a model fits any.

    Raises:
        RunFolderError: the folder holds another run or something else.
        StoreError: it cannot be listed.
    """
    path = Path(folder)
    check_folder(path)
    old = read_manifest(path)
    if old is not None:
        check_same(path, old, manifest)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of the run in the folder, None when there is none.

    Raises:
        RunFolderError: the manifest is not readable.
    """
    path = folder / "manifest.json"
    try:
        found = adapter(Manifest).validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read; move {folder} aside or name a new folder") from error
    if not isinstance(found, Manifest):
        raise RunFolderError(f"{path} is no manifest; name a new folder")
    return found
