"""A run that dies: `python -m tests.store.killed FOLDER` plays one script again and again, each time in a child
that is killed (SIGKILL) one file operation later, in FOLDER/1, FOLDER/2, ... until a child lives to the end.

What a child was told to be saved goes to FOLDER/<n>.acknowledged, one line each.
"""

import os
import signal
import sys
from pathlib import Path

from agentless.store import RunStore
from tests.store.records import candidates, localization, manifest, prediction

EVENTS = frozenset({"open", "os.rename", "os.mkdir", "os.remove"})
INSTANCES = ("a__b-1", "../x", "c")


def play(folder: Path, told: int) -> None:
    """The script: every step of three instances, with samples saved one by one."""

    def done(*line: str) -> None:
        os.write(told, (" ".join(line) + "\n").encode())

    with RunStore.open(folder, manifest()) as run:
        for name in INSTANCES:
            store = run.instance(name)
            store.save("localization", "k1", localization(name))
            done(name, "localization")
            for samples in (1, 2):
                store.save("candidates", "k2", candidates(name, samples))
                done(name, "candidates", str(samples))
            store.save_error(OSError("flaky network"))
            store.save("prediction", "k3", prediction(name, f"patch of {name}\n"))
            done(name, "prediction")


def die_at(folder: Path, step: int) -> None:
    """Be killed before file operation number `step` below the folder."""
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in EVENTS and str(arguments[0]).startswith(str(folder)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main(top: Path) -> None:
    """Children until one lives."""
    step = 0
    alive = False
    while not alive:
        step += 1
        child = os.fork()
        if child == 0:
            told = os.open(top / f"{step}.acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            die_at(top / str(step), step)
            play(top / str(step), told)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        alive = os.WIFEXITED(status)
        if alive and os.WEXITSTATUS(status):
            sys.exit("a child failed by itself")
    print(step)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
