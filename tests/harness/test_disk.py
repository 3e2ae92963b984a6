"""When a container's layer is measured, and who is blamed for a full disk."""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentless.errors import EngineError
from harness.disk import DiskWatch, Free, free, root_of
from harness.limits import MIB, ContainerLimits

PLENTY = Free(space=1000 * MIB, files=100_000)


class Layer:
    """An engine that knows the size of one container's layer; stands for `client` and `client.api`."""

    def __init__(self, size_mb: int = 0, made: int = 0) -> None:
        self.api = self
        self.size_mb, self.made = size_mb, made
        self.measured = 0
        self.paused = False

    def _url(self, path: str, name: str) -> str:
        return path.format(name)

    def _get(self, url: str, params: dict[str, int]) -> str:
        assert (url, params) == ("/containers/box/json", {"size": 1})
        return url

    def _result(self, response: str, json: bool) -> dict[str, Any]:
        self.measured += 1
        return {"SizeRw": self.size_mb * MIB or None, "State": {"Paused": self.paused}}

    def diff(self, name: str) -> list[dict[str, Any]] | None:
        return [{"Path": f"/{number}", "Kind": 1} for number in range(self.made)] or None


class Watch(DiskWatch):
    """Sees a disk that the test fills."""

    def __init__(self, layer: Layer, limits: ContainerLimits, root: Path | None) -> None:
        self.disk = PLENTY if root else None
        super().__init__(layer, "box", limits, root)

    def left(self) -> Free | None:
        return self.disk


LIMITS = ContainerLimits(disk_mb=80, files=1000, free_disk_mb=50)


def watch(layer: Layer, tmp_path: Path) -> Watch:
    return Watch(layer, LIMITS, tmp_path)


def test_a_quiet_container_is_not_measured(tmp_path: Path) -> None:
    layer = Layer()
    seen = watch(layer, tmp_path)
    assert [seen.look() for _ in range(5)] == [""] * 5
    assert layer.measured == 0


def test_an_eighth_of_the_limit_gone_from_the_disk_is_a_reason_to_measure(tmp_path: Path) -> None:
    layer = Layer(size_mb=12)
    seen = watch(layer, tmp_path)
    seen.disk = Free(PLENTY.space - 9 * MIB, PLENTY.files)
    assert seen.look() == ""
    seen.disk = Free(PLENTY.space - 12 * MIB, PLENTY.files)
    assert (seen.look(), layer.measured) == ("", 1)
    assert (seen.look(), layer.measured) == ("", 1), "measured from here on"


def test_a_container_over_its_limit_is_stopped_with_a_reason(tmp_path: Path) -> None:
    seen = watch(Layer(size_mb=81), tmp_path)
    seen.disk = Free(PLENTY.space - 81 * MIB, PLENTY.files)
    assert seen.look() == "81 MiB written, the limit is 80"


def test_it_is_measured_now_and_then_in_any_case(tmp_path: Path) -> None:
    layer = Layer(size_mb=500)
    seen = watch(layer, tmp_path)
    seen.next = time.monotonic()
    assert seen.look() == "500 MiB written, the limit is 80"


def test_without_a_view_of_the_disk_the_layer_is_measured_every_second() -> None:
    layer = Layer(size_mb=81)
    seen = Watch(layer, LIMITS, None)
    assert 0.5 < seen.next - time.monotonic() <= 1.0
    assert seen.look() == ""
    seen.next = time.monotonic()
    assert seen.look() == "81 MiB written, the limit is 80"


def test_a_full_disk_is_nothing_a_small_container_is_blamed_for(tmp_path: Path) -> None:
    seen = watch(Layer(size_mb=3), tmp_path)
    seen.disk = Free(49 * MIB, PLENTY.files)
    with pytest.raises(EngineError, match=r"only 49 MiB free on Docker's disk .*docker system df"):
        seen.look()


def test_a_disk_without_room_for_more_files_is_full_as_well(tmp_path: Path) -> None:
    seen = watch(Layer(size_mb=3), tmp_path)
    seen.disk = Free(PLENTY.space, 9_999)
    with pytest.raises(EngineError, match="only 9999 inodes free on Docker's disk"):
        seen.look()


def test_a_file_system_that_does_not_count_files_has_plenty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(tmp_path)
    nothing = SimpleNamespace(f_bavail=real.f_bavail, f_frsize=real.f_frsize, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: nothing)
    assert free(tmp_path).files == sys.maxsize


def test_a_paused_container_is_seen_when_it_is_measured(tmp_path: Path) -> None:
    layer = Layer()
    seen = watch(layer, tmp_path)
    layer.paused = True
    assert seen.look() == ""
    seen.next = time.monotonic()
    with pytest.raises(EngineError, match=r"a container was paused under its tests; docker ps"):
        seen.look()


def test_the_one_that_filled_the_disk_is_blamed(tmp_path: Path) -> None:
    seen = watch(Layer(size_mb=900), tmp_path)
    seen.disk = Free(0, PLENTY.files)
    assert seen.look() == "900 MiB written, the limit is 80"


@pytest.mark.parametrize(("made", "reason"), [(1001, "1001 files made, the limit is 1000"), (900, "")])
def test_files_are_counted_when_the_disk_loses_many(tmp_path: Path, made: int, reason: str) -> None:
    seen = watch(Layer(made=made), tmp_path)
    seen.disk = Free(PLENTY.space, PLENTY.files - 1001)
    assert seen.look() == reason
    if not reason:
        seen.client.made = 5000
        assert seen.look() == "", "counted again only after another thousand"


def test_free_space_is_that_of_the_disk(tmp_path: Path) -> None:
    left = free(tmp_path)
    assert left.space > 0
    assert left.files >= 0


@pytest.mark.parametrize(
    ("url", "root"), [("https://elsewhere:2376", "/"), ("http+docker://localhost", "/no/such/folder")]
)
def test_an_engine_elsewhere_has_no_disk_here(url: str, root: str) -> None:
    client = SimpleNamespace(api=SimpleNamespace(base_url=url), info=lambda: {"DockerRootDir": root})
    assert root_of.__wrapped__(client) is None


def test_the_local_engine_has_one(tmp_path: Path) -> None:
    api = SimpleNamespace(base_url="http+docker://localhost")
    client = SimpleNamespace(api=api, info=lambda: {"DockerRootDir": str(tmp_path)})
    assert root_of.__wrapped__(client) == tmp_path
