"""Checks of what the user gave, before anything is written or started."""

import os
from pathlib import Path

from agentless.errors import InputError


def check_output(path: Path | None) -> None:
    """Whether the file can be written.

    Raises:
        InputError: a missing folder, a folder itself, or no permission.
    """
    if path is None:
        return
    folder = path.parent
    if path.is_dir():
        raise InputError(f"--output {path} is a folder; name a file in it")
    if not folder.is_dir():
        raise InputError(f"--output {path}: no folder {folder}; make it first")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise InputError(f"--output {path}: no permission to write there")


def check_apply(repo: Path) -> None:
    """Whether the repository has a work tree to apply to.

    Raises:
        InputError: a bare repository.
    """
    from agentless.repo.apply import worktree_of

    if worktree_of(repo) is None:
        raise InputError(f"--apply needs a work tree and {repo} is bare; use --output and apply it in a clone")
