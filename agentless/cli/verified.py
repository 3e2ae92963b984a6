"""`make swe-verified` and `make ladder`: doctor, run, score, report and export, one after the other.

`python -m agentless.cli.verified --help`. Each step resumes by itself, so that the whole is resumed by calling it
again; the model's server lives inside the step `run` and is gone before the first patch is scored.
"""

import argparse
import asyncio
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.cli.main import INTERRUPTED, fail, main
from agentless.errors import AgentlessError, ConfigError, DownloadError, EngineError, InputError, ModelServerError

if TYPE_CHECKING:
    from agentless.config import RunConfig
    from agentless.profiles import ModelProfile

NAME = "verified"
FEW_SAMPLES = 8
"""Up to so many samples an instance, each is scored by itself (avg@k)."""
LOADING_S = 60.0
"""For a server that loads its model when we look."""
NO_SERVER = (
    "{problem}. Name a server: BASE_URL=http://HOST:8000/v1, or take the model that needs no GPU: MODEL=embedded"
)

INSTALL_VLLM = ".venv/bin/pip install -e '.[serve]'"


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The options; empty texts count as not given, since make hands on empty variables.

    Raises:
        ConfigError: a number that is none.
    """
    parser = argparse.ArgumentParser(prog="python -m agentless.cli.verified", description=__doc__)
    parser.add_argument("--model", default="", help="profile (default: nemotron-cascade-14b-thinking)")
    parser.add_argument("--preset", default="", help="protocol (default: the profile's)")
    parser.add_argument("--run-dir", default="", help="default: runs/MODEL-PRESET")
    parser.add_argument("--base-url", default="", help="servers, separated by blanks (default: one is started)")
    parser.add_argument("--dataset", default="verified", help="file, or: verified")
    parser.add_argument("--repos", default="", help="git repositories (default: mirrors in the cache)")
    parser.add_argument("--limit", default="", help="only the first N instances")
    parser.add_argument("--gpus", default="", help="copies of the model (default: all GPUs)")
    parser.add_argument("--workers", default="", help="patches scored at a time")
    parser.add_argument("--set", action="append", default=[], dest="overrides", help="as in `agentless run`")
    parser.add_argument("--ladder", action="store_true", help="every checkpoint of the 8B, then one table")
    args = parser.parse_args([part for part in argv if part])
    for name in ("limit", "gpus", "workers"):
        text = getattr(args, name).strip()
        if text and not (text.isascii() and text.isdigit() and int(text) > 0):
            raise ConfigError(f"{name.upper()}={text}: not a whole number from 1")
        setattr(args, name, text)
    return args


def ready(args: argparse.Namespace) -> None:
    """Whether everything that the steps need is there, before the first one takes hours.

    Raises:
        ConfigError: no server and none that could be started, or a setting that does not exist.
        EngineError: no Docker Engine answers.
        DownloadError: the dataset or the checkpoint's config.json cannot be had.
        ModelServerError: no server answers.
    """
    from agentless.cli.containers import connected
    from agentless.cli.model import embedded_profile
    from agentless.config import load_config
    from agentless.named_datasets import dataset_file
    from agentless.profiles import find_profile, ladder

    profile = find_profile(args.model)
    config = load_config(args.preset or profile.preset, overrides=args.overrides)
    update = {"profile": profile.name, "gpus": int(args.gpus or config.model.gpus)}
    config = config.model_copy(update={"model": config.model.model_copy(update=update)})
    if args.base_url:
        asyncio.run(check_servers(args.base_url.split(), config))
    elif profile.server == "llamacpp":
        embedded_profile(config)
    else:
        for each in ladder() if args.ladder else (profile,):
            check_serving(each, config)
    try:
        rows = dataset_file(args.dataset)
    except DownloadError as error:
        problem = str(error).partition(";")[0]
        raise DownloadError(f"{problem}; name a file of its rows: DATASET=FILE") from error
    if not rows.is_file():
        raise ConfigError(f"DATASET={args.dataset}: no such file; name a file of rows, or: verified")
    connected(required=True)


async def check_servers(urls: Sequence[str], config: "RunConfig") -> None:
    """Whether one of the servers answers and serves the model, as the run will ask it.

    Raises:
        ConfigError: no address, no such model, no such mode, or too short a context.
        ModelServerError: none answers, or the key is refused.
    """
    from agentless.cli.options import checked_url, within
    from agentless.config import check_context
    from agentless.llm.connect import find_endpoint, open_http

    base_urls = tuple(checked_url(url) for url in urls)
    model = config.model.model_copy(update={"base_urls": base_urls})
    async with open_http(model) as http:
        try:
            endpoint = await find_endpoint(http, model, LOADING_S)
        except ModelServerError as error:
            raise ModelServerError(f"{error}; or take the model that needs no server: MODEL=embedded") from error
    check_context(within(model.profile, config), endpoint.context_tokens)


def check_serving(profile: "ModelProfile", config: "RunConfig") -> None:
    """Whether vLLM can be started for a profile, before anything large is fetched.

    Raises:
        ConfigError: no vLLM, no GPU, or the model does not fit.
        DownloadError: the checkpoint's config.json cannot be had.
    """
    from agentless.cli.model import serve_options
    from agentless.gpus import installed_gpus
    from agentless.llm.serving import plan_server
    from agentless.llm.vllm import vllm_program

    if profile.server == "hosted":
        raise ConfigError(NO_SERVER.format(problem=f"{profile.name} is hosted elsewhere"))
    if not installed_gpus() and not config.model.vllm:
        raise ConfigError(NO_SERVER.format(problem="this machine has no NVIDIA GPU"))
    try:
        vllm_program(config.model.vllm)
    except ConfigError as error:
        problem = f"{str(error).partition(';')[0]}: {INSTALL_VLLM}"
        raise ConfigError(NO_SERVER.format(problem=problem)) from error
    folder = Path(config.model.checkpoint) if config.model.checkpoint else None
    plan_server(profile, serve_options(config.model), folder=folder, program=config.model.vllm, only_print=True)


def steps(args: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """(name, command line) of every step."""
    from agentless.config import load_config
    from agentless.profiles import find_profile

    preset = args.preset or find_profile(args.model).preset
    config = load_config(preset, overrides=args.overrides)
    run_dir = args.run_dir or str(Path("runs") / f"{args.model}-{preset}")
    run = ["run", "--dataset", args.dataset, "--run-dir", run_dir, "--model", args.model, "--preset", preset]
    run += [part for url in args.base_url.split() for part in ("--base-url", url)]
    run += ["--repos", args.repos] if args.repos else []
    run += ["--limit", args.limit] if args.limit else []
    run += ["--set", f"model.gpus={args.gpus}"] if args.gpus else []
    run += [part for text in args.overrides for part in ("--set", text)]
    score = ["score", run_dir, "--dataset", args.dataset]
    score += ["--workers", args.workers] if args.workers else []
    score += ["--all-samples"] if config.repair.samples <= FEW_SAMPLES else []
    bundle = ["export", run_dir, "--format", "leaderboard", "--output", str(Path(run_dir) / "submission")]
    return [("run", run), ("score", score), ("report", ["report", run_dir]), ("export", bundle)]


def perform(named: Sequence[tuple[str, list[str]]], call: Callable[[Sequence[str]], int]) -> int:
    """Every step in order.

    A step that failed for some instances (1) does not stop the next, which works on the others; bad input (2) and
    an interruption do.

    Returns:
        0 when every step was whole, else the last code that was not.
    """
    worst = 0
    for number, (name, line) in enumerate(named, start=1):
        sys.stderr.write(f"\n== {number}/{len(named)} {name}: agentless {shlex.join(line)}\n")
        code = call(line)
        if code not in (0, 1):
            sys.stderr.write(f"agentless {NAME}: stopped in the step {name}; what is done is kept\n")
            return code
        worst = code or worst
    return worst


def checkpoints(args: argparse.Namespace, call: Callable[[Sequence[str]], int]) -> int:
    """Every checkpoint of the ladder, first to last, then one table of all.

    Raises:
        InputError: one server for six models.
    """
    from agentless.profiles import ladder

    check_ladder(args)
    base = Path(args.run_dir or Path("runs") / "ladder")
    worst = 0
    for profile in ladder():
        own = argparse.Namespace(**{**vars(args), "model": profile.name, "run_dir": str(base / profile.name)})
        code = perform(steps(own)[:2], call)
        if code not in (0, 1):
            return code
        worst = code or worst
    runs = [str(base / profile.name) for profile in ladder()]
    return perform([("compare", ["report", runs[0], "--compare", *runs[1:]])], call) or worst


def check_ladder(args: argparse.Namespace) -> None:
    """Whether the ladder can serve its checkpoints itself.

    Raises:
        InputError: one server for six models.
    """
    if args.base_url:
        raise InputError("the ladder serves each checkpoint itself; leave BASE_URL out")


def verified(argv: Sequence[str] | None = None) -> int:
    """The whole; see `agentless.cli.main` for exit codes."""
    try:
        args = arguments(list(sys.argv[1:] if argv is None else argv))
        args.model = args.model or ("nemotron-cascade-8b" if args.ladder else "nemotron-cascade-14b-thinking")
        if args.ladder:
            check_ladder(args)
            args.preset = args.preset or "nemotron-cascade-paper"
        ready(args)
        return checkpoints(args, main) if args.ladder else perform(steps(args), main)
    except (InputError, EngineError, ModelServerError) as error:
        return fail(NAME, str(error), 2)
    except AgentlessError as error:
        return fail(NAME, str(error), 1)
    except KeyboardInterrupt:
        return fail(NAME, "interrupted; the same command goes on where it stopped", INTERRUPTED)


if __name__ == "__main__":
    sys.exit(verified())
