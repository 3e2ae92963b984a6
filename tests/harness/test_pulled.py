from pathlib import Path

import pytest

from agentless.errors import StoreError
from harness.pulled import PulledRecord


def test_a_resumed_run_knows_what_it_pulled(tmp_path: Path) -> None:
    first = PulledRecord(tmp_path / "pulled.json")
    first.add("b:1", "sha256:b")
    first.add("a:1", "sha256:a")
    first.drop("b:1")
    first.drop("never:1")
    again = PulledRecord(tmp_path / "pulled.json")
    assert again.images() == ("a:1",)
    assert (again.id_of("a:1"), again.id_of("b:1")) == ("sha256:a", "")
    assert [path.name for path in tmp_path.iterdir()] == ["pulled.json"]


def test_without_a_file_it_is_kept_in_memory(tmp_path: Path) -> None:
    record = PulledRecord(None)
    record.add("a:1", "sha256:a")
    assert record.images() == ("a:1",)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": null}'])
def test_a_file_of_somebody_else_is_not_believed(text: str, tmp_path: Path) -> None:
    (tmp_path / "pulled.json").write_text(text)
    with pytest.raises(StoreError, match="remove it"):
        PulledRecord(tmp_path / "pulled.json")


def test_a_folder_that_is_gone_is_made_again_and_what_stands_in_its_way_is_one_line(tmp_path: Path) -> None:
    PulledRecord(tmp_path / "gone" / "pulled.json").add("a:1", "sha256:a")
    assert PulledRecord(tmp_path / "gone" / "pulled.json").images() == ("a:1",)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"could not write .*pulled\.json: .*free some space"):
        PulledRecord(tmp_path / "file" / "pulled.json").add("a:1", "sha256:a")
