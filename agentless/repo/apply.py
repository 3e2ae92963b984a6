"""A patch into the user's work tree, whole or not at all."""

import subprocess
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.plumbing import Git


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
    done = git(top, "apply", "--whitespace=nowarn", "-", given=patch)
    if done.returncode == 0:
        return ""
    return next(iter(done.stderr.splitlines()), "git apply failed").removeprefix("error: ")


def git(folder: Path, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run git in a folder, by the rules of `plumbing`; bytes that are not UTF-8 pass through.

    Raises:
        RepositoryError: git is not installed, or the folder cannot be entered.
    """
    done = Git(folder).attempt(*arguments, stdin=given.encode("utf-8", "surrogateescape"))
    said = [part.decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr)]
    return subprocess.CompletedProcess(done.args, done.returncode, *said)
