"""`agentless report`: what became of a run, stage by stage."""

import argparse
import json
from pathlib import Path

HELP = "outcomes of a run, stage by stage"
EXAMPLE = "agentless report runs/first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `report`."""
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="run folder of solve or run")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Summarize and print.

    Raises:
        RunFolderError: not a run folder.
    """
    from dataclasses import asdict

    from agentless.cli.summary import print_summary
    from agentless.report import summarize

    summary = summarize(args.run_dir)
    if args.json:
        print(json.dumps(asdict(summary), indent=2))
    else:
        print_summary(summary)
    return 0
