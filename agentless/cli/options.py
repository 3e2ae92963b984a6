"""Options that commands share, and the RunConfig they make."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentless.config import RunConfig

DEFAULT_MODEL = "embedded"
USER_FILE = "AGENTLESS_PROFILES"
"""`agentless.profiles.USER_FILE`, which is too heavy to import for a list of options."""
TEMPLATE_TOKENS = 64
"""Kept free for the chat template in a profile's limit of prompts."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which model, which preset, which overrides."""
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model", metavar="PROFILE", default="", help="model profile (default: embedded, on this CPU)"
    )
    model.add_argument(
        "--base-url", metavar="URL", action="append", default=[], help="OpenAI-compatible server; repeatable"
    )
    model.add_argument(
        "--model-name", metavar="NAME", default="", help="model on that server (default: its only one)"
    )
    model.add_argument(
        "--api-key-env", metavar="VAR", default="", help="environment variable that holds the API key"
    )
    model.add_argument(
        "--mode",
        choices=("think", "no_think"),
        default="",
        help="of a hybrid model (default: the profile's first)",
    )
    add_profiles_option(model)
    config = parser.add_argument_group("configuration")
    config.add_argument(
        "--preset", metavar="NAME", default="", help="protocol (default: embedded or nemotron-cascade)"
    )
    config.add_argument(
        "--config", metavar="FILE", type=Path, action="append", default=[], help="YAML layered on the preset"
    )
    config.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="overrides", help="e.g. repair.samples=8"
    )
    config.add_argument(
        "--samples", metavar="N", type=int, help="tries per instance, short for --set repair.samples=N"
    )


class ProfilesFile(argparse.Action):
    """Names a file of profiles for this command, as the environment variable does."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Put the path where `agentless.profiles` looks."""
        os.environ[USER_FILE] = str(Path(str(values)).absolute())
        setattr(namespace, self.dest, values)


def add_profiles_option(parser: argparse._ActionsContainer) -> None:
    """A file with further model profiles."""
    parser.add_argument(
        "--profiles",
        metavar="FILE",
        action=ProfilesFile,
        help=f"YAML with more profiles (default: ${USER_FILE})",
    )


def add_sandbox_options(parser: argparse.ArgumentParser, *, images: bool = True) -> None:
    """What is executed, and where; `docker` only where instances can have images."""
    group = parser.add_argument_group("tests")
    group.add_argument(
        "--test-cmd", metavar="CMD", help="runs the tests, exit 0 = pass; {files} stands for test files"
    )
    group.add_argument("--python", metavar="PATH", help="interpreter that has the project's dependencies")
    group.add_argument(
        "--sandbox",
        choices=("auto", *(("docker",) if images else ()), "bwrap", "host", "none"),
        help="where generated code runs; host = on this machine, unprotected",
    )


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Containers of a dataset's instances."""
    group = parser.add_argument_group("containers")
    group.add_argument(
        "--image-template",
        metavar="TEXT|FILE",
        help="instance -> image, e.g. local/{instance_id}, or a map in a file",
    )
    group.add_argument(
        "--reuse-containers", action="store_true", default=None, help="one per instance, reset between candidates"
    )
    group.add_argument(
        "--prune", action="store_true", default=None, dest="prune_images",
        help="remove an image that this run pulled after its last use",
    )  # fmt: skip


def config_from(args: argparse.Namespace) -> "RunConfig":
    """Preset, then `--config` files, then options, then `--set`.

    Raises:
        ConfigError: an unknown preset, model, key or value, or an unreadable file.
    """
    from agentless.config import load_config, parse_override

    layers = [read_layer(path) for path in args.config]
    model = model_of(layers)
    chosen = model_of([parse_override(text) for text in args.overrides])  # `--set` wins over everything
    named = chosen.get("profile") or args.model or model.get("profile") or ""
    servers = args.base_url or model.get("base_urls") or chosen.get("base_urls")
    if not named and not servers:
        named = DEFAULT_MODEL
    preset = args.preset or preset_of(str(named))
    config = load_config(preset, [*layers, options_layer(args, str(named))], args.overrides)
    return within(config.model.profile, config)


def model_of(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """The keys of `model:` in nested configurations, the last one's value each; what is no mapping is left out."""
    sections = [layer.get("model") for layer in layers]
    return {key: value for section in sections if isinstance(section, dict) for key, value in section.items()}


def within(name: str, config: "RunConfig") -> "RunConfig":
    """The configuration with the profile's limits of prompts and replies, where it has none or larger ones.

    A stage's own limit counts turns alone, the profile's the chat template too.
    """
    from agentless.profiles import find_profile

    if not name:
        return config
    profile = find_profile(name)
    profile.mode(config.model.mode)
    changed: dict[str, object] = {}
    for key, section in (
        ("localize", config.localize),
        ("repair", config.repair),
        ("validation", config.validation),
    ):
        update: dict[str, int] = {}
        if profile.prompt_tokens:
            most = profile.prompt_tokens - TEMPLATE_TOKENS
            update["max_prompt_tokens"] = min(section.max_prompt_tokens or most, most)
        if profile.output_tokens:
            update["max_tokens"] = min(section.max_tokens, profile.output_tokens)
        changed[key] = section.model_copy(update=update)
    return config.model_copy(update=changed)


def preset_of(profile: str) -> str:
    """The preset that suits a profile; the Nemotron protocol for a server.

    Raises:
        ConfigError: no such profile.
    """
    from agentless.profiles import find_profile

    return (find_profile(profile).preset if profile else "") or "nemotron-cascade"


def options_layer(args: argparse.Namespace, profile: str) -> dict[str, Any]:
    """The options that were given, and the profile, as nested configuration."""
    model: dict[str, Any] = {"profile": profile}
    if args.base_url:
        model["base_urls"] = [checked_url(url) for url in args.base_url]
    if args.model_name:
        model["name"] = args.model_name
    if getattr(args, "mode", ""):
        model["mode"] = args.mode
    if args.api_key_env:
        model["api_key_env"] = args.api_key_env
    given = {
        key: getattr(args, key)
        for key in ("test_cmd", "python", "sandbox", "image_template", "reuse_containers", "prune_images")
        if getattr(args, key, None) is not None
    }
    layer: dict[str, Any] = {"model": model, "validation": given}
    if args.samples is not None:
        layer["repair"] = {"samples": args.samples}
    return layer


def checked_url(url: str) -> str:
    """The address of a server.

    Raises:
        ConfigError: no address that a request can go to.
    """
    from urllib.parse import urlsplit

    from agentless.errors import ConfigError

    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"--base-url {url}: not an address; it looks like http://127.0.0.1:8000/v1")
    return url.rstrip("/")


def read_layer(path: Path) -> dict[str, Any]:
    """A YAML file as nested configuration.

    Raises:
        ConfigError: unreadable, not YAML, or not a mapping.
    """
    import yaml

    from agentless.errors import ConfigError

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise ConfigError(f"--config {path}: {reason}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"--config {path}: expected sections such as 'repair:' at the top")
    return data
