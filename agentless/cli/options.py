"""Options that commands share, and the RunConfig they make."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentless.config import RunConfig

DEFAULT_MODEL = "embedded"


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


def add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """What is executed, and where."""
    group = parser.add_argument_group("tests")
    group.add_argument(
        "--test-cmd", metavar="CMD", help="runs the tests, exit 0 = pass; {files} stands for test files"
    )
    group.add_argument("--python", metavar="PATH", help="interpreter that has the project's dependencies")
    group.add_argument(
        "--sandbox",
        choices=("auto", "bwrap", "host", "none"),
        help="where generated code runs; host = on this machine, unprotected",
    )


def config_from(args: argparse.Namespace) -> "RunConfig":
    """Preset, then `--config` files, then options, then `--set`.

    Raises:
        ConfigError: an unknown preset, model, key or value, or an unreadable file.
    """
    from agentless.config import load_config

    layers = [read_layer(path) for path in args.config]
    model = {key: value for layer in layers for key, value in (layer.get("model") or {}).items()}
    if args.base_url or args.model:
        model = {}  # what the command line names wins over a file's model
    named = args.model or model.get("profile", "")
    if not named and not args.base_url and not model.get("base_urls"):
        named = DEFAULT_MODEL
    preset = args.preset or preset_of(named)
    return load_config(preset, [*layers, options_layer(args, named)], args.overrides)


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
    if args.api_key_env:
        model["api_key_env"] = args.api_key_env
    given = {
        key: getattr(args, key)
        for key in ("test_cmd", "python", "sandbox")
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
