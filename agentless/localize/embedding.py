"""The optional feature `embedding`: how near a file's vector is to the issue's.

A file is embedded once by its head: path, what it defines with the first lines of the docstrings, and its first
lines. Vectors are kept in the blob cache by model, path and blob id. Only the best files of retrieval are
embedded: all gold files are among the best 100 for 98.6% of SWE-bench Verified, and a repository may have 50,000
files.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agentless.ports import Embedder
from agentless.records import RankedFile
from agentless.repo import BlobCache, Index, Symbol
from agentless.repo.cache import CachedBlob

FORM = 1
"""Raise it whenever the text that is embedded changes."""
HEAD_CHARS = 3000
"""About 800 tokens: several embedding models hold no more than 1,024."""
NAMES_CHARS = 2000
"""Of these, at most so many for names and docstrings."""
ISSUE_CHARS = 6000
DOC_CHARS = 80
FILES_AT_ONCE = 256
"""Files embedded between two writes to the cache: an interrupted first run keeps what it has."""

Vector = NDArray[np.float32]


async def embedding_feature(
    index: Index, issue: str, ranked: Sequence[RankedFile], embedder: Embedder
) -> dict[str, float]:
    """Path -> 0..1 for each of the files: cosine similarity to the issue, the nearest file at 1, the farthest at
    0.

    Raises:
        ModelServerError: the server is gone; there is no ranking then, rather than another one.
    """
    if not ranked:
        return {}
    (asked,) = await embedder.embed([issue[:ISSUE_CHARS]])
    target = packed(asked)
    vectors = await file_vectors(index, [file.path for file in ranked], embedder, len(target))
    matrix = np.stack([unpacked(vectors[file.path]) for file in ranked])
    near = matrix @ unpacked(target)
    low, high = float(near.min()), float(near.max())
    scaled = (near - low) / (high - low) if high > low else np.zeros(len(ranked), dtype=np.float32)
    return {file.path: round(float(value), 6) for file, value in zip(ranked, scaled, strict=True)}


async def file_vectors(index: Index, paths: Sequence[str], embedder: Embedder, size: int) -> dict[str, bytes]:
    """Path -> packed vector of `size` bytes; those that no cache has are made and kept."""
    keys = {path: vector_key(embedder.name, path, index.snapshot.entries[path].sha) for path in paths}
    known = index.cache.load(list(keys.values())) if index.cache else {}
    found = {
        path: known[key].facts for path, key in keys.items() if key in known and len(known[key].facts) == size
    }
    missing = [path for path in paths if path not in found]
    for start in range(0, len(missing), FILES_AT_ONCE):
        batch = missing[start : start + FILES_AT_ONCE]
        texts = index.snapshot.texts(batch)
        heads = [head_text(path, texts.get(path, ""), index.symbols(path)) for path in batch]
        made = dict(zip(batch, map(packed, await embedder.embed(heads)), strict=True))
        keep({keys[path]: vector for path, vector in made.items()}, index.cache)
        found |= made
    return found


def vector_key(model: str, path: str, sha: str) -> bytes:
    """What a vector depends on: the model, the form of the text, the path in it, and the content."""
    return hashlib.sha256(f"vector/{FORM}/{model}\0{path}\0{sha}".encode("utf-8", "surrogateescape")).digest()[:28]


def keep(vectors: Mapping[bytes, bytes], cache: BlobCache | None) -> None:
    """Remember packed vectors."""
    if cache is not None:
        cache.save({key: CachedBlob("", vector) for key, vector in vectors.items()})


def packed(vector: Sequence[float]) -> bytes:
    """A vector of length 1 in half precision; what is compared is always this, cached or not."""
    values = np.asarray(vector, dtype=np.float64)
    return (values / np.linalg.norm(values)).astype("<f2").tobytes()


def unpacked(data: bytes) -> Vector:
    """The numbers again."""
    return np.frombuffer(data, dtype="<f2").astype(np.float32)


def head_text(path: str, text: str, symbols: Sequence[Symbol]) -> str:
    """What is embedded of a file, at most `HEAD_CHARS` characters."""
    named = [symbol for symbol in symbols if symbol.kind not in ("import", "constant")]
    lines = [f"{symbol.kind} {symbol.name} {first_line(symbol.doc)}".rstrip() for symbol in named]
    names = "\n".join(lines)[:NAMES_CHARS]
    return f"{path}\n{names}\n{text}"[:HEAD_CHARS]


def first_line(doc: str) -> str:
    """The docstring's first line, cut."""
    return doc.strip().partition("\n")[0][:DOC_CHARS]
