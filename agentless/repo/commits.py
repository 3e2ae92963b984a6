"""Which commits a repository lacks, asked in one process."""

from collections.abc import Sequence
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.apply import git


def missing_commits(path: Path, commits: Sequence[str]) -> list[str]:
    """The commits, of those given, that are not in the repository.

    Raises:
        RepositoryError: not a git repository.
    """
    given = "".join(f"{commit}^{{commit}}\n" for commit in commits)
    done = git(path, "cat-file", "--batch-check", given=given)
    if done.returncode != 0:
        raise RepositoryError(f"{path} is not a git repository; clone it there again")
    answers = done.stdout.splitlines()
    return [commit for commit, answer in zip(commits, answers, strict=True) if " commit " not in answer]
