import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentless.cli import machine
from agentless.cli.machine import Finding, check_cache, check_git, check_server, output_of
from agentless.cli.tables import print_findings
from agentless.llm.weights import Fetching, fetch_weights
from tests.llm.fake_parts import DATA, profile


class Models(http.server.BaseHTTPRequestHandler):
    """Answers /v1/models."""

    def do_GET(self) -> None:
        found = self.path == "/v1/models"
        body = json.dumps({"data": [{"id": "tiny"}]}).encode() if found else b"no"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_a_server_lists_its_models(server: str) -> None:
    assert check_server(f"{server}/v1/").state == "ok"
    assert check_server(f"{server}/v1").detail.endswith("/v1: tiny")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "nonsense", "http://[::bad/v1"])
def test_an_unreachable_server_is_missing_with_a_fix(url: str) -> None:
    finding = check_server(url)
    assert (finding.state, finding.required) == ("missing", True)
    assert url in finding.detail
    assert "start the server" in finding.fix


def test_a_server_without_models_is_missing(server: str) -> None:
    assert check_server(server).state == "missing"


def test_git_missing_names_the_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert check_git().state == "ok"
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = check_git()
    assert (finding.state, finding.required) == ("missing", True)
    assert "install git" in finding.fix


def test_a_failing_command_has_no_output() -> None:
    assert output_of("false") is None
    assert output_of("no-such-command-here") is None
    assert output_of("echo", "hi") == "hi"


def test_the_cache_is_where_the_user_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert str(tmp_path) in check_cache().detail


def test_examine_finds_everything_once() -> None:
    names = [finding.name for finding in machine.examine([])]
    assert names == ["python", "git", "sandbox", "docker", "gpu", "embedded model", "cache", "disk"]


def test_findings_are_shown_with_fixes_and_not_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [
        Finding(name="git", state="ok", detail="2.39"),
        Finding(name="gpu", state="optional", detail="none [red]", fix="buy one"),
        Finding(name="sandbox", state="missing", detail="no", fix="install it"),
    ]
    print_findings(findings)
    shown = capsys.readouterr().out
    assert "none [red]" in shown
    assert "-> buy one" in shown
    assert "-> install it" in shown
    assert shown.count("->") == 2


def test_weights_are_missing_unchecked_or_ready(tmp_path: Path) -> None:
    def found() -> tuple[str, str, str]:
        finding = machine.check_weights(profile(), tmp_path)
        return finding.state, finding.detail, finding.fix

    path = tmp_path / "small.gguf"
    assert found() == ("optional", "weights not in the cache yet", "fetched by the first solve (1.1 GB)")
    path.write_bytes(DATA)
    assert found() == ("optional", f"{path} is there, not checked yet", "checked by the next solve (seconds)")
    fetch_weights(profile(), fetching=Fetching(folder=tmp_path))
    assert found() == ("ok", str(path), "")
