"""Where a user's files lie, by the XDG base directory specification: a relative path in a variable is ignored."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/agentless`, by default under `~/.cache`: weights, facts of blobs, sources."""
    return base_folder("XDG_CACHE_HOME", ".cache")


def state_folder() -> Path:
    """`$XDG_STATE_HOME/agentless`, by default under `~/.local/state`: records of runs without a folder."""
    return base_folder("XDG_STATE_HOME", ".local/state")


def base_folder(variable: str, default: str) -> Path:
    """This program's folder below the one that the variable names."""
    named = os.environ.get(variable, "")
    return (Path(named) if named.startswith("/") else Path.home() / default) / "agentless"
