from pathlib import Path

import pytest

from agentless.errors import AgentlessError
from tests.instances.demo import check_ended, main


def test_a_failure_before_the_end_is_no_verdict(tmp_path: Path) -> None:
    for code in (0, 1, 2, 130):
        with pytest.raises(AgentlessError, match=f"failed with exit code {code}, see above"):
            check_ended(code, tmp_path / "run")


def test_an_end_without_a_patch_is_one(tmp_path: Path) -> None:
    record = tmp_path / "instances" / "a__b-1" / "5-prediction.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    check_ended(0, tmp_path)
    check_ended(1, tmp_path)
    with pytest.raises(AgentlessError):
        check_ended(130, tmp_path)


def test_an_unknown_instance_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["nobody__nothing-1"])
    assert left.value.code == 2
    assert "pallets__flask-5014" in capsys.readouterr().err
