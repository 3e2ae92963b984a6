import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.cli.main import main
from tests.cli.conftest import ISSUE
from tests.conftest import git
from tests.llm.openai_server import FakeOpenAI, says

FEW = ("--set", "localize.rollouts=1", "--samples", "2", "--sandbox", "none")


def solve(repo: Path, server: FakeOpenAI, *options: str, issue: str = ISSUE) -> int:
    return main(["solve", "--repo", str(repo), "--issue", issue, "--base-url", server.url, *FEW, *options])


def test_the_patch_alone_is_on_stdout_and_git_takes_it(
    shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert solve(shop, server) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("diff --git a/shop/price.py b/shop/price.py\n")
    subprocess.run(["git", "apply", "--check", "-"], cwd=shop, input=shown.out.encode(), check=True)
    for word in ("files", "samples", "tests", "choice", "cost", "2 patch", "shop/price.py"):
        assert word in shown.err
    assert git(shop, "status", "--porcelain") == ""


def test_apply_changes_the_work_tree_and_output_keeps_the_patch(
    shop: Path, server: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "fix.patch"
    assert solve(shop, server, "--apply", "--output", str(output)) == 0
    assert (shop / "shop" / "price.py").read_text() == "def total(prices):\n    return sum(prices)\n"
    assert output.read_text() == capsys.readouterr().out


def test_what_is_said_to_undo_undoes(
    shop: Path, server: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert solve(shop, server, "--apply", "--output", str(tmp_path / "the fix.patch")) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    subprocess.run(["bash", "-c", said.partition("undo with ")[2]], check=True)
    assert git(shop, "status", "--porcelain") == ""
    assert solve(shop, server, "--apply") == 0
    assert "a file with the patch above" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--set", "validation.sandbox=docker"], ["--set", "validation.sandbox=nothing"]]
)
def test_a_repository_of_ones_own_has_no_image(
    shop: Path, server: FakeOpenAI, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = ["--base-url", server.url]
    assert main(["solve", "--repo", str(shop), "--issue", ISSUE, *url, *option]) == 2
    assert "use bwrap" in (said := capsys.readouterr().err) or "'nothing'" in said
    assert server.requests == []


def test_apply_refuses_a_conflict_and_changes_nothing(
    shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = "def total(prices):\n    return 7\n"
    (shop / "shop" / "price.py").write_text(changed)
    assert solve(shop, server, "--commit", "HEAD", "--apply") == 2
    shown = capsys.readouterr()
    assert "--apply changed nothing" in shown.err
    assert shown.out.startswith("diff --git")
    assert (shop / "shop" / "price.py").read_text() == changed


def test_uncommitted_files_are_seen(shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    text = "# new\ndef total(prices):\n    return sum(prices) - 1\n"
    (shop / "shop" / "price.py").write_text(text)
    assert solve(shop, server) == 0
    patch = capsys.readouterr().out
    assert " # new" in patch
    subprocess.run(["git", "apply", "--check", "-"], cwd=shop, input=patch.encode(), check=True)


def test_json_holds_every_record(shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    assert solve(shop, server, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"localization", "candidates", "validation", "selection", "prediction"}
    assert found["prediction"]["model_patch"].startswith("diff --git")


def test_no_usable_patch_says_why_for_each_sample(
    shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    server.default = says("I cannot help with that.")
    assert solve(shop, server, "--output", str(shop / "fix.patch")) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "0: no_edit" in shown.err
    assert "1: no_edit" in shown.err
    assert not (shop / "fix.patch").exists()


def test_a_second_run_answers_from_the_records(
    shop: Path, server: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solve(shop, server)
    first, asked = capsys.readouterr().out, len(server.requests)
    assert solve(shop, server) == 0
    assert capsys.readouterr().out == first
    assert len(server.requests) == asked
    assert len(list((tmp_path / "state" / "agentless" / "runs").iterdir())) == 1


def test_a_run_dir_of_another_configuration_says_what_differs(
    shop: Path, server: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = str(tmp_path / "run")
    assert solve(shop, server, "--run-dir", run_dir) == 0
    assert solve(shop, server, "--run-dir", run_dir, "--set", "repair.temperature=0.1") == 2
    assert "repair.temperature: 0.6 -> 0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--commit", "no-such"], "no commit"),
        (["--preset", "fastest"], "no preset 'fastest'"),
        (["--set", "repair.sampels=1"], "unknown key 'repair.sampels'"),
        (["--issue", " "], "the issue is empty"),
        (["--output", "/no/such/folder/fix.patch"], "make it first"),
        (["--set", "model.context_tokens=9000"], "max_tokens"),
        (["--model-name", "huge"], "tiny"),
        (["--python", "/no/python", "--sandbox", "host"], "/no/python"),
    ],
)
def test_bad_input_is_one_line_that_names_the_fix(
    shop: Path, server: FakeOpenAI, options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert solve(shop, server, *options) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    errors = [line for line in shown.err.splitlines() if line.startswith("agentless solve: ")]
    assert len(errors) == 1
    assert named in errors[0]
    assert not (shop.parent / "state").exists()
    assert git(shop, "status", "--porcelain") == ""


def test_an_unreachable_server_is_bad_input(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "--repo", str(shop), "--issue", ISSUE, "--base-url", "http://127.0.0.1:9/v1"]) == 2
    assert "http://127.0.0.1:9/v1" in capsys.readouterr().err


def test_an_unknown_model_is_bad_input(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "--repo", str(shop), "--issue", ISSUE, "--model", "gpt"]) == 2
    assert "no model profile 'gpt'; there are: nemotron-cascade-14b-thinking" in capsys.readouterr().err


def test_the_tools_own_files_are_no_part_of_the_project(
    shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "bug.md").write_text(ISSUE)
    run_dir = shop / "runs"
    for _ in range(2):
        assert solve(shop, server, "--run-dir", str(run_dir), "--json", issue=str(shop / "bug.md")) == 0
        found = json.loads(capsys.readouterr().out)
        assert "bug.md" not in [file["path"] for file in found["localization"]["files"]]
    asked = len(server.requests)
    assert solve(shop, server, "--run-dir", str(run_dir), issue=str(shop / "bug.md")) == 0
    assert len(server.requests) == asked


def test_more_and_fewer_samples_come_back_to_the_same_records(shop: Path, server: FakeOpenAI) -> None:
    assert solve(shop, server, "--samples", "4") == 0
    asked = len(server.requests)
    assert solve(shop, server) == 0
    assert len(server.requests) == asked


def test_a_full_disk_is_one_line_and_the_patch_is_not_lost(
    shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert solve(shop, server, "--output", "/dev/full") == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("diff --git")
    assert "No space left on device" in shown.err.splitlines()[-1]


def test_a_user_that_does_not_exist(server: FakeOpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    assert solve(Path("~nosuchuser/project"), server) == 2
    assert "write the path out" in capsys.readouterr().err


def test_the_run_folder_is_checked_before_anything_is_started(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.tex").write_text("x")
    options = ("--issue", ISSUE, "--base-url", "http://127.0.0.1:9/v1", "--run-dir", str(tmp_path / "thesis"))
    assert main(["solve", "--repo", str(shop), *options]) == 2
    assert "not empty" in capsys.readouterr().err


def test_the_patch_has_the_same_bytes_in_every_locale(shop: Path, server: FakeOpenAI, tmp_path: Path) -> None:
    (shop / "shop" / "price.py").write_text("# größe\ndef total(prices):\n    return sum(prices) - 1\n")
    line = [sys.executable, "-m", "agentless.cli.main", "solve", "--repo", str(shop), "--issue", ISSUE]
    line += ["--base-url", server.url, *FEW]
    done = subprocess.run(
        line, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    )
    assert "größe".encode() in done.stdout
