"""`agentless solve`: one issue, one repository, one patch."""

import argparse
import asyncio
import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.cli.issue import read_issue
from agentless.cli.options import add_model_options, add_sandbox_options, config_from

if TYPE_CHECKING:
    from agentless.cli.progress import Reporter
    from agentless.config import RunConfig
    from agentless.pipeline import Outcome
    from agentless.records import Instance
    from agentless.repo import RepoSnapshot
    from agentless.report.summary import StageCost

HELP = "fix one issue in a repository of yours; the patch goes to standard output"
EXAMPLE = "agentless solve --repo . --issue bug.md --python .venv/bin/python"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `solve`."""
    parser.add_argument(
        "--repo", metavar="PATH", type=Path, required=True, help="git repository, dirty or bare is fine"
    )
    parser.add_argument("--issue", metavar="FILE|-|TEXT", required=True, help="file, standard input, or the text")
    parser.add_argument(
        "--commit", metavar="REV", default="", help="solve there (default: the work tree as it is)"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the patch there as well")
    parser.add_argument(
        "--apply", action="store_true", help="apply the patch to the work tree, whole or not at all"
    )
    parser.add_argument("--json", action="store_true", help="print every record as JSON instead of the patch")
    parser.add_argument(
        "--run-dir", metavar="DIR", type=Path, help="keep the records there (default: the user's state folder)"
    )
    add_model_options(parser)
    add_sandbox_options(parser, images=False)


def run(args: argparse.Namespace) -> int:
    """Solve, print, maybe apply.

    Raises:
        InputError: anything the user gave that cannot be used; nothing is written then.
    """
    from agentless.cli.check import check_apply, check_output, check_run_dir, check_sandbox, expanded, places
    from agentless.cli.model import embedded_profile, fetch_embedded
    from agentless.cli.progress import reporter
    from agentless.cli.tables import print_solution
    from agentless.cli.world import explain_sandbox
    from agentless.dataset import own_instance
    from agentless.repo import RepoSnapshot

    began = time.monotonic()
    issue = read_issue(args.issue)
    config = config_from(args)
    check_sandbox(config)
    embedded_profile(config)
    repo = expanded(args.repo)
    check_output(args.output)
    check_run_dir(args.run_dir, config)
    own = [path for path in (args.issue, args.output, args.run_dir) if path and path != "-"]
    with RepoSnapshot.open(repo, args.commit, without=places(own)) as snapshot:
        if args.apply:
            check_apply(repo)
        instance = own_instance(repo, issue, args.commit)
        with reporter() as shown:
            explain_sandbox(config, shown)
            weights = fetch_embedded(config, shown)
            outcome, costs = asyncio.run(solve(instance, snapshot, config, weights, shown, args.run_dir))
    patch = outcome.prediction.model_patch
    print_solution(outcome, costs, time.monotonic() - began)
    if args.json:
        json.dump(as_json(outcome), sys.stdout, indent=2)
        print()
    else:
        sys.stdout.buffer.write(patch.encode("utf-8"))  # the same bytes in every locale
    sys.stdout.flush()
    if args.output and patch:
        args.output.write_text(patch, encoding="utf-8", newline="")
    if args.apply and patch:
        apply(repo, patch, args.output)
    return 0 if patch else 1


async def solve(
    instance: "Instance",
    snapshot: "RepoSnapshot",
    config: "RunConfig",
    weights: Path | None,
    shown: "Reporter",
    run_dir: Path | None,
) -> "tuple[Outcome, dict[str, StageCost]]":
    """The pipeline over one instance, with the model and the sandbox that the configuration asks for.

    Returns:
        All records, and what the model calls of each stage cost, those of earlier runs of the folder included.
    """
    from agentless.cli.model import open_model
    from agentless.cli.world import make_world, manifest_of, own_run_dir
    from agentless.config import check_context
    from agentless.pipeline import run_instance
    from agentless.report import summarize
    from agentless.store import RunStore
    from agentless.trace import CallLog, TracedModel

    async with open_model(config, weights, shown) as model:
        check_context(config, model.context_tokens)
        folder = run_dir or own_run_dir(instance, snapshot, config, model.name)
        with RunStore.open(folder, manifest_of(config, model.name)) as store:
            own = store.instance(instance.instance_id)
            shown.say(f"records: {folder}")
            traced = TracedModel(model, CallLog(own.calls_path))
            world = make_world(config, traced, shown, mount=instance.repo)
            outcome = await run_instance(instance, snapshot, world, own)
            return outcome, summarize(folder).stages


def as_json(outcome: "Outcome") -> dict[str, object]:
    """All records of a solution."""
    from dataclasses import asdict

    return asdict(outcome)


def apply(repo: Path, patch: str, kept: Path | None) -> None:
    """Apply to the work tree, and say how to undo it.

    Args:
        kept: the file that holds the patch as well, if one was asked for.

    Raises:
        InputError: it conflicts; nothing was changed.
    """
    from agentless.errors import InputError
    from agentless.repo.apply import apply_to_worktree

    problem = apply_to_worktree(repo, patch)
    if problem:
        raise InputError(f"--apply changed nothing: {problem}; the patch is above, try git apply --3way")
    file = shlex.quote(str(kept.resolve())) if kept else "FILE, a file with the patch above"
    sys.stderr.write(f"applied to the work tree; undo with git -C {shlex.quote(str(repo))} apply -R {file}\n")
