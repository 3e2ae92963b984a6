import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentless.cli.main import main
from agentless.folders import cache_folder
from tests.cli.conftest import FILES, ISSUE
from tests.conftest import git, make_repo
from tests.llm.openai_server import FakeOpenAI, refuses, running, words_as_vectors

PRICE = "shop/price.py"


def localize(repo: Path, *options: str, issue: str = ISSUE) -> int:
    return main(["localize", "--repo", str(repo), "--issue", issue, *options])


def rows(folder: Path, shop: Path, *ids: str) -> Path:
    """A dataset whose rows are all about the shop."""
    repos = folder / "repos" / "a__shop"
    repos.parent.mkdir()
    git(folder, "clone", "-q", "--bare", str(shop), str(repos))
    commit = git(shop, "rev-parse", "HEAD").strip()
    lines = [
        json.dumps({"instance_id": name, "repo": "a/shop", "base_commit": commit, "problem_statement": ISSUE})
        for name in ids
    ]
    (folder / "rows.jsonl").write_text("\n".join(lines))
    return folder / "rows.jsonl"


def test_files_come_with_their_reasons_and_without_a_model(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert localize(shop) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("shop-")
    assert lines[1].split()[0] == "1" and lines[1].endswith(f" {PRICE}")
    assert "bm25f +" in lines[2]
    assert not any("elements" in line for line in lines)


def test_elements_and_a_limit(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert localize(shop, "--elements", "--top", "1") == 0
    shown = capsys.readouterr().out
    assert "user.py" not in shown
    assert f"{PRICE}:1-2 total" in shown.split("elements\n")[1]


def test_json_is_the_whole_record(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert localize(shop, "--json", "--elements") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["path"] == PRICE and found["files"][0]["reasons"]
    assert found["elements"][0]["name"] == "total"
    assert found["rollouts"] == [] and found["note"] == ""


def test_a_commit_is_ranked_as_it_was(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / PRICE).unlink()
    assert localize(shop) == 0
    assert PRICE not in capsys.readouterr().out
    assert localize(shop, "--commit", "HEAD") == 0
    assert PRICE in capsys.readouterr().out


def test_the_issue_in_the_repository_is_no_file_of_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "bug.md").write_text(ISSUE)
    assert localize(shop, issue=str(shop / "bug.md")) == 0
    assert "bug.md" not in capsys.readouterr().out


def test_a_model_votes_when_it_is_named(
    shop: Path, server: FakeOpenAI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert localize(shop, "--base-url", server.url, "--set", "localize.rollouts=3") == 0
    shown = capsys.readouterr().out
    assert "named in 3 of 3 rollouts" in shown and "rollouts  3 (3 ok)" in shown
    assert len(server.requests) == 3


def test_an_embedder_is_asked_when_it_is_configured(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeOpenAI(model="vectors")
    fake.default = words_as_vectors
    with running(fake):
        assert localize(shop, "--set", f"localize.embedder_url={fake.url}") == 0
        first = capsys.readouterr().out
        asked = len(fake.requests)
        assert localize(shop, "--set", f"localize.embedder_url={fake.url}") == 0
    assert capsys.readouterr().out == first
    assert (asked, len(fake.requests)) == (2, 3), "files are embedded once, the issue each time"
    assert localize(shop, "--set", f"localize.embedder_url={fake.url}") == 2
    assert "127.0.0.1" in capsys.readouterr().err


def test_an_embedder_that_fails_later_gives_no_ranking(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeOpenAI(model="vectors")
    fake.default = refuses(400, {"error": {"message": "broken"}})
    with running(fake):
        assert localize(shop, "--set", f"localize.embedder_url={fake.url}") == 1
    shown = capsys.readouterr()
    assert shown.out == "" and "embeddings of 'vectors'" in shown.err


def test_rows_of_a_dataset_each_on_a_line(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = rows(tmp_path, shop, "shop-1", "shop-2", "shop-3")
    arguments = ["localize", "--dataset", str(dataset), "--repos", str(tmp_path / "repos"), "--json"]
    assert main(arguments) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["instance_id"] for each in found] == ["shop-1", "shop-2", "shop-3"]
    assert main([*arguments, "--instance", "shop-2", "--instance", "shop-3"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main([*arguments, "--instance", "shop-9"]) == 2
    assert main([*arguments, "--limit", "1"]) == 0


def test_a_row_that_fails_stops_no_other(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = rows(tmp_path, shop, "shop-1", "shop-2")
    fake = FakeOpenAI(model="vectors")
    fake.default = words_as_vectors
    fake.script.append(refuses(400, {"error": {"message": "not this one"}}))
    with running(fake):
        options = ["--json", "--set", f"localize.embedder_url={fake.url}"]
        code = main(["localize", "--dataset", str(dataset), "--repos", str(tmp_path / "repos"), *options])
    shown = capsys.readouterr()
    assert code == 1
    assert json.loads(shown.out)["instance_id"] == "shop-2"
    assert "shop-1: embeddings of" in shown.err and "not this one" in shown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give --repo and --issue, or --dataset and --repos"),
        (["--repo", "."], "give --repo and --issue"),
        (["--repo", ".", "--issue", "a b", "--dataset", "x"], "give --repo and --issue"),
        (["--repo", ".", "--issue", "a b", "--instance", "x"], "choose rows of a --dataset"),
        (["--dataset", "x", "--repos", "y", "--commit", "HEAD"], "rows have commits of their own"),
        (["--repo", ".", "--issue", "a b", "--top", "0"], "show at least 1"),
        (["--repo", "nowhere", "--issue", "a b"], "does not exist"),
        (["--repo", ".", "--issue", " "], "the issue is empty"),
        (["--dataset", "nowhere.jsonl", "--repos", "."], "nowhere.jsonl"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["localize", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and said in shown.err and len(shown.err.splitlines()) == 1


def test_a_folder_that_is_no_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert localize(tmp_path) == 2
    assert "not a git repository" in capsys.readouterr().err


def test_an_empty_tree_has_nothing_to_rank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert localize(make_repo(tmp_path / "empty", {})) == 1
    assert "no file that may be edited" in capsys.readouterr().out


def test_a_repository_without_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"src/price.lua": "function total(prices) return 1 end\n", "src/user.lua": "function greet() end\n"}
    assert localize(make_repo(tmp_path / "lua", files)) == 0
    assert "src/price.lua" in capsys.readouterr().out.splitlines()[1]


def test_a_shallow_clone(tmp_path: Path, shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "shop" / "new.py").write_text("x = 1\n")
    git(shop, "add", "-A")
    git(shop, "commit", "-qm", "more")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{shop}", "shallow")
    assert localize(tmp_path / "shallow") == 0
    assert PRICE in capsys.readouterr().out.splitlines()[1]


def test_a_reader_that_leaves_ends_it_quietly(shop: Path) -> None:
    command = (
        f"{sys.executable} -m agentless.cli.main localize --repo {shop} --issue 'total is wrong' --json | head -1"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "{\n" and "Traceback" not in done.stderr


def test_rows_are_not_ranked_for_a_reader_that_left(shop: Path, tmp_path: Path) -> None:
    dataset = rows(tmp_path, shop, *(f"shop-{number}" for number in range(9)))
    line = (
        f"{sys.executable} -m agentless.cli.main localize --dataset {dataset} --repos {tmp_path / 'repos'} --json"
    )
    done = subprocess.run(["bash", "-c", f"{line} | head -c 9"], capture_output=True, text=True, check=True)
    assert done.stdout == '{"instanc'
    assert "Broken pipe" not in done.stderr and "shop-8" not in done.stderr


def test_the_repository_is_left_as_it_was(shop: Path) -> None:
    assert localize(shop) == 0
    assert git(shop, "status", "--porcelain") == ""
    assert sorted(str(path.relative_to(shop)) for path in (shop / "shop").iterdir()) == sorted(FILES)


@pytest.mark.parametrize(
    "chosen",
    [
        ["--instances", "shop-1,shop-3"], ["--instance", "shop-1", "--instance", "shop-3"],
        ["--instances", "shop-1, ", "--instance", "shop-3"],
    ],
)  # fmt: skip
def test_a_dataset_by_name_and_instances_as_run_takes_them(
    shop: Path, tmp_path: Path, chosen: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    kept = cache_folder() / "datasets" / "verified.jsonl"
    kept.parent.mkdir(parents=True)
    rows(tmp_path, shop, "shop-1", "shop-2", "shop-3").rename(kept)
    options = ["--repos", str(tmp_path / "repos"), "--json", *chosen]
    assert main(["localize", "--dataset", "verified", *options]) == 0
    found = [json.loads(line)["instance_id"] for line in capsys.readouterr().out.splitlines()]
    assert found == ["shop-1", "shop-3"]
