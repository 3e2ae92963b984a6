"""Running `git cat-file` processes, lent to whoever reads a store, so that one process serves commit after commit.

A process belongs to one reader at a time: threads that read at once get one each. Few wait idle; those that
waited longest are ended, and all of them when the program ends. A program that is killed closes the pipes, which
ends them as well. A forked process does not touch those of its parent.
"""

import atexit
import os
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from agentless.repo.catfile import USAGE_ERROR, CatFile, CatFileError, Content, Info
from agentless.repo.plumbing import Git

MOST_IDLE = 2
"""Processes that nobody uses; each holds up to about 60 MB, most of it `catfile.KEPT`."""

Answer = TypeVar("Answer")


class Lender:
    """Lends processes; safe for threads and forks."""

    def __init__(self, most_idle: int = MOST_IDLE) -> None:
        self.most_idle = most_idle
        self.guard = threading.Lock()
        self.idle: list[CatFile] = []
        """Longest idle first."""
        self.running: set[CatFile] = set()
        """The idle ones and those that are lent."""
        self.old: set[str | None] = set()
        """PATH of environments whose git is older than 2.36."""
        self.inherited: list[CatFile] = []
        """What threads of the parent were using when this process was forked; it cannot be closed here."""
        self.watched = False

    def infos(self, git: Git, ids: Sequence[str]) -> list[Info | None] | None:
        """Kind and size of each object by its full id, None where the store has none.

        Returns:
            None when this git is too old to say it in this way, or ends early, as it may over an object that a
            partial clone lacks.

        Raises:
            RepositoryError: git does not start.
        """
        if self.is_old(git):
            return None
        try:
            return self.asked(git, lambda process: process.infos(ids))
        except CatFileError:
            return None

    def contents(self, git: Git, ids: Sequence[str]) -> list[Content | None]:
        """Kind and content of each object by its full id, None where the store has none.

        Raises:
            CatFileError: git ends early, as it may over an object that a partial clone lacks.
            RepositoryError: git does not start.
        """
        try:
            return self.asked(git, lambda process: process.contents(ids))
        except CatFileError as error:
            if error.code != USAGE_ERROR or self.is_old(git):
                raise
        self.old.add(git.environment.get("PATH"))
        return self.asked(git, lambda process: process.contents(ids))

    def is_old(self, git: Git) -> bool:
        """Whether this git is known to be older than 2.36."""
        return git.environment.get("PATH") in self.old

    def asked(self, git: Git, question: Callable[[CatFile], list[Answer | None]]) -> list[Answer | None]:
        """The answer of an idle process, or of a new one where that one died or lacks an object.

        A process finds objects and packs that came after it, but not a store that its own was told to borrow from.
        """
        process = self.take(git)
        if process is not None:
            try:
                answers = self.lent(process, question)
            except CatFileError:
                answers = [None]
            if None not in answers:
                self.give(process)
                return answers
            self.end_one(process)
        process = self.start(git)
        answers = self.lent(process, question)
        self.give(process)
        return answers

    def lent(self, process: CatFile, question: Callable[[CatFile], list[Answer | None]]) -> list[Answer | None]:
        """The answer; a process that was interrupted is ended: it would give its answers to the next one."""
        try:
            return question(process)
        except BaseException:
            self.end_one(process)
            raise

    def start(self, git: Git) -> CatFile:
        """A new process."""
        process = CatFile(git, old=self.is_old(git))
        with self.guard:
            self.running.add(process)
            if not self.watched:
                atexit.register(self.close)
                os.register_at_fork(after_in_child=self.forget)
                self.watched = True
        return process

    def take(self, git: Git) -> CatFile | None:
        """An idle process of the store, if there is one; the one used last knows most."""
        with self.guard:
            for process in reversed(self.idle):
                if process.git.key == git.key and process.is_usable():
                    self.idle.remove(process)
                    return process
        return None

    def give(self, process: CatFile) -> None:
        """Take a process back; those that waited longest, or whose store is gone, are ended."""
        with self.guard:
            self.idle.append(process)
            kept = [each for each in self.idle if each.is_usable()][-self.most_idle :]
            spare = [each for each in self.idle if each not in kept]
            self.idle = kept
        for each in spare:
            self.end_one(each)

    def end(self, git: Git) -> None:
        """End the idle processes of a store."""
        with self.guard:
            own = [each for each in self.idle if each.git.key == git.key]
            self.idle = [each for each in self.idle if each not in own]
        for each in own:
            self.end_one(each)

    def end_one(self, process: CatFile) -> None:
        """End a process that is not idle."""
        process.end()
        with self.guard:
            self.running.discard(process)

    def close(self) -> None:
        """End all processes, those that are lent as well."""
        with self.guard:
            running, self.running, self.idle = self.running, set(), []
        for each in running:
            each.end()

    def forget(self) -> None:
        """In a forked process: what runs belongs to the parent, and locks of its other threads stay held."""
        self.guard = threading.Lock()
        self.inherited += self.running - set(self.idle)
        for each in self.running:
            each.disown()
        for each in self.idle:
            each.let_go()
        self.running, self.idle = set(), []


LENDER = Lender()
"""Shared by all snapshots of a process."""
