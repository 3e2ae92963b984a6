"""The command that starts vLLM for a profile, and whether the model fits.

vLLM (since 0.30) neither multiplies the length by the YaRN factor nor keeps rope_theta when rope_parameters are
overridden: without max_position_embeddings it refuses 98,304 tokens, or serves 32,768 without a word. So the whole
override is built here from the checkpoint's own config.json, and what the server reports after its start is
compared with what was asked for.
"""

import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agentless.errors import ConfigError, ModelServerError
from agentless.llm.checkpoint import Checkpoint
from agentless.llm.extra import UNPLANNED, gpus_of_a_copy, share, value_of, whole
from agentless.profiles import ModelProfile

UTILIZATION = 0.92
"""Share of a GPU's memory that vLLM may use."""
OVERHEAD_GIB = 3.0
"""Activations, CUDA graphs and buffers."""
LIVE_TOKENS = 5070
"""Key-value tokens that one running sample needs of its own in the mean: half of a reply of 8,000 tokens and its
share of the prompt. Gives the sequences that were found to work: 48 for the 14B on 80 GB, 128 on 141 GB."""
SEQUENCES_STEP = 16
MOST_SEQUENCES = 256
BATCHED_TOKENS = 8192
WAYS = "name one with --set model.vllm=PATH, give --base-url, or use --model embedded, which needs no GPU"
"""Without vLLM, for commands that can ask another server."""
LARGEST = 2**31
"""No number of a real config.json comes near."""
KIB_PER_GIB = 1024 * 1024

CacheType = Literal["auto", "fp8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the user may choose."""

    gpus: int = 1
    """Copies of the model (data parallel), each on one GPU, or on as many as `extra` spreads it over."""
    host: str = "127.0.0.1"
    port: int = 8000
    max_num_seqs: int = 0
    """0 = from the memory."""
    kv_cache_dtype: CacheType = "auto"
    """auto = bf16; fp8 holds twice as much and changes scores a little."""
    gpu_memory_gib: float = 0.0
    """Memory of one GPU; 0 = not known: vLLM's own number of sequences."""
    everyday: bool = False
    """The card's YaRN factor for everything but SWE-bench."""
    extra: tuple[str, ...] = ()
    """Further vLLM arguments; they come last and win."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The arithmetic of memory for one copy of the model."""

    pool_gib: float
    """Left for keys and values, on each of its GPUs."""
    kib_per_token: float
    pool_tokens: int
    """Keys and values that its GPUs hold together."""
    full_sequences: float
    """Sequences of the whole context that fit at once."""
    max_num_seqs: int


def context_of(profile: ModelProfile, config: Mapping[str, Any], *, everyday: bool = False) -> int:
    """Prompt + output tokens to serve.

    Raises:
        ConfigError: without YaRN, more than the checkpoint's positions; or no number in its config.
    """
    if profile.yarn:
        factor = profile.yarn.otherwise if everyday else profile.yarn.factor
        return min(profile.context_tokens, int(factor * profile.yarn.original_max_position_embeddings))
    positions = number_in(config, "max_position_embeddings")
    if positions and positions < profile.context_tokens:
        raise ConfigError(
            f"{profile.name}: context_tokens {profile.context_tokens}, but the checkpoint has {positions}"
            " positions and the profile no yarn; lower one or add the other in a profiles file"
        )
    return profile.context_tokens


def number_in(config: Mapping[str, Any], key: str) -> int:
    """A whole number of a config.json, 0 where it is not there or null.

    Raises:
        ConfigError: it is something else: a text, a fraction, or beyond all reason.
    """
    value = config.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST:
        raise ConfigError(f"config.json of the checkpoint: {key} is {repr(value)[:40]}, not a whole number from 1")
    return value


def overrides(profile: ModelProfile, config: Mapping[str, Any], *, everyday: bool = False) -> dict[str, Any]:
    """`--hf-overrides`: positions and the whole of rope_parameters; empty without YaRN.

    Raises:
        ConfigError: the checkpoint does not say its rope_theta.
    """
    if profile.yarn is None:
        return {}
    parts = config.get("rope_parameters")
    theta = config.get("rope_theta") or (parts.get("rope_theta") if isinstance(parts, Mapping) else None)
    if theta is None:
        raise ConfigError(
            f"{profile.name}: config.json of the checkpoint names no rope_theta; is it a whole model?"
        )
    if isinstance(theta, bool) or not isinstance(theta, int | float) or not 0 < theta < math.inf:
        raise ConfigError(f"config.json of the checkpoint: rope_theta is {repr(theta)[:40]}, not a number above 0")
    factor = profile.yarn.otherwise if everyday else profile.yarn.factor
    original = profile.yarn.original_max_position_embeddings
    return {
        "max_position_embeddings": int(factor * original),
        "rope_parameters": {
            "rope_type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": original,
            "rope_theta": theta,
        },
    }


def kib_per_token(config: Mapping[str, Any], cache: CacheType) -> float:
    """KiB of keys and values per token: 2 x layers x KV heads x head size x bytes; 0 where these are not there.

    Raises:
        ConfigError: one of these is no number.
    """
    layers = number_in(config, "num_hidden_layers")
    heads = number_in(config, "num_key_value_heads")
    size = number_in(config, "head_dim")
    if not size:
        size = number_in(config, "hidden_size") // (number_in(config, "num_attention_heads") or LARGEST)
    return 2 * layers * heads * size * (1 if cache == "fp8" else 2) / 1024


def fit(profile: ModelProfile, config: Mapping[str, Any], options: ServeOptions) -> Fit | None:
    """Whether and how a copy of the model fits; None where memory or model are not known.

    The user's own arguments count: one copy over several GPUs, the share of memory, the cache's type, the context.

    Raises:
        ConfigError: not even one sequence of the whole context fits; the text has the numbers.
    """
    if not options.gpu_memory_gib or profile.memory is None:
        return None
    if any(value_of(options.extra, name) for name in UNPLANNED):
        return None
    spread = gpus_of_a_copy(options.extra)
    utilization = share(options.extra, "--gpu-memory-utilization", UTILIZATION)
    cache: CacheType = "fp8" if "fp8" in cache_of(options) else "auto"
    per_token = kib_per_token(config, cache) or profile.memory.kv_kib_per_token / (2 if cache == "fp8" else 1)
    context = asked_context(options, context_of(profile, config, everyday=options.everyday))
    pool = options.gpu_memory_gib * utilization - profile.memory.weights_gib / spread - OVERHEAD_GIB
    tokens = max(0, int(pool * spread * KIB_PER_GIB / per_token))
    if tokens < context:
        over = f" on each of {spread} GPUs" if spread > 1 else ""
        raise ConfigError(
            f"{profile.name} does not fit{over}: {options.gpu_memory_gib:.0f} GiB x {utilization:g} - weights"
            f" {profile.memory.weights_gib / spread:g} - {OVERHEAD_GIB:.0f} = {pool:.1f} GiB for {context} tokens"
            f" of {per_token / spread:.0f} KiB ({context * per_token / spread / KIB_PER_GIB:.1f} GiB); take"
            f" a larger GPU, --kv-cache-dtype fp8, or -- --tensor-parallel-size {2 * spread}"
        )
    sequences = max(1, round(tokens / LIVE_TOKENS / SEQUENCES_STEP)) * SEQUENCES_STEP
    return Fit(
        pool_gib=pool,
        kib_per_token=per_token,
        pool_tokens=tokens,
        full_sequences=tokens / context,
        max_num_seqs=options.max_num_seqs or min(sequences, MOST_SEQUENCES),
    )


def cache_of(options: ServeOptions) -> str:
    """The type of cached keys and values that vLLM is told in the end."""
    return value_of(options.extra, "--kv-cache-dtype") or options.kv_cache_dtype


def asked_context(options: ServeOptions, context: int) -> int:
    """What `--max-model-len` says in the end: the user's own argument wins.

    Raises:
        ConfigError: it is no number.
    """
    if value_of(options.extra, "--max-model-len") in ("auto", "-1"):
        return context
    return whole(options.extra, "--max-model-len", context)


def serve_command(
    profile: ModelProfile, checkpoint: Checkpoint, place: str, options: ServeOptions, program: Sequence[str]
) -> list[str]:
    """The whole command line.

    Args:
        place: `checkpoint.local_place`, or what stands for it.
        program: how vLLM is started, e.g. `("vllm",)`.

    Raises:
        ConfigError: the model does not fit, or the checkpoint lacks what must be known.
    """
    config = checkpoint.config
    context = context_of(profile, config, everyday=options.everyday)
    fitted = fit(profile, config, options)
    sequences = options.max_num_seqs or (fitted.max_num_seqs if fitted else 0)
    command = [*program, "serve", place]
    if checkpoint.revision and place == checkpoint.place:
        command += ["--revision", checkpoint.revision]
    command += ["--served-model-name", profile.name, "--dtype", "bfloat16", "--max-model-len", str(context)]
    if changed := overrides(profile, config, everyday=options.everyday):
        command += ["--hf-overrides", json.dumps(changed, separators=(",", ":"))]
    command += ["--gpu-memory-utilization", str(UTILIZATION)]
    if sequences:
        command += ["--max-num-seqs", str(sequences)]
    command += ["--max-num-batched-tokens", str(BATCHED_TOKENS), "--enable-prefix-caching"]
    if options.kv_cache_dtype != "auto":
        command += ["--kv-cache-dtype", options.kv_cache_dtype]
    if options.gpus > 1:
        command += ["--data-parallel-size", str(options.gpus)]
    command += ["--generation-config", "vllm", "--seed", "0", "--host", options.host, "--port", str(options.port)]
    return [*command, *options.extra]


def vllm_program(named: str = "", ways: str = WAYS) -> tuple[str, ...]:
    """How vLLM is started: from PATH, else from beside this interpreter, e.g. in a .venv that is not activated.

    Args:
        named: the user's program, a path or a name on PATH.
        ways: what else the user of the command that asks can do.

    Raises:
        ConfigError: it is not there.
    """
    found = shutil.which(named or "vllm")
    if found is None and not named:
        found = shutil.which("vllm", path=str(Path(sys.executable).parent))
    if found is None:
        missing = f"{named}: no such program" if named else "vllm is not installed"
        raise ConfigError(f"{missing}; pip install 'agentless-swe[serve]' on a machine with a GPU, {ways}")
    return (found,)


def check_served(name: str, asked: int, listed: Mapping[str, int]) -> None:
    """Whether the server holds the context that it was asked for.

    Args:
        listed: model name -> max_model_len, as `/v1/models` says.

    Raises:
        ModelServerError: it serves another model or less.
    """
    if name not in listed:
        raise ModelServerError(f"the server lists {', '.join(listed) or 'no model'}, not {name}")
    if listed[name] < asked:
        raise ModelServerError(
            f"{name} is served with {listed[name]} tokens instead of {asked}: its positions were not stretched;"
            " remove arguments after -- that touch --hf-overrides or --max-model-len, or update vLLM"
        )
