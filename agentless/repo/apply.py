"""A patch into the user's work tree, whole or not at all."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from unidiff.patch import PatchSet

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git
from agentless.repo.worktree import emptied_filters


def worktree_of(path: Path) -> Path | None:
    """Top folder of the work tree that holds the path, None for a bare repository.

    Raises:
        RepositoryError: not a git repository.
    """
    done = git(path, "rev-parse", "--is-inside-work-tree", "--show-toplevel")
    if done.returncode == 0:
        return Path(done.stdout.split("\n", 1)[1].removesuffix("\n"))
    if git(path, "rev-parse", "--git-dir").returncode == 0:
        return None
    raise RepositoryError(f"{path} is not a git repository; give --repo a folder with one")


def apply_to_worktree(path: Path, patch: str) -> str:
    """Apply a unified diff; the index and HEAD stay as they are.

    Returns:
        "" when it was applied, else git's first complaint in one line, and nothing was changed.

    Raises:
        RepositoryError: not a git repository, or a bare one.
    """
    top = worktree_of(path)
    if top is None:
        raise RepositoryError(f"{path} is bare and has no work tree to apply to")
    before = contents(top, patch)
    # the patch was made on the bytes of the work tree: no filter may change them, nor run a program
    filters = emptied_filters(Git(top))
    done = git(top, "apply", "--whitespace=nowarn", "-", given=patch, settings=filters)
    if done.returncode == 0:
        return ""
    put_back(top, before)
    return next(iter(done.stderr.splitlines()), "git apply failed").removeprefix("error: ")


def contents(top: Path, patch: str) -> dict[str, tuple[bytes, int] | None]:
    """Bytes and mode of the regular files that a patch names, None where there is none; for `put_back`."""
    found: dict[str, tuple[bytes, int] | None] = {}
    for file in PatchSet(patch):
        for path in {side_path(file.source_file), side_path(file.target_file)} - {""}:
            place = top / path
            regular = place.is_file() and not place.is_symlink()
            found[path] = (place.read_bytes(), place.stat().st_mode) if regular else None
    return found


def side_path(name: str) -> str:
    """`a/x.py` -> `x.py`; "" for /dev/null and for what leaves the tree."""
    path = name[2:] if name[:2] in ("a/", "b/") else ""
    return "" if ".." in Path(path).parts or Path(path).is_absolute() else path


def put_back(top: Path, before: Mapping[str, tuple[bytes, int] | None]) -> None:
    """Undo what git did before it failed: it checks most conflicts first, but not all of them."""
    for path in sorted(path for path, kept in before.items() if kept is None):
        place = top / path
        if place.is_file() and not place.is_symlink():
            place.unlink()
    for path, kept in before.items():
        if kept is not None and not (top / path).exists():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(kept[0])
            (top / path).chmod(kept[1])
        elif kept is not None and (top / path).read_bytes() != kept[0]:
            (top / path).write_bytes(kept[0])


def git(
    folder: Path, *arguments: str, given: str = "", settings: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run git in a folder, by the rules of `plumbing`; bytes that are not UTF-8 pass through.

    Raises:
        RepositoryError: git is not installed, or the folder cannot be entered.
    """
    done = Git(folder, settings=settings).attempt(*arguments, stdin=given.encode("utf-8", "surrogateescape"))
    said = [part.decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr)]
    return subprocess.CompletedProcess(done.args, done.returncode, *said)
