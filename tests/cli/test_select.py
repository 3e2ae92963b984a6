import json
from pathlib import Path

import pytest

from agentless.cli.choices import counted
from agentless.cli.main import main
from agentless.config import load_config
from agentless.records import Prediction, Selection
from agentless.select import choose
from agentless.store import RunStore, make_manifest
from tests.cli.conftest import ISSUE
from tests.conftest import git, make_repo
from tests.llm.openai_server import FakeOpenAI
from tests.select.pools import candidate, candidates, diff, evidence, validation

POOL = candidates(
    candidate("a", 0, 1, 2, line="x = 1"),
    candidate("b", 3, line="return None"),
    candidate("t", 4, path="tests/t.py"),
)
FOUND = validation(evidence("a", "pf"), evidence("b", "pp"), evidence("t", "pp"), baseline=2)


def finished(folder: Path, strategy: str = "evidence") -> Path:
    """A run of two instances: one chosen, one without samples."""
    config = load_config(overrides=[f"select.strategy={strategy}"])
    with RunStore.open(folder, make_manifest(config, model="tiny", instances=("a__b-1", "a__b-2"))) as run:
        store = run.instance("a__b-1")
        store.save("candidates", "k1", POOL)
        store.save("validation", "k2", FOUND)
        selection = choose(POOL, FOUND, config.select, {"t": 0.0})
        store.save("selection", "k3", selection)
        name = f"agentless-{config.preset}-tiny"
        store.save("prediction", "k4", Prediction(instance_id="a__b-1", model_name_or_path=name, model_patch="x"))
        run.instance("a__b-2").save_error(ValueError("lost"))
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_run_is_ranked_again_and_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished(tmp_path / "run")
    before = files_of(run)
    assert main(["select", str(run), "--strategy", "medoid", "--json"]) == 0
    shown = capsys.readouterr()
    (row,) = json.loads(shown.out)
    assert [each["key"] for each in row["ranking"]] == ["a", "b", "t"]
    assert (row["strategy"], row["changed"], row["samples"], row["candidates"]) == ("medoid", True, 5, 3)
    assert 0 < row["confidence"] < 1
    assert "a__b-2" in shown.err and "1 instance, 1 choice changed" in shown.err
    assert files_of(run) == before


def test_what_the_run_knew_of_the_sources_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished(tmp_path / "run")
    assert main(["select", str(run), "--strategy", "paper", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [(each["key"], each["scores"]["source"]) for each in row["ranking"]] == [("b", 1), ("a", 1), ("t", 0)]
    assert row["changed"] is False


def test_predictions_carry_the_runs_name_or_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, output = finished(tmp_path / "run"), tmp_path / "preds.jsonl"
    assert main(["select", str(run), "--strategy", "medoid", "--output", str(output)]) == 0
    (row,) = [json.loads(line) for line in output.read_text().splitlines()]
    assert row["model_name_or_path"] == "agentless-nemotron-cascade-tiny"
    assert row["model_patch"] == POOL.candidates[0].patch
    assert main(["select", str(run), "--output", str(output), "--name", "mine"]) == 0
    assert json.loads(output.read_text())["model_name_or_path"] == "mine"
    assert "sure" in capsys.readouterr().out


def test_written_choices_are_those_that_a_resumed_run_would_make(tmp_path: Path) -> None:
    run = finished(tmp_path / "run")
    assert main(["select", str(run), "--strategy", "medoid", "--write"]) == 0
    with RunStore.view(run) as view:
        assert view.manifest.config["select"] == {"strategy": "medoid"}
        assert view.manifest.changes == ("select.strategy: evidence -> medoid",)
        kept = view.instance("a__b-1").latest("selection", Selection)
        assert kept is not None and kept.strategy == "medoid"
    (line,) = (run / "preds.jsonl").read_text().splitlines()
    assert json.loads(line)["model_patch"] == POOL.candidates[0].patch
    once = files_of(run)
    assert main(["select", str(run), "--strategy", "medoid", "--write"]) == 0
    assert files_of(run) == once


def test_a_real_run_is_ranked_again_without_its_repository(
    shop: Path, server: FakeOpenAI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    command = [
        "solve", "--repo", str(shop), "--issue", ISSUE, "--base-url", server.url, "--run-dir", str(run),
        "--sandbox", "none", "--samples", "3",
    ]  # fmt: skip
    assert main(command) == 0
    patch = capsys.readouterr().out
    shop.rename(tmp_path / "elsewhere")
    requests = len(server.requests)
    assert main(["select", str(run), "--strategy", "paper", "--write", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["changed"], row["samples"], row["ranking"][0]["scores"]["source"]) == (False, 3, 1)
    assert json.loads((run / "preds.jsonl").read_text())["model_patch"] == patch
    assert len(server.requests) == requests


REPO = {"src/app.py": "same = 1\n", "lib/b.py": "b = 1\n"}
ONE = diff("src/app.py", "same = 1\n", "same = 1\nx = 1\n")
SAME_CODE = diff("src/app.py", "same = 1\n", "same = 1\nx = 1  # one\n")
OTHER = diff("src/app.py", "same = 1\n", "same = 1\nraise SystemExit\n")


def predictions(path: Path, system: str, **patches: str | None) -> Path:
    rows = [
        {"instance_id": name.replace("_", "-"), "model_name_or_path": system, "model_patch": patch, "more": 1}
        for name, patch in patches.items()
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture
def pool(tmp_path: Path) -> list[str]:
    """Three systems that agree on one instance by text, by code, or not at all."""
    return [
        str(predictions(tmp_path / "one.jsonl", "one", x_1=ONE, x_2=OTHER)),
        str(predictions(tmp_path / "two.jsonl", "two", x_1=OTHER, x_2=None)),
        str(predictions(tmp_path / "three.jsonl", "three", x_1=SAME_CODE)),
    ]


def test_several_systems_are_one_pool(pool: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out.jsonl"
    assert main(["select", "--pool", *pool, "--json", "--output", str(output)]) == 0
    shown = capsys.readouterr()
    first, second = json.loads(shown.out)
    assert (first["instance_id"], first["candidates"], first["samples"]) == ("x-1", 3, 3)
    assert (second["samples"], second["sources"]) == (1, ["one"])
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["instance_id"] for row in rows] == ["x-1", "x-2"]
    assert rows[0]["model_patch"] in (ONE, SAME_CODE)
    assert rows[0]["model_name_or_path"] == "agentless-evidence"


def test_with_repositories_equal_code_is_one_class(
    pool: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_repo(tmp_path / "repos" / "o__r", REPO)
    rows = [
        {"instance_id": name, "repo": "o/r", "base_commit": git(folder, "rev-parse", "HEAD").strip(),
         "problem_statement": "broken"}
        for name in ("x-1", "x-2")
    ]  # fmt: skip
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    where = ["--dataset", str(dataset), "--repos", str(tmp_path / "repos")]
    assert main(["select", "--pool", *pool, *where, "--strategy", "paper", "--json"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    assert (first["candidates"], first["samples"], first["sources"]) == (2, 3, ["one", "three"])


def test_the_table_names_systems_and_reasons(pool: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["select", "--pool", *pool]) == 0
    shown = capsys.readouterr()
    assert "x-1" in shown.out and "3/3" in shown.out and "one" in shown.out
    assert "2 instances" in shown.err


def test_one_file_may_have_many_samples_of_an_instance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "samples.jsonl"
    rows = [{"instance_id": "x", "model_patch": patch} for patch in (OTHER, ONE, ONE)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert main(["select", "--pool", str(path), "--strategy", "paper", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["samples"], row["ranking"][0]["size"], row["sources"]) == (3, 2, ["samples"])


def test_an_instance_that_nobody_solved_is_an_empty_prediction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = predictions(tmp_path / "a.jsonl", "a", x=""), tmp_path / "out.jsonl"
    assert main(["select", "--pool", str(path), "--output", str(output)]) == 0
    assert json.loads(output.read_text())["model_patch"] == ""
    assert "1 without a patch" in capsys.readouterr().err


BAD_ROWS = {
    '{"model_patch": "x"}': "row 1 has no instance_id",
    '{"instance_id": "x"}': "row 1 (x) has no model_patch",
    '{"instance_id": "x", "model_patch": 3}': "model_patch is int",
    "[1]": "row 1 is list",
    "{": "is not JSON",
    "": "has no predictions",
}


@pytest.mark.parametrize(("text", "said"), BAD_ROWS.items())
def test_bad_predictions_are_one_line(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    path.write_text(text)
    assert main(["select", "--pool", str(path), "--output", str(output)]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert (shown.out, len(shown.err.splitlines()), output.exists()) == ("", 1, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a RUN"),
        (["RUN", "--pool", "a.jsonl"], "not both"),
        (["--pool", "a.jsonl", "--write"], "--write"),
        (["RUN", "--repos", "."], "belong to --pool"),
        (["--pool", "a.jsonl", "--repos", "."], "go together"),
        (["--pool", "missing.jsonl"], "cannot read"),
        (["--pool", "preds.txt"], "are a .jsonl or .json file"),
        (["RUN"], "not a run folder"),
        (["RUN", "--strategy", "best"], "evidence"),
        (["RUN", "--output", "no/such/folder/x.jsonl"], "--output"),
    ],
)
def test_bad_options_are_one_line_that_names_the_fix(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    code = main(["select", *(str(tmp_path) if each == "RUN" else each for each in arguments)])
    shown = capsys.readouterr()
    assert (code, len(shown.err.splitlines()), shown.out) == (2, 1, "")
    assert said in shown.err


def test_a_run_without_samples_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    RunStore.open(run, make_manifest(load_config(), model="tiny")).close()
    assert main(["select", str(run)]) == 2
    assert "no finished instance" in capsys.readouterr().err


def test_a_run_that_is_being_written_is_not_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished(tmp_path / "run")
    with RunStore.open(run, RunStore.view(run).manifest):
        assert main(["select", str(run), "--write"]) == 2
        assert "another process" in capsys.readouterr().err
        assert main(["select", str(run)]) == 0


def test_names_cannot_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        json.dumps({"instance_id": "x\x1b[2J\ny", "model_name_or_path": "m\r\x07", "model_patch": ONE})
    )
    assert main(["select", "--pool", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\x07" not in shown and len(shown.splitlines()) == 2


def test_a_file_that_comes_twice_would_vote_twice(pool: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["select", "--pool", *pool, pool[0]]) == 2
    assert "twice" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "text"), [(0, "0 choices"), (1, "1 choice"), (2, "2 choices")])
def test_nouns_have_their_number(number: int, text: str) -> None:
    assert counted(number, "choice") == text
