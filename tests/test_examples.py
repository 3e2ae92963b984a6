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


def test_the_example_fits_one_screen() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 50
