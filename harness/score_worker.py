"""The process that judges: `python -m harness.score_worker`, with the evaluation folder as its working directory.

swebench writes below the working directory, keeps global state and leaves threads behind; a process of its own
makes all of that harmless. One JSON job a line on stdin, one JSON answer a line on stdout. When stdin ends, also
by the death of the parent, the container is removed and the process ends.

- `{"op": "run", "row", "patch", "key", "timeout_s", "run_id"}` runs a patch
  -> `{"seconds", "image_id", "error", "broken"}`
- `{"op": "grade", "row", "folder"}` grades a log again -> `{"graded"}`
- `{"op": "rows", "name", "split", "target"}` writes a dataset as JSON lines -> `{"rows"}`
- `{"op": "report", "rows", "predictions", "run_id"}` summarizes -> `{"path"}`
"""

import json
import os
import queue
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from agentless.errors import InfrastructureError
from harness.containers import container_labels
from harness.engine import connect, docker_errors, explained
from harness.grading import regrade, run_report
from harness.keeper import image_id
from harness.outcomes import BOUND
from harness.score_client import ScoringClient
from harness.score_records import SYSTEM

ENGINE_TIMEOUT = 600.0
"""Seconds that one call of the engine may take."""


class Judge:
    """Handles one job at a time; `stop` ends it from another thread."""

    def __init__(self) -> None:
        self.client: ScoringClient | None = None

    def handle(self, job: dict[str, Any]) -> dict[str, Any]:
        """The answer to a job."""
        if job["op"] == "grade":
            return {"graded": regrade(Path(job["folder"]), job["row"])}
        if job["op"] == "rows":
            return {"rows": official_rows(job["name"], job["split"], Path(job["target"]))}
        if job["op"] == "report":
            return {"path": str(run_report(job["rows"], job["predictions"], job["run_id"]).resolve())}
        return self.run(job)

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run one patch; the verdict is in the files, the answer has what is not in them."""
        begin = time.monotonic()
        answer: dict[str, Any] = {"image_id": "", "error": "", "broken": False, "stalled": False}
        failures: tuple[type[Exception], ...] = (InfrastructureError, *docker_errors())
        try:
            with closing(connect(ENGINE_TIMEOUT)) as real:
                answer["image_id"] = image_id(real, job["row"]["image"])
                labels = container_labels(job["run_id"], job["row"]["instance_id"])
                client = ScoringClient(real, labels=labels, say_bound=lambda reason: note_bound(job, reason))
                self.client = client
                try:
                    judge(job, client)
                finally:
                    client.close()
                answer |= {"error": client.trouble, "broken": client.broken, "stalled": client.stalled}
        except failures as error:
            answer["error"] = str(explained(error, "cannot score"))
        return {**answer, "seconds": time.monotonic() - begin}

    def stop(self) -> None:
        """Remove the container that is there."""
        if self.client is not None:
            self.client.close()


def judge(job: dict[str, Any], client: ScoringClient) -> None:
    """swebench's own `run_instance`."""
    from swebench.harness.run_evaluation import run_instance
    from swebench.harness.utils import make_test_spec

    row, started = job["row"], time.time()
    prediction = {"instance_id": row["instance_id"], "model_name_or_path": SYSTEM, "model_patch": job["patch"]}
    try:
        run_instance(make_test_spec(row), prediction, client, job["key"], job["timeout_s"])
    except FileNotFoundError as error:
        # its clean-up calls the `docker` program, which need not be installed; the report is written by then
        if error.filename != "docker":
            raise
    if client.out_of_memory(started, time.time()):
        note_bound(job, f"more than {client.limits.memory_mb} MiB of memory")


def note_bound(job: dict[str, Any], reason: str) -> None:
    """Leave the reason beside swebench's files."""
    folder = Path("logs", "run_evaluation", job["key"], SYSTEM, job["row"]["instance_id"])
    (folder / BOUND).write_text(reason, encoding="utf-8")


def official_rows(name: str, split: str, target: Path) -> int:
    """Load a dataset as swebench does, by name or file; returns the number of rows."""
    from swebench.harness.utils import load_swebench_dataset

    rows = load_swebench_dataset(name, split)
    with target.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(dict(row), default=str) + "\n" for row in rows)
    return len(rows)


def main() -> int:
    """Answer jobs until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # swebench prints
    judge, jobs = Judge(), queue.Queue[str]()

    def listen() -> None:
        for line in sys.stdin:
            jobs.put(line)
        judge.stop()
        os._exit(0)  # a thread of swebench's may still wait for its container

    threading.Thread(target=listen, daemon=True).start()
    while True:
        answer = judge.handle(json.loads(jobs.get()))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    sys.exit(main())
