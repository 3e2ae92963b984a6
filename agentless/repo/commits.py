"""Which commits a repository lacks, asked in one process."""

from collections.abc import Sequence
from pathlib import Path

from agentless.errors import RepositoryError
from agentless.repo.apply import git
from agentless.repo.location import locate


def missing_commits(path: Path, commits: Sequence[str]) -> list[str]:
    """The commits, of those given, that are not in the repository.

    Raises:
        RepositoryError: not a git repository.
    """
    locate(path)
    odd = [commit for commit in commits if not commit or commit.split() != [commit]]
    asked = [commit for commit in commits if commit not in odd]
    done = git(path, "cat-file", "--batch-check", given="".join(f"{commit}^{{commit}}\n" for commit in asked))
    if done.returncode != 0:
        raise RepositoryError(f"{path} cannot be read by git; clone it there again")
    found = dict(zip(asked, done.stdout.splitlines(), strict=True))
    return [commit for commit in commits if commit in odd or " commit " not in found[commit]]
