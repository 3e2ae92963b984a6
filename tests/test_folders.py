from collections.abc import Callable
from pathlib import Path

import pytest

from agentless.folders import cache_folder, state_folder
from agentless.llm.weights import weights_folder


@pytest.mark.parametrize(
    ("folder", "variable", "default"),
    [(cache_folder, "XDG_CACHE_HOME", ".cache"), (state_folder, "XDG_STATE_HOME", ".local/state")],
)
def test_the_variable_counts_where_it_is_absolute(
    folder: Callable[[], Path], variable: str, default: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    assert folder() == tmp_path / "agentless"
    for ignored in ("", "relative/place"):
        monkeypatch.setenv(variable, ignored)
        assert folder() == Path.home() / default / "agentless"


def test_weights_lie_in_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/place")
    assert weights_folder() == cache_folder() / "weights"
