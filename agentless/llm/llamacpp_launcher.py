"""llama.cpp's own HTTP server, run from the `xllamacpp` wheel: `python -P -m agentless.llm.llamacpp_launcher ...`.

A process of its own, because the library holds gigabytes and cannot be stopped inside another one.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

CACHE_MIB = 1024
"""Memory for prompts that a slot no longer holds: 37,000 tokens of the 1.5B (28 KiB each); the default of 8 GiB
would end small machines."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The launcher's arguments."""
    parser = argparse.ArgumentParser(prog="llamacpp_launcher")
    parser.add_argument("--weights", required=True, help="GGUF file")
    parser.add_argument("--name", required=True, help="model name in /v1/models")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context-tokens", type=int, required=True, help="prompt + output tokens of each slot")
    parser.add_argument("--slots", type=int, default=1, help="requests at once")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-drafts", action="store_true", help="do not guess tokens from the prompt")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Serve until a signal comes."""
    options = parse(argv)
    import xllamacpp  # heavy: 100 MB of native code

    params = xllamacpp.CommonParams()
    params.model.path = options.weights
    params.model_alias = {options.name}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.n_ctx = options.context_tokens * options.slots  # llama.cpp divides it among the slots
    params.n_parallel = options.slots
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.cache_ram_mib = CACHE_MIB
    if not options.no_drafts:
        # A rewritten function is mostly a copy of the prompt: runs of tokens seen before are guessed and checked
        # in one step. The reply's distribution stays the same.
        params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    params.endpoint_metrics = True
    params.cors_origins = "http://127.0.0.1"  # not `*`: web pages in a browser have no business here
    params.ui = False
    server = xllamacpp.Server(params)
    sys.stdout.write(f"listening on {server.listening_address}\n")
    sys.stdout.flush()
    signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
