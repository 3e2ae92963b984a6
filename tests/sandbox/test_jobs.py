"""A job's life, the same under every runner: apply, write, run, read; and what hostile patches may not do."""

import asyncio
import hashlib
import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from agentless.errors import ConfigError, SandboxError
from agentless.ports import TestJob
from agentless.sandbox import HostRunner
from agentless.sandbox.jobs import SHOWN_OUTPUT, JobRunner, read_result
from agentless.sandbox.process import Finished
from tests.sandbox.conftest import command, shell

CHEAPER = """\
--- a/src/shop/__init__.py
+++ b/src/shop/__init__.py
@@ -1,4 +1,4 @@
-PRICE = 2
+PRICE = 1


 def total(count):
"""
PYTEST = replace(command("python -m pytest -q -rA -p no:cacheprovider tests", "tests"), parser="pytest")
TOTAL = "tests/test_shop.py::test_total"


def new_file(path: str, line: str = "hostile", mode: str = "100644") -> str:
    """A patch that creates a file of one line."""
    head = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
    return f"{head}@@ -0,0 +1 @@\n+{line}\n"


def symlink(path: str, target: str) -> str:
    """A patch that creates a symbolic link."""
    return new_file(path, target, "120000").rstrip("\n") + "\n\\ No newline at end of file\n"


def names(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, str]:
    """Every path below a folder with its mode and a hash of its bytes or its target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        data = str(path.readlink()).encode() if path.is_symlink() else data
        found[str(path.relative_to(folder))] = f"{path.lstat().st_mode:o} {hashlib.sha256(data).hexdigest()}"
    return found


async def test_the_original_passes_and_a_patch_that_breaks_it_fails(runner: JobRunner) -> None:
    original = await runner.run(TestJob(commands=(PYTEST,)))
    broken = await runner.run(TestJob(patch=CHEAPER, commands=(PYTEST,)))
    assert original.results[0].tests == {TOTAL: "pass"}
    assert broken.applied
    assert broken.results[0].tests == {TOTAL: "fail"}
    assert broken.results[0].exit_code == 1


async def test_the_exported_bytes_and_other_trees_never_change(runner: JobRunner) -> None:
    base = await runner.trees.base()
    before = contents(base)
    vandal = (
        "sleep 0.3; for f in README src/shop/__init__.py run.sh link; do echo gone > $f; done;"
        " chmod -R 777 .; rm -rf tests; touch -d 2001-01-01 src; ln -f README hard; cat src/shop/__init__.py"
    )
    watch = "sleep 0.6; cat src/shop/__init__.py; ls"
    spoiled, seen = await asyncio.gather(shell(runner, vandal), shell(runner, watch))
    assert spoiled.output == "gone\n"
    assert "PRICE = 2" in seen.output
    assert "hard" not in seen.output
    assert contents(base) == before


async def test_modes_and_links_of_the_snapshot_are_kept(runner: JobRunner) -> None:
    result = await shell(runner, "./run.sh; readlink link; cat link")
    assert result.output == "ran\nREADME\na shop\n"


async def test_nothing_is_left_after_a_job_and_after_closing(runner: JobRunner) -> None:
    await shell(runner, "mkdir -p a/b/c; chmod 000 a/b; mkfifo pipe; chmod 000 .")
    folder = runner.trees.folder
    assert folder is not None
    assert names(folder) == ["base", "lock"]
    await runner.close()
    assert not folder.exists()


async def test_a_very_deep_tree_is_removed(runner: JobRunner) -> None:
    await shell(runner, "python -c \"import os\nfor _ in range(3000): os.mkdir('d' * 20); os.chdir('d' * 20)\"")
    folder = runner.trees.folder
    assert folder is not None
    assert names(folder) == ["base", "lock"]


REFUSED = {
    "dots": new_file("../escape"),
    "absolute": new_file("/etc/escape"),
    "inner dots": new_file("src/../../escape"),
    "hook": new_file(".git/hooks/pre-commit"),
    "inner git": new_file("src/.git/config"),
    "link": symlink("out", "/tmp") + new_file("out/escape"),
    "link up": symlink("out", "..") + new_file("out/escape"),
    "no match": CHEAPER.replace("PRICE = 2", "PRICE = 3"),
    "no file": CHEAPER.replace("a/src", "a/gone").replace("b/src", "b/gone"),
    "text": "not a patch",
    "nul": "\0\0\0",
    "cut": "--- a/README\n+++ b/README\n@@ -1 +1 @@\n-a shop\n",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_patch_that_does_not_apply_runs_nothing(runner: JobRunner, name: str) -> None:
    report = await runner.run(TestJob(patch=REFUSED[name], commands=(command("echo ran"),)))
    assert not report.applied
    assert report.results == ()
    assert report.note.startswith("the patch does not apply: ")
    folder = runner.trees.folder
    assert folder is not None
    assert not list(folder.rglob("escape"))


async def test_a_private_umask_of_ours_hides_nothing_from_the_job(runner: JobRunner, private_umask: None) -> None:
    files = {"new/folder/it.py": "1\n", "run.sh": "echo new\n"}
    line = "id -un; cat new/folder/it.py; ./run.sh; python -c 'import shop; print(shop.PRICE)'; cat made"
    result = await shell(runner, line, patch=CHEAPER + new_file("made", "patched"), files=files)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[1:] == ["1", "new", "1", "patched"]
    assert runner.name == "host" or result.output.startswith("sandbox\n")


def test_the_reason_of_a_kill_ends_the_output_and_is_no_test_result() -> None:
    output = b"x" * SHOWN_OUTPUT
    finished = Finished(exit_code=None, outcome="killed", output=output, seconds=1, reason="PASSED a.py::b")
    result = read_result(PYTEST, finished)
    assert result.output.splitlines()[-1] == "stopped: PASSED a.py::b"
    assert len(result.output) == SHOWN_OUTPUT
    assert result.tests == {}
    late = replace(finished, outcome="timeout", output=b"early\n")
    assert read_result(PYTEST, late).output == "early\n"


async def test_git_finds_no_repository_around_the_tree(runner: JobRunner) -> None:
    result = await shell(runner, "git rev-parse --show-toplevel")
    assert result.exit_code == 128


async def test_a_patch_may_add_move_and_delete_files(runner: JobRunner) -> None:
    head = "diff --git a/README b/README\ndeleted file mode 100644\n"
    delete = f"{head}--- a/README\n+++ /dev/null\n@@ -1 +0,0 @@\n-a shop\n"
    result = await shell(runner, "cat new/ü; test ! -e README", patch=new_file("new/ü", "grüße") + delete)
    assert (result.exit_code, result.output) == (0, "grüße\n")


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
async def test_line_ends_survive(runner: JobRunner, line_end: str) -> None:
    result = await shell(runner, "od -c made", patch=new_file("made", "x" + line_end.rstrip("\n")))
    assert ("\\r" in result.output) == (line_end == "\r\n")


@pytest.mark.parametrize(
    ("files", "patch"),
    [
        ({"../evil.py": ""}, ""),
        ({"/tmp/evil.py": ""}, ""),
        ({".git/hooks/evil": ""}, ""),
        ({"link/evil.py": ""}, ""),
        ({"out/evil.py": ""}, symlink("out", "/tmp")),
        ({"out": "text"}, symlink("out", "/tmp/evil.py")),
    ],
)
async def test_a_test_file_is_never_written_through_a_link(
    runner: JobRunner, files: dict[str, str], patch: str
) -> None:
    report = await runner.run(TestJob(patch=patch, files=files, commands=(command("echo ran"),)))
    assert not report.applied
    assert "a test file could not be placed" in report.note
    assert not await asyncio.to_thread(Path("/tmp/evil.py").exists)


async def test_a_test_file_is_placed_after_the_patch_and_may_replace_a_file(runner: JobRunner) -> None:
    result = await shell(
        runner,
        "cat .agentless_tests/one.py README",
        patch=CHEAPER,
        files={".agentless_tests/one.py": "1\n", "README": "2\n"},
    )
    assert result.output == "1\n2\n"


async def test_at_most_so_many_jobs_run_at_once(runner: JobRunner) -> None:
    running = most = 0
    execute = runner.execute

    async def counted(job: Path, line: str, timeout_s: float) -> object:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await execute(job, line, timeout_s)
        finally:
            running -= 1

    runner.execute = counted  # type: ignore[method-assign,assignment]  # counts and passes on
    await asyncio.gather(*(shell(runner, "sleep 0.1") for _ in range(5)))
    assert most == runner.limits.jobs == 2


async def test_a_cancelled_job_leaves_nothing(runner: JobRunner) -> None:
    task = asyncio.create_task(shell(runner, "sleep 60"))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    folder = runner.trees.folder
    assert folder is not None
    assert names(folder) == ["base", "lock"]


async def test_a_job_that_waits_when_the_runner_closes_exports_nothing(tmp_path: Path) -> None:
    runner = HostRunner(lambda _: None, scratch=tmp_path, slots=asyncio.Semaphore(0))
    waiting = asyncio.create_task(runner.run(TestJob(commands=(command("true"),))))
    await asyncio.sleep(0)
    await runner.close()
    runner.slots.release()
    with pytest.raises(SandboxError, match="closed"):
        await waiting
    assert names(tmp_path) == []


async def test_a_full_disk_at_the_export_is_the_machines_fault(tmp_path: Path) -> None:
    def export(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    runner = HostRunner(export, scratch=tmp_path / "scratch")
    with pytest.raises(SandboxError, match="No space left"):
        await runner.run(TestJob())
    assert names(tmp_path / "scratch") == []


async def test_the_snapshot_is_exported_once_for_many_jobs(tmp_path: Path) -> None:
    calls: list[Path] = []
    async with HostRunner(calls.append, scratch=tmp_path) as runner:
        await asyncio.gather(*(runner.run(TestJob(commands=(command("true"),))) for _ in range(4)))
    assert len(calls) == 1


async def test_results_are_of_one_interpreter_and_its_version(tmp_path: Path) -> None:
    """Without a name it is the first `python3` on PATH, which may be another one tomorrow."""
    version = sys.version.split()[0]
    named = HostRunner(lambda _: None, python=sys.executable)
    assert await named.identity() == f"{sys.executable} {version}"
    unnamed = HostRunner(lambda _: None)
    assert await unnamed.identity() == f"{unnamed.interpreter().executable} {unnamed.interpreter().version}"
    venv.create(tmp_path / "venv", with_pip=False)
    other = HostRunner(lambda _: None, python=str(tmp_path / "venv" / "bin" / "python"))
    assert await other.identity() == f"{tmp_path}/venv/bin/python {version}"
    with pytest.raises(ConfigError, match="no interpreter"):
        await HostRunner(lambda _: None, python="/none").identity()
