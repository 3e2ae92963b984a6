"""`agentless localize`: which files to edit, and why; without a model unless one is named."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.cli.options import config_from

if TYPE_CHECKING:
    from agentless.config import RunConfig
    from agentless.records import Localization

HELP = "rank the files that an issue is about, with the reasons; without a model unless one is named"
EXAMPLE = "agentless localize --repo . --issue bug.md --elements"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `localize`."""
    own = parser.add_argument_group("a repository of yours")
    own.add_argument("--repo", metavar="PATH", type=Path, help="git repository, dirty or bare is fine")
    own.add_argument("--issue", metavar="FILE|-|TEXT", help="file, standard input, or the text")
    own.add_argument("--commit", metavar="REV", default="", help="rank there (default: the work tree as it is)")
    rows = parser.add_argument_group("rows of a dataset")
    rows.add_argument("--dataset", metavar="FILE", help="rows as .jsonl, .json or .parquet, or: verified")
    rows.add_argument("--repos", metavar="DIR", type=Path, help="git repositories named owner__name or owner/name")
    rows.add_argument(
        "--instances", "--instance", metavar="ID,..", action="append", default=[], help="only these; repeatable"
    )
    rows.add_argument("--limit", metavar="N", type=int, help="only the first N")
    parser.add_argument("--top", metavar="N", type=int, default=10, help="files shown (default: 10)")
    parser.add_argument("--elements", action="store_true", help="rank the functions in these files as well")
    parser.add_argument("--json", action="store_true", help="print JSON; for a dataset, one object per line")
    add_voter_options(parser)


def add_voter_options(parser: argparse.ArgumentParser) -> None:
    """A model whose votes are fused with retrieval, and the configuration."""
    model = parser.add_argument_group("model (default: none)")
    model.add_argument("--model", metavar="PROFILE", default="", help="profile of a model that votes on the files")
    model.add_argument("--base-url", metavar="URL", action="append", default=[], help="its server; repeatable")
    model.add_argument("--model-name", metavar="NAME", default="", help="its name there (default: the only one)")
    model.add_argument("--api-key-env", metavar="VAR", default="", help="variable that holds the API key")
    config = parser.add_argument_group("configuration")
    config.add_argument("--preset", metavar="NAME", default="", help="protocol (default: as for solve)")
    config.add_argument(
        "--config", metavar="FILE", type=Path, action="append", default=[], help="YAML on top of it"
    )
    config.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="e.g. localize.rollouts=4",
    )
    parser.set_defaults(samples=None)


def run(args: argparse.Namespace) -> int:
    """Rank and print.

    Raises:
        InputError: anything the user gave that cannot be used.
    """
    from agentless.cli.model import embedded_profile, fetch_embedded
    from agentless.cli.progress import PlainReporter, reporter
    from agentless.cli.rank import Ranking, own_problem, rank, rank_rows, row_problems

    many = check_problem(args)
    config, votes = settings(args)
    if votes:
        embedded_profile(config)
    problems = row_problems(args) if many else [own_problem(args)]
    with PlainReporter(many=True) if many else reporter() as shown:
        weights = fetch_embedded(config, shown) if votes else None
        ranking = Ranking(config=config, votes=votes, weights=weights, shown=shown)
        if many:
            failed = asyncio.run(rank_rows(problems, ranking, lambda found: show(found, args, indent=None)))
        else:
            found, failed = asyncio.run(rank(problems[0], ranking)), {}
    if not many:
        show(found, args, indent=2)  # after the progress bars are gone
        return 0 if found.files else 1
    for instance_id, error in failed.items():
        sys.stderr.write(f"{instance_id}: {error}\n")
    return 1 if failed else 0


def check_problem(args: argparse.Namespace) -> bool:
    """Whether rows of a dataset are meant, and not a repository of the user's own.

    Raises:
        InputError: neither, half of one, or both; or no file to show.
    """
    from agentless.errors import InputError

    own, rows = (args.repo, args.issue), (args.dataset, args.repos)
    if any(own) == any(rows) or not (all(own) or all(rows)):
        raise InputError("give --repo and --issue, or --dataset and --repos")
    if any(own) and (args.instances or args.limit is not None):
        raise InputError("--instances and --limit choose rows of a --dataset")
    if any(rows) and args.commit:
        raise InputError("--commit goes with --repo; rows have commits of their own")
    if args.top < 1:
        raise InputError(f"--top {args.top}: show at least 1 file")
    return bool(args.dataset)


def settings(args: argparse.Namespace) -> "tuple[RunConfig, bool]":
    """The configuration, and whether a model votes.

    Raises:
        ConfigError: an unknown preset, model, key or value.
    """
    named = bool(args.model or args.base_url)
    args.overrides = [f"localize.top_files={args.top}", *args.overrides]
    if not args.elements:
        args.overrides.append("localize.elements=none")
    config = config_from(args)
    votes = named or bool(config.model.base_urls)
    if args.elements and config.localize.elements == "none":
        localize = config.localize.model_copy(update={"elements": "retrieval"})
        config = config.model_copy(update={"localize": localize})
    return config, votes


def show(found: "Localization", args: argparse.Namespace, *, indent: int | None) -> None:
    """One ranking on standard output."""
    from agentless.cli.ranking import as_json, print_ranking

    if args.json:
        print(as_json(found, indent), flush=True)
    else:
        print_ranking(found)
