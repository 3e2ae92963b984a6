"""Checks of what the user gave, before anything is written or started."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.errors import InputError

if TYPE_CHECKING:
    from agentless.config import RunConfig


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


def check_run_dir(path: Path | None, config: "RunConfig", dataset: Path | None = None) -> None:
    """Whether a run of this configuration may go on in the folder, asked before anything is fetched or started.

    Raises:
        RunFolderError: the folder holds another run or something else.
        DatasetError: the dataset cannot be read.
    """
    from agentless.cli.world import manifest_of
    from agentless.store import check_openable

    if path is not None:
        check_openable(path, manifest_of(config, "", dataset))


def check_sandbox(config: "RunConfig") -> None:
    """Whether a repository without an image can be tested as the user says.

    Raises:
        InputError: Docker is asked for.
    """
    if config.validation.sandbox == "docker":
        raise InputError("validation.sandbox=docker needs an instance with an image (`agentless run`); use bwrap")


def expanded(path: Path) -> Path:
    """The path with `~` written out.

    Raises:
        InputError: no such user.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InputError(f"{path}: no such user; write the path out") from error


def places(paths: Iterable[str | Path]) -> list[Path]:
    """Absolute paths of the tool's own files, which are no part of the project even when they lie in it."""
    found = []
    for path in paths:
        try:
            found.append(Path(path).resolve())
        except (OSError, ValueError, RuntimeError):
            continue  # the text of an issue is no path
    return found


def check_apply(repo: Path) -> None:
    """Whether the repository has a work tree to apply to.

    Raises:
        InputError: a bare repository.
    """
    from agentless.repo.apply import worktree_of

    if worktree_of(repo) is None:
        raise InputError(f"--apply needs a work tree and {repo} is bare; use --output and apply it in a clone")
