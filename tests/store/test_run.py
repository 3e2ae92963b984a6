import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agentless.errors import RunFolderError, StoreError
from agentless.records import Localization, Prediction
from agentless.store import Manifest, RunStore, check_openable
from tests.store.faults import DISK, full
from tests.store.records import localization, manifest, prediction


def preds(folder: Path) -> list[str]:
    return [json.loads(line)["instance_id"] for line in (folder / "preds.jsonl").read_text().splitlines()]


def test_a_new_folder_gets_its_manifest(tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "deep" / "run", manifest()) as run:
        assert run.manifest == manifest()
    written = json.loads((tmp_path / "deep" / "run" / "manifest.json").read_text())
    assert written["config"]["repair"]["samples"] == manifest().config["repair"]["samples"]
    assert written["dataset"] == "d0"


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, manifest()) as run:
        run.instance("../x").save("localization", "k", localization())
    with RunStore.open(tmp_path, manifest()) as run:
        assert run.instance("../x").load("localization", "k", Localization) == localization()
        assert run.instance_ids() == ["../x"]
    assert not (tmp_path.parent / "x").exists()


def test_another_configuration_is_refused_with_what_differs_and_nothing_is_written(tmp_path: Path) -> None:
    RunStore.open(tmp_path, manifest()).close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RunFolderError) as caught:
        RunStore.open(tmp_path, manifest("repair.edit_format=rewrite_function", "seed=1"))
    assert "repair.edit_format: search_replace -> rewrite_function; seed: 0 -> 1" in str(caught.value)
    assert "name a new folder" in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_refused_run_releases_the_lock(tmp_path: Path) -> None:
    RunStore.open(tmp_path, manifest()).close()
    with pytest.raises(RunFolderError):
        RunStore.open(tmp_path, manifest("seed=1"))
    RunStore.open(tmp_path, manifest()).close()


def test_an_allowed_change_is_noted_in_the_manifest(tmp_path: Path) -> None:
    RunStore.open(tmp_path, manifest("repair.samples=4")).close()
    RunStore.open(tmp_path, manifest("repair.samples=8")).close()
    with RunStore.open(tmp_path, manifest("repair.samples=8", "limits.tests=5")) as run:
        assert run.manifest.changes == ("repair.samples: 4 -> 8", "limits.tests: 2 -> 5")
        assert run.manifest.config["repair"]["samples"] == 8


def test_a_later_resume_adds_instances_and_forgets_none(tmp_path: Path) -> None:
    RunStore.open(tmp_path, replace(manifest(), instances=("a", "b"))).close()
    with RunStore.open(tmp_path, replace(manifest(), instances=("b", "c"))) as run:
        assert run.manifest.instances == ("a", "b", "c")
        assert run.manifest.changes == ()


def test_openable_is_asked_without_writing(tmp_path: Path) -> None:
    check_openable(tmp_path / "new", manifest())
    assert not (tmp_path / "new").exists()
    RunStore.open(tmp_path / "run", manifest(model="m")).close()
    check_openable(tmp_path / "run", replace(manifest(), model=""))
    with pytest.raises(RunFolderError, match="seed: 0 -> 1"):
        check_openable(tmp_path / "run", replace(manifest("seed=1"), model=""))
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunFolderError, match="is a file"):
        check_openable(tmp_path / "file", manifest())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"config": 3}'])
def test_a_broken_manifest_is_never_written_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(RunFolderError, match="cannot be read"):
        RunStore.open(tmp_path, manifest())
    assert (tmp_path / "manifest.json").read_text() == content


def test_a_folder_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RunFolderError, match=r"not empty .*thesis\.tex"):
        RunStore.open(tmp_path, manifest())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunFolderError, match="is a file"):
            RunStore.open(path, manifest())


def test_what_a_start_that_was_killed_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("")
    (tmp_path / ".tmp-1").write_text("half a manifest")
    RunStore.open(tmp_path, manifest()).close()
    assert not (tmp_path / ".tmp-1").exists()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, manifest()):
        with pytest.raises(RunFolderError, match="another process works on"):
            RunStore.open(tmp_path, manifest())
        code = (
            "import sys; from agentless.store import RunStore; from agentless.errors import RunFolderError\n"
            "from tests.store.records import manifest\n"
            "try: RunStore.open(sys.argv[1], manifest())\n"
            "except RunFolderError as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("another process works on")
    RunStore.open(tmp_path, manifest()).close()


def test_closing_twice_does_nothing(tmp_path: Path) -> None:
    run = RunStore.open(tmp_path, manifest())
    run.close()
    run.close()


def test_predictions_appear_at_once_sorted_and_once_each(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, manifest()) as run:
        for name in ("b", "a", "b"):
            run.instance(name).save("prediction", "k", prediction(name))
            assert name in preds(tmp_path)
        assert preds(tmp_path) == ["a", "b"]


def test_predictions_that_missed_the_list_are_in_it_after_the_next_start(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, manifest()) as run:
        run.instance("a").save("prediction", "k", prediction("a"))
    (tmp_path / "preds.jsonl").unlink()
    RunStore.open(tmp_path, manifest()).close()
    assert preds(tmp_path) == ["a"]
    (tmp_path / "preds.jsonl").write_text('{"instance_id": "a", "model_na')
    RunStore.open(tmp_path, manifest()).close()
    assert preds(tmp_path) == ["a"]


def test_a_prediction_that_rotted_leaves_the_list(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, manifest()) as run:
        for name in "ab":
            run.instance(name).save("prediction", "k", prediction(name))
        rotten = run.instance("a").path("prediction")
    rotten.write_bytes(b"{")
    RunStore.open(tmp_path, manifest()).close()
    assert preds(tmp_path) == ["b"]


def test_threads_do_not_lose_predictions(tmp_path: Path) -> None:
    names = [f"i{number:02}" for number in range(24)]
    with RunStore.open(tmp_path, manifest()) as run:

        def save(name: str) -> None:
            run.instance(name).save("prediction", "k", prediction(name))

        threads = [threading.Thread(target=save, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert preds(tmp_path) == names


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match="No space left on device; free some space"),
        DISK.failing(tmp_path, 1, full()),
    ):
        RunStore.open(tmp_path / "run", manifest())


def test_a_view_reads_while_another_process_writes_and_changes_nothing(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, manifest()) as run:
        run.instance("a").save("prediction", "k", prediction("a"))
        run.instance("b").folder.mkdir()
        run.instance("b").path("prediction").write_bytes(b"{")
        view = RunStore.view(tmp_path)
        assert view.manifest == manifest()
        assert view.instance_ids() == ["a", "b"]
        assert view.instance("a").latest("prediction", Prediction) == prediction("a")
        assert view.instance("b").latest("prediction", Prediction) is None
        assert view.instance("b").path("prediction").exists()


def test_a_view_of_nothing_is_bad_input(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RunFolderError, match="not a run folder"):
            RunStore.view(path)


def test_a_manifest_has_no_secret(tmp_path: Path) -> None:
    made: Manifest = manifest("model.api_key_env=MY_KEY")
    assert made.config["model"]["api_key_env"] == "MY_KEY"
    assert "api_key" not in made.config["model"]
