"""`agentless`: parse, call one command, turn errors into exit codes 0 (done), 1 (failed), 2 (bad input)."""

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

from agentless.errors import AgentlessError, InputError, StoreError

COMMANDS = (
    "solve",
    "run",
    "localize",
    "select",
    "score",
    "report",
    "export",
    "models",
    "estimate",
    "serve",
    "images",
    "cache",
    "doctor",
)
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Bad input is one line that names the fix, here too: not the usage of 20 options before it."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 done, 1 failed, 2 bad input, 130 interrupted.
    """
    args = parse(list(sys.argv[1:] if argv is None else argv))
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which `nohup` asks for
        signal.signal(signal.SIGHUP, interrupt)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except (InputError, StoreError) as error:  # a full disk is the user's to clear
        return fail(args.command, str(error), 2)
    except AgentlessError as error:
        return fail(args.command, str(error), 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of stdout left, e.g. `| head`; nothing is worth saying
        return 1
    except OSError as error:  # a full disk, a missing permission
        place = f"{error.filename}: " if error.filename else ""
        return fail(args.command, f"{place}{error.strerror or error}; free some space or name another place", 2)
    except KeyboardInterrupt:
        return fail(args.command, "interrupted; the same command goes on where it stopped", INTERRUPTED)
    return code


def parse(argv: list[str]) -> argparse.Namespace:
    """The options; what follows `--` is kept apart for commands that hand it on, as `extra`."""
    end = argv.index("--") if "--" in argv else len(argv)
    own, extra = argv[:end], argv[end + 1 :]
    parser = build_parser()
    args, unknown = parser.parse_known_args(own)
    problem = f"unrecognized arguments: {' '.join(unknown)}" if unknown else ""
    if hasattr(args, "extra"):
        args.extra = tuple(extra)
    elif end < len(argv):
        problem = problem or "it takes nothing after --"
    if problem:
        parser.prog = f"{parser.prog} {args.command}"  # its own help is the one to read
        parser.error(problem)
    return args


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command; a command's module is light, its work is imported when it runs."""
    parser = Parser(
        prog="agentless",
        description="An issue and a repository in, a validated patch out: localize, repair, validate.",
    )
    parser.add_argument("--version", action="version", version=f"agentless {package_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"agentless.cli.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def package_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("agentless-swe")
    except PackageNotFoundError:
        return "0 (not installed)"


def interrupt(number: int, frame: object) -> None:
    """SIGTERM and a closed terminal are handled like Ctrl-C, so that servers and sandboxes are stopped in order.

    A script that starts us in the background has SIGINT ignored, which must not make us deaf to SIGTERM.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)


def fail(command: str, text: str, code: int) -> int:
    """One line on stderr, and the exit code."""
    sys.stderr.write(f"agentless {command}: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
