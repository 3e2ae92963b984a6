"""The past of a snapshot: read from git once per repository, remembered in memory and on disk.

The first question reads the commit's ancestors and those of HEAD in one `git log`, so that the other commits a
run will ask about are known as well; a later one that names an unknown commit reads what is new alone.
"""

import hashlib
import os
import threading
from functools import lru_cache
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.gitlog import read_log
from agentless.repo.history import History, Past, key_of
from agentless.repo.history_file import SUFFIX, load_history, save_history
from agentless.repo.history_growth import EMPTY, grown
from agentless.repo.plumbing import Git

KEPT_REPOSITORIES = 2
"""Histories in memory: sympy's takes about 40 MB."""
MOST_TIPS = 1000
"""Commits behind which git is told not to read."""


def past_of(git: Git, commit_id: str, folder: Path | None) -> Past | None:
    """What came before a commit; None where git cannot say, or where it is too little to help.

    Args:
        git: the repository, as `locate` opens it.
        commit_id: full id.
        folder: where histories are kept on disk; None keeps none.
    """
    shallow = shallow_file(git)
    if shallow is None:
        return None
    cuts = tuple(shallow.read_text(encoding="ascii", errors="replace").split()) if shallow.is_file() else ()
    return shelf(shallow, cuts, folder).past(git, commit_id)


def shallow_file(git: Git) -> Path | None:
    """Where the ends of a shallow clone are listed; linked work trees share it. None where there is no repository.

    What `rev-parse --git-path shallow` says, without a process for each question.
    """
    git_dir = Path(git.variables.get("GIT_DIR", git.folder))
    if not (git_dir / "HEAD").is_symlink() and not (git_dir / "HEAD").exists():
        return None
    pointer = git_dir / "commondir"
    shared = os.fsdecode(pointer.read_bytes()).rstrip("\n") if pointer.is_file() else ""
    return (git_dir / shared / "shallow").resolve()


class Shelf:
    """One repository's history; safe to use from several threads."""

    def __init__(self, repository: Path, cuts: tuple[str, ...], folder: Path | None) -> None:
        name = hashlib.sha256("\0".join([str(repository), *cuts]).encode("utf-8", "surrogateescape")).hexdigest()
        self.file = folder / (name[:32] + SUFFIX) if folder is not None else None
        self.cuts = frozenset(cuts)
        self.lock = threading.Lock()
        self.history: History | None = None

    def past(self, git: Git, commit_id: str) -> Past | None:
        """See `past_of`."""
        with self.lock:
            if self.history is None:
                self.history = (load_history(self.file) if self.file else None) or EMPTY
            if key_of(commit_id) not in self.history.numbers:
                self.grow(git, commit_id)
            return self.history.past(commit_id)

    def grow(self, git: Git, commit_id: str) -> None:
        """Read what is new; nothing is remembered where git fails half-way (missing objects). The lock is held."""
        old = self.history or EMPTY
        try:
            new = grown(old, read_log(git, [commit_id, "HEAD"], old.tips[:MOST_TIPS]), self.cuts)
            if key_of(commit_id) not in new.numbers:  # HEAD alone was too much
                new = grown(old, read_log(git, [commit_id]), self.cuts)
        except RepositoryError:
            return
        self.history = new
        if self.file is not None and new is not old:
            save_history(self.file, new)


@lru_cache(maxsize=KEPT_REPOSITORIES)
def shelf(repository: Path, cuts: tuple[str, ...], folder: Path | None) -> Shelf:
    """The shelf of a repository; its place and the ends of a shallow clone say which one it is."""
    return Shelf(repository, cuts, folder)
