"""`agentless cache`: what lies in the cache folder, and making it smaller."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentless.cli.stored import Part

HELP = "what the cache folder holds, and how to make it smaller"
EXAMPLE = "agentless cache prune --older-than 30 --max-size 2000"
MB = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `cache`."""
    parser.add_argument("action", choices=("info", "prune"), help="show what is there, or remove what is old")
    parser.add_argument("--older-than", metavar="DAYS", type=int, help="remove what was not used for so long")
    parser.add_argument(
        "--max-size",
        metavar="MB",
        type=int,
        help="then the least recently used until facts, histories, weights fit",
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def run(args: argparse.Namespace) -> int:
    """Show, or prune and show what is left; 1 when something could not be removed.

    Raises:
        InputError: a prune without a bound, or a bound without a prune.
    """
    from agentless.cli.stored import parts_of, prune
    from agentless.folders import cache_folder

    check_bounds(args)
    folder = cache_folder()
    before = parts_of(folder)
    kept: list[str] = []
    if args.action == "prune":
        kept = prune(folder, args.older_than, None if args.max_size is None else args.max_size * MB)
    after = parts_of(folder)
    show(str(folder), after, as_json=args.json)
    if args.action == "prune":
        freed = sum(part.bytes for part in before) - sum(part.bytes for part in after)
        gone = sum(part.entries for part in before) - sum(part.entries for part in after)
        show_removed(max(0, gone), max(0, freed), kept)
    return int(bool(kept))


def show_removed(entries: int, size: int, kept: list[str]) -> None:
    """What a prune did, and what could not go and why; on standard error."""
    done = f"removed {entries:,} {'entry' if entries == 1 else 'entries'}, {size / MB:,.1f} MB"
    if kept:
        lead = f"{done}; some could not be removed" if entries else "nothing could be removed"
        done = f"{lead}: {'; '.join(kept)}"
    sys.stderr.write(f"{done}\n")


def check_bounds(args: argparse.Namespace) -> None:
    """Whether the bounds go with the action.

    Raises:
        InputError: they do not.
    """
    from agentless.errors import InputError

    bounds = [bound for bound in (args.older_than, args.max_size) if bound is not None]
    if args.action == "prune" and not bounds:
        raise InputError("prune needs --older-than DAYS or --max-size MB; --max-size 0 removes all that can go")
    if args.action == "info" and bounds:
        raise InputError("--older-than and --max-size go with prune")
    if any(bound < 0 for bound in bounds):
        raise InputError("--older-than and --max-size must not be negative")


def show(folder: str, parts: "list[Part]", *, as_json: bool) -> None:
    """The table on standard output."""
    from dataclasses import asdict

    if as_json:
        print(json.dumps({"folder": folder, "parts": [asdict(part) for part in parts]}, indent=2))
        return
    print(folder)
    width = max((len(part.name) for part in parts), default=0)
    for part in parts:
        print(f"  {part.name:{width}} {part.bytes / MB:10,.1f} MB {part.entries:9,} entries  {part.about}")
    if not parts:
        print("  empty")
