"""`agentless serve`: vLLM for a model profile, with its context stretched as the profile says."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from agentless.cli.options import add_profiles_option

if TYPE_CHECKING:
    from agentless.llm.vllm import ServeOptions

HELP = "serve a model profile through vLLM until Ctrl-C; what follows -- goes to vLLM"
WAYS = "name one with --vllm PROGRAM, or see the command alone with --print-command"
EXAMPLE = "agentless serve nemotron-cascade-14b-thinking --gpus 8 -- --enforce-eager"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `serve`."""
    parser.add_argument("profile", metavar="PROFILE", help="a name of `agentless models`")
    parser.add_argument("--gpus", metavar="N", type=int, default=0, help="copies of the model (default: all GPUs)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", metavar="PORT", type=int, default=8000, help="default: 8000")
    parser.add_argument("--checkpoint", metavar="DIR", type=Path, help="local copy of the model")
    parser.add_argument("--vllm", metavar="PROGRAM", default="", help="vLLM to start (default: `vllm` on PATH)")
    parser.add_argument("--max-num-seqs", metavar="N", type=int, default=0, help="default: from the GPU's memory")
    parser.add_argument(
        "--kv-cache-dtype", choices=("auto", "fp8"), default="auto", help="fp8 holds twice as much"
    )
    parser.add_argument(
        "--gpu", metavar="NAME", default="", help="GPU to plan for, e.g. h100 (default: the one here)"
    )
    parser.add_argument("--everyday", action="store_true", help="the YaRN factor for everything but SWE-bench")
    parser.add_argument("--log", metavar="FILE", type=Path, help="also keep vLLM's log in a file")
    parser.add_argument("--print-command", action="store_true", help="print the command and start nothing")
    add_profiles_option(parser)
    parser.set_defaults(extra=())


def run(args: argparse.Namespace) -> int:
    """Plan, then print or serve.

    Raises:
        ConfigError: the model cannot be served here, and why.
        ModelServerError: vLLM did not start, or serves less than asked for.
    """
    import asyncio

    from agentless.cli.foreground import serve_until_interrupted
    from agentless.llm.serving import plan_server
    from agentless.llm.vllm import vllm_program
    from agentless.profiles import find_profile

    profile, options = find_profile(args.profile), options_of(args)
    if profile.server == "vllm" and (args.vllm or not args.print_command):
        vllm_program(args.vllm, WAYS)
    plan = plan_server(profile, options, folder=args.checkpoint, program=args.vllm, only_print=args.print_command)
    if args.print_command:
        print(shlex.join(plan.command))
        return 0
    return asyncio.run(serve_until_interrupted(plan, args.log))


def options_of(args: argparse.Namespace) -> "ServeOptions":
    """What the user chose, with this machine's GPUs where nothing was said.

    Raises:
        ConfigError: an unknown GPU, more copies than there are GPUs, or a number out of range.
    """
    from agentless.errors import ConfigError
    from agentless.gpus import copies, find_gpu, installed_gpus
    from agentless.llm.extra import gpus_of_a_copy
    from agentless.llm.vllm import ServeOptions

    if args.gpus < 0 or args.max_num_seqs < 0 or not 0 < args.port < 65536:
        raise ConfigError("--gpus and --max-num-seqs must be at least 1, --port between 1 and 65535")
    here = [] if args.gpu and args.print_command else installed_gpus()
    memory = find_gpu(args.gpu).memory_gib if args.gpu else min((gib for _, gib in here), default=0.0)
    return ServeOptions(
        gpus=copies(args.gpus, gpus_of_a_copy(args.extra), 0 if args.print_command and args.gpus else len(here)),
        host=args.host,
        port=args.port,
        max_num_seqs=args.max_num_seqs,
        kv_cache_dtype=args.kv_cache_dtype,
        gpu_memory_gib=memory,
        everyday=args.everyday,
        extra=args.extra,
    )
