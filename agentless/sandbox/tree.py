"""The exported snapshot, exported once, and its private writable copies."""

import asyncio
import contextlib
import os
import stat
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from agentless.errors import SandboxError
from agentless.sandbox.scratch import discard, new_folder, places


class UnsafePathError(ValueError):
    """A path that leaves the tree or goes through a symbolic link."""


class TreeStore:
    """Owns a scratch folder: `base` (the snapshot as exported, never run in) and one folder per job."""

    def __init__(
        self, export: Callable[[Path], None], scratch: Path | None = None, owner: int | None = None
    ) -> None:
        """
        Args:
            export: writes the snapshot into an empty folder.
            scratch: where the store's folder is made; None = see `scratch.places`.
            owner: user id that gets every file, None leaves them ours. Set once: copies keep the owner.
        """
        self.export = export
        self.owner = owner
        self.scratch = scratch
        self.folder: Path | None = None
        self.exporting = asyncio.Lock()
        self.closed = False

    async def base(self) -> Path:
        """The folder with the exported snapshot; exported on the first call.

        Raises:
            SandboxError: the disk is full, the scratch folder cannot be written, or the store is closed.
        """
        async with self.exporting:
            if self.closed:
                raise SandboxError("the sandbox is closed: a job that was still waiting is not run")
            if self.folder is None:
                folder, lock = await asyncio.to_thread(self.export_once)
                # a run that never closes its runner still leaves nothing behind
                self.cleaner = weakref.finalize(self, discard, folder, lock)
                self.folder = folder
        return self.folder / "base"

    def export_once(self) -> tuple[Path, int]:
        """Export into a new private folder, whole or not at all, where there is room."""
        problem: OSError | subprocess.CalledProcessError | None = None
        try:
            for place in places(self.scratch):
                folder, lock = new_folder(place)
                try:
                    self.export_into(folder)
                except (OSError, subprocess.CalledProcessError) as error:
                    discard(folder, lock)
                    problem = error
                else:
                    return folder, lock
        except OSError as error:
            problem = error
        raise SandboxError(f"cannot export the snapshot: {problem}; free some space or set TMPDIR") from problem

    def export_into(self, folder: Path) -> None:
        """Write `base` and give it to the owner."""
        (folder / "base").mkdir()
        self.export(folder / "base")
        if self.owner is not None:
            subprocess.run([*self.chown(), str(folder / "base")], check=True, capture_output=True)

    def chown(self) -> list[str]:
        """The command that gives files to the owner; links themselves, not what they lead to."""
        return ["chown", "-hR", f"{self.owner}:{self.owner}", "--"]

    async def new_job(self) -> Path:
        """A new folder with a private copy of the snapshot in `tree` and an empty `tmp`.

        Files are copied by `cp -a` with reflinks where the file system has them: real copies, so that a job
        can change neither the base nor another job's tree.

        Raises:
            SandboxError: the copy failed, e.g. no space left.
        """
        base = await self.base()
        job = Path(tempfile.mkdtemp(prefix="job-", dir=base.parent))
        (job / "tmp").mkdir()
        try:
            await command("cp", "-a", "--reflink=auto", "--", str(base), str(job / "tree"))
            (job / "tree").chmod(0o755)
            if self.owner is not None:
                os.chown(job / "tmp", self.owner, self.owner)
        except BaseException:
            await remove(job)
            raise
        return job

    async def close(self) -> None:
        """Remove everything this store wrote; nothing is exported any more."""
        self.closed = True
        async with self.exporting:
            if self.folder is not None:
                await remove(self.folder)
                self.cleaner()
                self.folder = None


async def command(*argv: str) -> None:
    """Run a system tool.

    Raises:
        SandboxError: it failed; the text is the tool's last line.
    """
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, errors = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or [f"exit {process.returncode}"]
        raise SandboxError(f"{argv[0]}: {lines[-1]}")


async def remove(folder: Path) -> None:
    """Delete a folder that a hostile job filled: any depth, any mode, links never followed."""
    try:
        await command("rm", "-rf", "--one-file-system", "--", str(folder))
    except SandboxError:
        await command("chmod", "-R", "u+rwX", "--", str(folder))
        await command("rm", "-rf", "--one-file-system", "--", str(folder))


def write_inside(root: Path, relative: str, text: str) -> None:
    """Write a file below `root`, readable by all; no component on the way may be a symbolic link.

    Raises:
        UnsafePathError: absolute, `..`, `.git`, or a link or a file stands in the way.
    """
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or "\0" in relative or {"..", ".git"} & set(parts):
        raise UnsafePathError(f"{relative!r} is not a path inside the tree")
    try:
        with opened(str(root), os.O_RDONLY | os.O_DIRECTORY) as top:
            write_below(top, parts, text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise UnsafePathError(f"{relative!r} cannot be written: {error.strerror}") from error


def write_below(folder: int, parts: tuple[str, ...], data: bytes) -> None:
    """Create folders and the file relative to an open folder."""
    name, rest = parts[0], parts[1:]
    if not rest:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
        with opened(name, flags, folder) as file:
            mode = os.fstat(file).st_mode
            if not stat.S_ISREG(mode):
                raise FileExistsError(0, "not a regular file")
            os.fchmod(file, stat.S_IMODE(mode) | 0o644)  # a job's user reads it, whatever our umask is
            with os.fdopen(os.dup(file), "wb") as stream:
                stream.write(data)
        return
    made = False
    # an existing folder is fine; anything else fails to open below
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=folder)
        made = True
    with opened(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, folder) as below:
        if made:
            os.fchmod(below, 0o755)
        write_below(below, rest, data)


@contextlib.contextmanager
def opened(path: str, flags: int, folder: int | None = None) -> Iterator[int]:
    """An open file descriptor, closed at the end."""
    descriptor = os.open(path, flags, 0o644, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
