"""The project's Python: where it lives, and which folders a sandbox must show for it to run."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from agentless.errors import ConfigError

PROBE = """
import json, site, sys, sysconfig
folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
print(json.dumps({
    "executable": sys.executable, "base": getattr(sys, "_base_executable", "") or sys.executable,
    "prefixes": folders, "paths": [*sysconfig.get_paths().values(), *sys.path],
    "user_base": site.getuserbase() if site.ENABLE_USER_SITE else "", "version": sys.version.split()[0],
}))
"""
PROBE_SECONDS = 30.0
FIX = "name a Python that starts with --python PATH (validation.python)"
HOPS = 16
# where a prefix is somebody's home, only these parts of it are Python's
PREFIX_PARTS = ("bin", "lib", "lib64", "include", "pyvenv.cfg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that was asked where its parts are."""

    executable: str
    """Absolute path, symbolic links not resolved (a virtual environment is found by it)."""
    version: str
    prefixes: tuple[str, ...]
    """Existing folders of the installation and of the virtual environment, and their real places."""
    paths: tuple[str, ...] = ()
    """Existing folders that modules are found in (`sys.path`, `.pth` files), and their real places."""
    links: tuple[tuple[str, str], ...] = ()
    """(path, target) of symbolic links on the way to the executable."""
    user_base: str = ""
    """Value for PYTHONUSERBASE, "" when user packages are off."""

    @property
    def folder(self) -> str:
        """The folder of the executable, first on PATH in the sandbox."""
        return str(Path(self.executable).parent)


def find_interpreter(python: str = "") -> Interpreter:
    """Ask `python` (a path or a name on PATH; "" = `python3`) where its parts are.

    Raises:
        ConfigError: there is no such interpreter or it does not start.
    """
    command = absolute(python or "python3")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/")}
    try:
        process = subprocess.run(
            [command, "-c", PROBE], cwd="/", env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PROBE_SECONDS, check=False,
        )  # fmt: skip
        return from_facts(json.loads(process.stdout))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{command} does not start: {error}; {FIX}") from error
    except (ValueError, KeyError, TypeError) as error:
        last = process.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
        raise ConfigError(f"{command} is not a working Python 3: {last[0]}; {FIX}") from error


def absolute(python: str) -> str:
    """The absolute path of an interpreter, links kept: a virtual environment is found by its own link.

    Raises:
        ConfigError: there is no such program.
    """
    # a name without a slash is looked up on PATH, never in the current folder
    place = str(Path.cwd() / Path(python).expanduser()) if "/" in python else python
    found = shutil.which(place)
    if found is None:
        raise ConfigError(f"no interpreter {python!r}; {FIX}")
    return str(Path.cwd() / found)


def from_facts(facts: dict[str, object]) -> Interpreter:
    """An Interpreter from what the probe printed."""
    executable = str(facts["executable"])
    links = {**dict(link_chain(executable)), **dict(link_chain(str(facts["base"])))}
    return Interpreter(
        executable=executable,
        version=str(facts["version"]),
        prefixes=places(facts["prefixes"]),
        paths=places(facts["paths"]),
        links=tuple(links.items()),
        user_base=str(facts["user_base"]),
    )


def as_texts(value: object) -> list[str]:
    """The non-empty texts of a JSON list."""
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []


def places(value: object) -> tuple[str, ...]:
    """The existing ones of a JSON list of paths, each also under its real name, without repetition."""
    found: dict[str, None] = {}
    for item in as_texts(value):
        for path in (item, os.path.realpath(item)):
            found.update(dict.fromkeys(narrowed(path)))
    return tuple(found)


def narrowed(path: str) -> list[str]:
    """The path if it exists; only Python's parts of it where it holds a home or is the root."""
    home = Path.home()
    place = Path(path)
    if not place.is_absolute() or not place.exists():
        return []
    if place == home or place in home.parents:
        return [str(place / part) for part in PREFIX_PARTS if place != Path("/") and (place / part).exists()]
    return [path]


def link_chain(path: str) -> list[tuple[str, str]]:
    """(link, target) of every symbolic link from a file to the real one, in order."""
    chain: list[tuple[str, str]] = []
    place = Path(path)
    while place.is_symlink() and len(chain) < HOPS:
        target = os.readlink(place)  # noqa: PTH115 - the text as written is needed, not a Path
        chain.append((str(place), target))
        place = Path(os.path.normpath(place.parent / target))
    return chain
