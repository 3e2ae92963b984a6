"""From configuration to what a run works with: manifest, sandbox, repositories, folders."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.errors import RepositoryError
from agentless.folders import state_folder

if TYPE_CHECKING:
    from agentless.cli.progress import Reporter
    from agentless.config import RunConfig
    from agentless.pipeline import World
    from agentless.ports import ChatModel, Embedder, TestRunner
    from agentless.records import Instance
    from agentless.repo import RepoSnapshot
    from agentless.store import Manifest

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def make_world(
    config: "RunConfig",
    model: "ChatModel",
    shown: "Reporter",
    *,
    mount: str = "",
    containers: "Callable[[Instance], AbstractAsyncContextManager[TestRunner] | None] | None" = None,
) -> "World":
    """The parts of a run.

    Args:
        containers: the runner of an instance with an image, None for another one; None = there is no Docker.
        mount: the user's own repository; an interpreter that has it installed in editable form then runs the
            patched tree.
    """
    import asyncio

    from agentless.pipeline import World
    from agentless.repo import BlobCache
    from agentless.sandbox import choose_runner

    slots = asyncio.Semaphore(config.limits.tests)
    place = str(Path(mount).resolve()) if mount else ""

    executes = (
        choose_runner(config.validation, lambda _: None).runner is not None
    )  # decided once for all instances

    def runner(instance: "Instance", snapshot: "RepoSnapshot") -> AbstractAsyncContextManager["TestRunner | None"]:
        own = containers(instance) if containers else None
        if own is not None:
            return own
        if not executes:
            return nullcontext()
        chosen = choose_runner(config.validation, snapshot.export, mount=place, slots=slots, checked=True)
        return chosen.runner or nullcontext()

    embedder = make_embedder(config)
    return World(
        config=config, model=model, runner=runner, cache=BlobCache.open(), embedder=embedder, progress=shown
    )


def make_embedder(config: "RunConfig") -> "Embedder | None":
    """What adds vectors to retrieval, None without `localize.embedder_url`; its server is asked when it is used.

    Raises:
        ConfigError: the model is not named, which keys need before the server is asked.
    """
    from agentless.errors import ConfigError
    from agentless.llm.embedder import OpenAIEmbedder

    settings = config.localize
    if not settings.embedder_url:
        return None
    if not settings.embedder_model:
        raise ConfigError("localize.embedder_url needs localize.embedder_model, the model's name on that server")
    return OpenAIEmbedder(
        url=settings.embedder_url.rstrip("/"),
        name=settings.embedder_model,
        api_key_env=settings.embedder_api_key_env,
        limits=config.limits,
    )


def explain_sandbox(config: "RunConfig", shown: "Reporter") -> None:
    """Say what will run the tests, or why nothing will, before any time is spent.

    Raises:
        ConfigError: the sandbox or the interpreter that the user asked for does not work.
    """
    from agentless.sandbox import choose_runner

    shown.say(choose_runner(config.validation, lambda _: None).reason)


def manifest_of(
    config: "RunConfig", model: str, dataset: Path | None = None, instances: Sequence[str] = ()
) -> "Manifest":
    """The manifest of a run of this configuration."""
    from agentless.dataset import dataset_digest
    from agentless.prompting import stage_digest
    from agentless.store import make_manifest

    prompts = {stage: stage_digest(stage) for stage in ("localize", "repair", "validate")}
    prompts |= chat_digest(config)
    digest = dataset_digest(dataset) if dataset else ""
    return make_manifest(config, model=model, dataset=digest, prompts=prompts, instances=instances)


def chat_digest(config: "RunConfig") -> dict[str, str]:
    """The chat template that the profile's prompts are rendered with, by name; empty where the server does it."""
    from agentless.llm.template import load_template
    from agentless.profiles import find_profile

    name = find_profile(config.model.profile).template if config.model.profile else ""
    return {f"chat/{name}": load_template(name).digest} if name and config.model.api != "chat" else {}


def own_run_dir(instance: "Instance", snapshot: "RepoSnapshot", config: "RunConfig", model: str) -> Path:
    """Folder of a `solve` without --run-dir: the same problem comes back to it, and goes on where it stopped.

    A problem is the tree, the issue, the model and the configuration without what a resumed run may change.
    """
    from agentless.store import lasting

    settings = json.dumps(lasting(config), sort_keys=True)
    problem = (snapshot.tree_id, instance.problem_statement, model, settings)
    digest = hashlib.sha256("\0".join(problem).encode("utf-8", "replace")).hexdigest()[:12]
    name = UNSAFE.sub("-", Path(instance.repo).resolve().name).strip("-.") or "repository"
    return state_folder() / "runs" / f"{name}-{digest}"


def find_repositories(folder: Path, instances: "Iterable[Instance]") -> dict[str, Path]:
    """Instance id -> its git repository under the folder, with the commit checked.

    A repository is named after the instance, or `owner__name` or `owner/name` (with or without `.git`).

    Raises:
        RepositoryError: one is missing or lacks a commit; the text names both.
    """
    from agentless.repo.commits import missing_commits

    if not folder.is_dir():
        raise RepositoryError(
            f"--repos {folder}: no such folder; it should hold repositories such as django__django"
        )
    found = {instance.instance_id: repository_of(folder, instance) for instance in instances}
    wanted: dict[Path, dict[str, str]] = {}
    for instance in instances:
        wanted.setdefault(found[instance.instance_id], {})[instance.base_commit] = instance.instance_id
    for path, commits in wanted.items():
        missing = missing_commits(path, list(commits))
        if missing:
            others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            first = f"{missing[0]} ({commits[missing[0]]})"
            raise RepositoryError(f"{path} has no commit {first}{others}; git -C {path} fetch, or unshallow it")
    return found


def mirrored(instances: "Sequence[Instance]", say: Callable[[str], None]) -> dict[str, Path]:
    """Instance id -> its project's mirror in the cache, fetched where commits are missing.

    Raises:
        DownloadError: a repository could not be had; what arrived is kept.
        RepositoryError: it has no such commit.
    """
    from agentless.folders import cache_folder
    from agentless.repo.mirrors import mirror_commits, mirror_name

    folder = cache_folder() / "repos"
    wanted: dict[str, list[str]] = {}
    for instance in instances:
        wanted.setdefault(instance.repo, []).append(instance.base_commit)
    mirror_commits(folder, wanted, say)  # has checked every commit
    return {instance.instance_id: folder / mirror_name(instance.repo) for instance in instances}


def repository_of(folder: Path, instance: "Instance") -> Path:
    """The first of the names that is a folder.

    Raises:
        RepositoryError: none is.
    """
    owner_name = instance.repo.replace("/", "__")
    names = [instance.instance_id, owner_name, f"{owner_name}.git", instance.repo, f"{instance.repo}.git"]
    safe = [name for name in names if ".." not in Path(name).parts and not Path(name).is_absolute()]
    for name in safe:
        if (folder / name).is_dir():
            return folder / name
    raise RepositoryError(
        f"no repository for {instance.instance_id} in {folder}; clone it to {folder / owner_name}"
    )
