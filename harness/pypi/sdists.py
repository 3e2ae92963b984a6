"""Source distributions: fetched once through pip, checked, kept in a folder."""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from agentless.errors import DownloadError
from harness.pypi.recipes import Recipe


def sdist_of(recipe: Recipe, folder: Path) -> Path:
    """The checked archive of a recipe, downloaded when `folder` lacks it.

    Raises:
        DownloadError: pip could not fetch it, or its content is not the pinned one.
    """
    archive = folder / f"{recipe.distribution}-{recipe.version}.tar.gz"
    if not archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        download(recipe, archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != recipe.sha256:
        raise DownloadError(f"{archive} has sha256 {digest}, not {recipe.sha256}; delete it and try again")
    return archive


def download(recipe: Recipe, archive: Path) -> None:
    """Fetch with pip into a folder beside the archive, then move: a broken download leaves nothing behind."""
    requirement = f"{recipe.distribution}=={recipe.version}"
    # --no-binary names the project alone, so that its build backend may still come as a wheel.
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", recipe.distribution]
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", scratch, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = sorted(Path(scratch).glob("*.tar.gz"))
        if done.returncode != 0 or len(found) != 1:
            last = (done.stderr.strip().splitlines() or ["no source archive"])[-1]
            raise DownloadError(f"pip could not download {requirement}: {last}; is the package index reachable?")
        found[0].replace(archive)


def unpack(archive: Path, folder: Path) -> None:
    """The archive's only top folder becomes `folder`, which must not exist; unsafe members are refused.

    Raises:
        DownloadError: the archive holds more than one top folder.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        with tarfile.open(archive) as tar:
            # Python 3.11.0 to 3.11.3 have no filters; the archive is a pinned one.
            checked: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(scratch, **checked)  # noqa: S202 - filtered, and its sha256 was checked
        tops = list(Path(scratch).iterdir())
        if len(tops) != 1:
            raise DownloadError(f"{archive} holds {len(tops)} top folders, a source distribution holds one")
        tops[0].rename(folder)
