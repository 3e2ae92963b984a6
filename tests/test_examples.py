import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import FILES, ISSUE, knows
from tests.conftest import make_repo
from tests.llm.openai_server import FakeOpenAI, running

EXAMPLE = Path(__file__).parents[1] / "examples" / "one_issue.py"


def test_the_example_prints_a_patch(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "shop", FILES)
    issue = tmp_path / "issue.md"
    issue.write_text(ISSUE)
    fake = FakeOpenAI(context=98304)
    fake.default = knows
    with running(fake):
        line = [sys.executable, str(EXAMPLE), str(repo), str(issue), fake.url]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("diff --git a/shop/price.py b/shop/price.py\n")


def test_without_arguments_it_says_how_it_is_called() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PATH_OF_REPOSITORY" in done.stderr and "Traceback" not in done.stderr


def test_the_example_fits_one_screen() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 50
