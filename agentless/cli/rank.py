"""The work behind `agentless localize`: one stage over one issue, or over rows of a dataset."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentless.cli.progress import Reporter
    from agentless.config import RunConfig
    from agentless.ports import ChatModel, Embedder
    from agentless.records import Instance, Localization
    from agentless.repo import BlobCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An issue, and where its repository is."""

    instance: "Instance"
    repo: Path
    without: tuple[Path, ...] = ()
    """Files of the tool's own in the work tree, e.g. the issue itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How to rank."""

    config: "RunConfig"
    votes: bool
    """Whether a model is asked."""
    weights: Path | None
    """Of the embedded model."""
    shown: "Reporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What all problems share while they are ranked."""

    model: "ChatModel | None"
    embedder: "Embedder | None"
    cache: "BlobCache"


def own_problem(args: argparse.Namespace) -> Problem:
    """The user's issue about the user's repository.

    Raises:
        InputError: the issue is empty or cannot be read.
    """
    from agentless.cli.check import expanded, places
    from agentless.cli.issue import read_issue
    from agentless.dataset import own_instance

    repo = expanded(args.repo)
    instance = own_instance(repo, read_issue(args.issue), args.commit)
    return Problem(instance=instance, repo=repo, without=tuple(places([args.issue] if args.issue != "-" else [])))


def row_problems(args: argparse.Namespace) -> list[Problem]:
    """Rows of a dataset, each with its repository.

    Raises:
        InputError: the dataset cannot be read, an unknown id, a repository or a commit is missing.
        DownloadError: a dataset by name, and its hub cannot be reached.
    """
    from agentless.cli.world import find_repositories
    from agentless.dataset import load_instances
    from agentless.named_datasets import dataset_file

    ids = tuple(part.strip() for text in args.instances for part in text.split(",") if part.strip())
    instances = load_instances(dataset_file(args.dataset), ids=ids, limit=args.limit)
    found = find_repositories(args.repos, instances)
    return [Problem(instance=instance, repo=found[instance.instance_id]) for instance in instances]


async def rank(problem: Problem, ranking: Ranking) -> "Localization":
    """One problem.

    Raises:
        InputError: no repository, no commit, a server named by the user that does not answer.
        InfrastructureError: a server failed later.
    """
    async with opened(ranking) as parts:
        return await localized(problem, ranking, parts)


async def rank_rows(
    problems: Sequence[Problem], ranking: Ranking, done: "Callable[[Localization], None]"
) -> dict[str, str]:
    """All problems, one after the other without a model; `done` hears of each.

    Returns:
        Instance id -> one line, for those that failed.
    """
    from agentless.executors import LocalExecutor

    failed: dict[str, str] = {}

    def note(problem: Problem, error: Exception) -> None:
        if isinstance(error, BrokenPipeError):
            raise error  # nobody reads the rankings any more
        failed[problem.instance.instance_id] = str(error)

    async with opened(ranking) as parts:

        async def one(problem: Problem) -> None:
            done(await localized(problem, ranking, parts))
            ranking.shown.update(problem.instance.instance_id, "predict", 1, 1)

        limit = ranking.config.limits.instances if ranking.votes else 1
        await LocalExecutor(limit, note).map(one, problems)
    return failed


@asynccontextmanager
async def opened(ranking: Ranking) -> AsyncIterator[Parts]:
    """The model and the embedder that the configuration names, and the cache; closed on every way out."""
    from contextlib import AsyncExitStack

    from agentless.cli.model import open_model
    from agentless.repo import BlobCache

    async with AsyncExitStack() as stack:
        cache = stack.enter_context(BlobCache.open())
        embedder = await find_embedder(ranking.config)
        model = None
        if ranking.votes:
            model = await stack.enter_async_context(open_model(ranking.config, ranking.weights, ranking.shown))
        yield Parts(model=model, embedder=embedder, cache=cache)


async def find_embedder(config: "RunConfig") -> "Embedder | None":
    """The embedder that the configuration names, found on its server.

    Raises:
        InputError: the server does not answer or does not have the model.
    """
    from agentless.errors import InputError, ModelServerError
    from agentless.llm.embedder import OpenAIEmbedder

    settings = config.localize
    if not settings.embedder_url:
        return None
    try:
        return await OpenAIEmbedder.connect(
            settings.embedder_url, settings.embedder_model, settings.embedder_api_key_env, config.limits
        )
    except ModelServerError as error:
        raise InputError(str(error)) from error


async def localized(problem: Problem, ranking: Ranking, parts: Parts) -> "Localization":
    """The stage on one problem."""
    from agentless.localize import localize
    from agentless.repo import Index, RepoSnapshot

    instance, config = problem.instance, ranking.config.localize
    with RepoSnapshot.open(problem.repo, instance.base_commit, without=problem.without) as snapshot:
        index = await asyncio.to_thread(Index.build, snapshot, parts.cache)
        return await localize(
            instance, index, parts.model, config, embedder=parts.embedder, progress=ranking.shown
        )
