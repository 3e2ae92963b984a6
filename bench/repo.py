"""How fast a repository is listed and indexed, cold and warm; `--repo PATH --commit X`, or a synthetic tree.

Best of several runs where repetition is possible. CPU seconds of this process and its git stand beside wall clock,
which says little on a busy machine. `structure.py` measures Agentless 1.5 beside it.
"""

import argparse
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from agentless.repo import BlobCache, Index, RepoSnapshot, is_test_path, language_of

GOALS_S = {"tree listing": 0.05, "cold index": 3.0, "warm index": 0.1, "export": 1.5}
FUNCTION = '''def {name}(self, {argument}=None):
    """{doc}"""
    # {comment}
    if {argument} is None:
        return self.{other}({argument}, key="{doc}")
    return [{argument}.{other} for _ in range({number})]
'''


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, help="git repository; none = a synthetic tree of 2,800 files")
    parser.add_argument("--commit", default="", help="commit-ish (default: the work tree as it is)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agentless-bench-") as scratch:
        repo = arguments.repo or synthetic(Path(scratch) / "repo", 2800)
        measure(repo, arguments.commit if arguments.repo else "HEAD", Path(scratch))


def measure(repo: Path, commit: str, scratch: Path) -> None:
    """All figures of one repository."""
    with RepoSnapshot.open(repo, commit) as snapshot:
        sources = [path for path in snapshot.entries if language_of(path) and not is_test_path(path)]
        size = sum(snapshot.entries[path].size for path in sources) / 1e6
        print(f"{len(snapshot.entries)} files, {len(sources)} sources that are no tests ({size:.1f} MB)")
    listing = report("tree listing", lambda: RepoSnapshot.open(repo, commit).close(), repeat=5)
    cache = scratch / "cache"
    cold = report("cold index", lambda: index(repo, commit, cache))
    warm = report("warm index", lambda: index(repo, commit, cache), repeat=3)
    report("warm, all words", lambda: index(repo, commit, cache, words=True), repeat=3)
    report("export", lambda: export(repo, commit, scratch))
    print(f"cache {sum(file.stat().st_size for file in cache.iterdir()) / 1e6:.1f} MB")
    print(f"warm / cold: 1 / {cold / warm:.0f}")
    print(f"listing and warm index together: {listing + warm:.3f} s")


def index(repo: Path, commit: str, folder: Path, *, words: bool = False) -> None:
    """Open, index what is no test, and close."""
    with RepoSnapshot.open(repo, commit) as snapshot, BlobCache.open(folder) as cache:
        built = Index.build(snapshot, cache)
        for path in built.paths():
            if words and language_of(path) and not is_test_path(path):
                len(built.facts(path).words)


def export(repo: Path, commit: str, scratch: Path) -> None:
    """Write the whole tree."""
    with RepoSnapshot.open(repo, commit) as snapshot:
        snapshot.export(Path(tempfile.mkdtemp(dir=scratch)))


def report(name: str, work: Callable[[], None], repeat: int = 1) -> float:
    """Run, print and return the best wall-clock seconds."""
    best = (float("inf"), 0.0)
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), cpu_s()
        work()
        best = min(best, (time.perf_counter() - wall, cpu_s() - cpu))
    goal = f"   goal {GOALS_S[name]} s" if name in GOALS_S else ""
    print(f"{name:16} {best[0]:8.3f} s wall {best[1]:8.3f} s CPU{goal}")
    return best[0]


def cpu_s() -> float:
    """CPU seconds of this process and its finished children."""
    usages = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def synthetic(folder: Path, files: int) -> Path:
    """A repository of Python packages, half of it tests, with names that repeat as in real code."""
    chance = random.Random(5)  # noqa: S311  # repeatable, nothing secret
    names = [f"{one}_{two}" for one in ("get", "set", "read", "find", "parse") for two in vocabulary(chance, 400)]
    for number in range(files):
        top = "tests" if number % 2 else "pkg"
        path = folder / top / f"part{number % 40}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(module(chance, names))
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "b"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def module(chance: random.Random, names: list[str]) -> str:
    """One class with a handful of methods, about 6 kB."""
    methods = []
    for _ in range(chance.randrange(10, 40)):
        name, argument, other, doc, comment = chance.choices(names, k=5)
        text = FUNCTION.format(name=name, argument=argument, other=other, doc=doc, comment=comment, number=7)
        methods.append("    " + text.replace("\n", "\n    ").rstrip(" "))
    return f"import os\nfrom pkg import base\n\n\nclass {chance.choice(names).title()}(base.Base):\n" + "\n".join(
        methods
    )


def vocabulary(chance: random.Random, count: int) -> list[str]:
    """Pronounceable words."""
    return [
        "".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(3)) for _ in range(count)
    ]


if __name__ == "__main__":
    main()
