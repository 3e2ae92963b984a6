"""What a path alone says about a file: its language, whether it is a test, whether it is beside the point."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

CACHED_PATHS = 1 << 16
"""Commits of a repository share most of their paths."""
LANGUAGES = {
    ".py": "python", ".pyi": "python", ".pyw": "python", ".pyx": "cython", ".pxd": "cython",
    ".js": "javascript", ".jsx": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
    ".java": "java", ".go": "go", ".rs": "rust", ".c": "c", ".h": "c",
    ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".hh": "cpp", ".hpp": "cpp", ".hxx": "cpp",
    ".rb": "ruby", ".php": "php", ".cs": "csharp", ".swift": "swift", ".kt": "kotlin", ".scala": "scala",
}  # fmt: skip

MAIN_SHARE = 0.5
"""A language with this share of the most used one's files is main too."""
TEST_FOLDERS = frozenset({"tests", "__tests__", "testcases", "testdata", "test_data", "spec", "specs", "e2e"})
TOP_TEST_FOLDERS = frozenset({"test", "testing", "src/test", "src/testing"})
TEST_NAME = re.compile(
    r"^(?:tests|conftest)\.\w+$|^test_.*|^tests_.*\.py$|.*_tests?\.\w+$|.*\.(?:test|spec)\.\w+$|.*Tests?\.java$"
)
AUXILIARY_FOLDERS = frozenset({
    "doc", "docs", "documentation", "example", "examples", "demo", "demos", "sample", "samples", "tutorial",
    "tutorials", "gallery", "galleries", "benchmark", "benchmarks", "asv_bench", "script", "scripts", "tool",
    "tools", "bin", "ci", "release", "extras", "vendor", "vendored", "_vendor", "third_party", "node_modules",
})  # fmt: skip


@lru_cache(maxsize=CACHED_PATHS)
def language_of(path: str) -> str:
    """Language by file name: `python`, `javascript`, ...; "" when unknown."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return LANGUAGES.get(f".{suffix.lower()}", "") if dot and stem else ""


def main_languages(paths: Iterable[str]) -> frozenset[str]:
    """The language of most of the files, and others of at least half as many; none where no language is known."""
    counts = Counter(map(language_of, paths))
    counts.pop("", None)
    most = max(counts.values(), default=0)
    return frozenset(language for language, count in counts.items() if count >= MAIN_SHARE * most)


@lru_cache(maxsize=CACHED_PATHS)
def is_test_path(path: str) -> bool:
    """Whether the file is a test or lies among tests, by folder and file name.

    `test` and `testing` count at the top only: `django/test/client.py` is the product, pytest's `testing/` is not.
    """
    *folders, name = path.split("/")
    if TEST_NAME.match(name) or not TEST_FOLDERS.isdisjoint(folder.lower() for folder in folders):
        return True
    return bool(folders) and (folders[0] in TOP_TEST_FOLDERS or "/".join(folders[:2]) in TOP_TEST_FOLDERS)


def is_auxiliary_path(path: str) -> bool:
    """Whether the file is documentation, an example, a benchmark or a script: rarely where a bug is."""
    *folders, _ = path.split("/")
    return any(folder.lower() in AUXILIARY_FOLDERS or folder.startswith(".") for folder in folders)
