"""What the tests of work trees share."""

import os
from pathlib import Path

from agentless.repo import RepoSnapshot

FILES = {
    "a.py": "x = 1\n",
    "b.py": "y = 2\n",
    "pkg/c.py": "z = 3\n",
    "pkg/d.py": "w = 4\n",
    ".gitignore": "*.log\nbuild/\n",
}


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, modification time and bytes of every file below a folder, links not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        data = b""
        if path.is_symlink():
            data = os.fsencode(path.readlink())
        elif path.is_file():
            data = path.read_bytes()
        # git itself freshens the time of a shared index whenever it reads one
        time_ns = 0 if path.name.startswith("sharedindex.") else status.st_mtime_ns
        found[str(path.relative_to(folder))] = (status.st_mode, time_ns, data)
    return found


def texts(repo: Path) -> dict[str, str]:
    with RepoSnapshot.open(repo) as snapshot:
        return snapshot.texts(snapshot.entries)
