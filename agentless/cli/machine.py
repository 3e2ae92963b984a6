"""Checks of this machine, each a finding with its fix."""

import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agentless.profiles import ModelProfile

GIB = 1024**3
ENOUGH_DISK_GIB = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's table."""

    name: str
    state: Literal["ok", "missing", "optional"]
    """optional = not there, and only some uses need it."""
    detail: str
    fix: str = ""
    required: bool = False
    """Without it `solve` cannot work."""


def examine(
    base_urls: list[str], python: str = "", api_key: str = "", *, embedded: bool | None = None
) -> list[Finding]:
    """All findings, in the order a newcomer should read them.

    Args:
        embedded: whether the embedded model is needed; None = where no server is named.
    """
    findings = [check_python(), check_git(), check_sandbox(python), check_docker(), check_gpu()]
    findings.append(check_embedded(required=not base_urls if embedded is None else embedded))
    findings += [check_server(url, api_key) for url in base_urls]
    return [*findings, check_cache(), check_disk()]


def output_of(*command: str) -> str | None:
    """Stdout of a command, None when it is missing, fails, or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def check_python() -> Finding:
    """The interpreter."""
    detail = f"{platform.python_version()} at {sys.executable}, {os.cpu_count()} cores"
    return Finding(name="python", state="ok", detail=detail, required=True)


def check_git() -> Finding:
    """The git command."""
    version = output_of("git", "--version")
    if version is None:
        fix = "install git, e.g. apt-get install git"
        return Finding(name="git", state="missing", detail="not found", fix=fix, required=True)
    return Finding(name="git", state="ok", detail=version.removeprefix("git version "), required=True)


def check_sandbox(python: str) -> Finding:
    """Whether bubblewrap can start a sandbox here."""
    from agentless.sandbox import probe

    problem = probe(python)
    if not problem:
        return Finding(name="sandbox", state="ok", detail="bubblewrap starts; tests of candidates can run")
    detail, _, fix = problem.partition("; ")
    return Finding(name="sandbox", state="missing", detail=detail, fix=fix or "apt-get install bubblewrap")


def check_docker() -> Finding:
    """The Docker daemon, for SWE-bench images."""
    version = output_of("docker", "info", "--format", "{{.ServerVersion}}")
    if version:
        return Finding(name="docker", state="ok", detail=f"engine {version}")
    detail = "no answer from a Docker engine" if shutil.which("docker") else "not installed"
    fix = "only scoring in SWE-bench images needs it: install Docker Engine and start it"
    return Finding(name="docker", state="optional", detail=detail, fix=fix)


def check_gpu() -> Finding:
    """NVIDIA GPUs."""
    listed = output_of("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    if listed:
        return Finding(name="gpu", state="ok", detail="; ".join(listed.splitlines()))
    fix = "the embedded model runs on the CPU; larger models need a GPU or --base-url"
    return Finding(name="gpu", state="optional", detail="none found", fix=fix)


def check_embedded(*, required: bool) -> Finding:
    """The embedded model's library and weights; required where no server is named."""
    from agentless.profiles import find_profile

    if importlib.util.find_spec("xllamacpp") is None:
        fix = "pip install 'agentless-swe[embedded]'"
        state: Literal["missing", "optional"] = "missing" if required else "optional"
        detail = "xllamacpp is not installed"
        return Finding(name="embedded model", state=state, detail=detail, fix=fix, required=required)
    return check_weights(find_profile("embedded"))


def check_weights(model: "ModelProfile", folder: Path | None = None) -> Finding:
    """Whether weights are in the cache, or in the folder given."""
    from agentless.llm.weights import cached_weights, unchecked_weights

    weights = cached_weights(model, folder)
    if weights is not None:
        return Finding(name="embedded model", state="ok", detail=str(weights))
    if unchecked := unchecked_weights(model, folder):
        detail, fix = f"{unchecked} is there, not checked yet", "checked by the next solve (seconds)"
    else:
        detail, fix = "weights not in the cache yet", "fetched by the first solve (1.1 GB)"
    return Finding(name="embedded model", state="optional", detail=detail, fix=fix)


def check_server(url: str, api_key: str = "") -> Finding:
    """One model server."""
    import httpx

    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        reply = httpx.get(f"{url.rstrip('/')}/models", headers=headers, timeout=10)
        models = [str(model["id"]) for model in reply.raise_for_status().json()["data"]]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        fix = "start the server, or correct the URL (it usually ends in /v1) or the key (--api-key-env)"
        detail = f"{url}: {next(iter(str(error).splitlines()), type(error).__name__)}"
        return Finding(name="model server", state="missing", detail=detail, fix=fix, required=True)
    return Finding(name="model server", state="ok", detail=f"{url}: {', '.join(models)}")


def check_cache() -> Finding:
    """The cache folder."""
    from agentless.folders import cache_folder

    folder = cache_folder()
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(nearest, os.W_OK):
        fix = "set XDG_CACHE_HOME to a folder that you can write"
        return Finding(name="cache", state="missing", detail=f"{folder} cannot be written", fix=fix)
    size = sum(size_of(path) for path in folder.rglob("*"))
    return Finding(name="cache", state="ok", detail=f"{folder}, {size / GIB:.1f} GiB")


def size_of(path: Path) -> int:
    """Bytes of a regular file, 0 for anything else and for what vanished meanwhile."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def check_disk() -> Finding:
    """Free space where the cache is."""
    from agentless.folders import cache_folder

    folder = cache_folder()
    nearest = next(parent for parent in (Path(folder), *folder.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free / GIB
    if free < ENOUGH_DISK_GIB:
        fix = f"free some space: the embedded model and its sandboxes take about {ENOUGH_DISK_GIB:.0f} GiB"
        return Finding(name="disk", state="missing", detail=f"{free:.1f} GiB free", fix=fix)
    return Finding(name="disk", state="ok", detail=f"{free:.0f} GiB free at {nearest}")
