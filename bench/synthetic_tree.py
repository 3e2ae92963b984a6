"""A repository of any number of small Python files, for those who measure large trees."""

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path


def synthetic(folder: Path, files: int) -> Path:
    """A repository of small Python files, about 1.5 kB each and no two alike, made by `git fast-import`."""
    chance = random.Random(7)  # noqa: S311 - repeatable, nothing secret
    names = ["".join(chance.choices("bdfgklmnprst", k=2)) + chance.choice("aeiou") * 2 for _ in range(3000)]
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"commit refs/heads/main\ncommitter B <b@example.org> 0 +0000\ndata 5\nstart\n")
        for number in range(files):
            text = module(chance, names, number).encode()
            path = f"part{number % 50}/sub{number // 50 % 40}/module_{number}.py"
            process.stdin.write(f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text + b"\n")
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/main"], cwd=folder, check=True)
    return folder


def module(chance: random.Random, names: Sequence[str], number: int) -> str:
    """A class with a handful of methods."""
    methods = []
    for name in chance.choices(names, k=8):
        one, two, three = chance.choices(names, k=3)
        methods.append(
            f"    def get_{name}(self, {one}=None):\n"
            f'        """Give the {two} of the {three}."""\n'
            f"        if {one} is None:\n            return self.{two}_{three}\n        return {one}.{name}\n"
        )
    head = f'"""Module {number}."""\nimport os\n\n\nclass {names[number % 3000].title()}{number}:\n'
    return head + "\n".join(methods)
