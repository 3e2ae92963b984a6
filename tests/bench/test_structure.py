"""The program as a user starts it, with a stand-in for the checkout whose code it runs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.structure import MISSING, PLACES, Stop, places, ratio, table
from bench.structure_parts import count, definitions, export, index, plain, spread
from tests.conftest import git, make_repo
from tests.repo.past_repo import commit, head

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "pkg/a.py": "class A:\n    def one(self):\n        return 1\n",
    "pkg/broken.py": "def broken(:\n",
    "tests/test_a.py": "def test_one():\n    assert True\n",
    "README.md": "# A package\n",
}
STAND_IN = """\
import os


def create_structure(folder):
    os.write(1, b"no line end")
    print("Error in file x")
    assert not os.path.exists(os.path.join(folder, ".git"))
    found = {}
    for root, _, files in os.walk(folder):
        here = found.setdefault(root, {})
        for name in files:
            here[name] = {"classes": [], "functions": [], "text": []} if name.endswith(".py") else {}
    return {"top": found}
"""


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two commits; the second has one source more and one changed."""
    folder = make_repo(tmp_path_factory.mktemp("work") / "shop", FILES)
    git(folder, "tag", "first")
    commit(folder, "More", {"pkg/a.py": "A = 1\n", "pkg/b.py": "B = 1\n"})
    return folder


def checkout(folder: Path, text: str) -> Path:
    """A folder with the module in it."""
    (folder / "get_repo_structure").mkdir(parents=True)
    (folder / "get_repo_structure" / "get_repo_structure.py").write_text(text, encoding="utf-8")
    return folder


def start(*arguments: object, module: bool = False) -> subprocess.CompletedProcess[str]:
    program = ["-m", "bench.structure"] if module else ["bench/structure.py"]
    command = [sys.executable, *program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def refused(*arguments: object, status: int = 2) -> str:
    """The one line that a user reads."""
    done = start(*arguments)
    assert done.returncode == status and not done.stdout, done
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


@pytest.fixture(scope="module")
def found(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Figures of one whole run."""
    folder = checkout(tmp_path_factory.mktemp("theirs"), STAND_IN)
    done = start("--repo", repo, "--commit", "first", "--commit", "HEAD", "--agentless", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert sorted(folder.rglob("*.pyc")) == []
    (figures,) = json.loads(done.stdout)
    assert isinstance(figures, dict)
    return figures


def test_every_row_is_measured_on_the_same_tree(found: dict[str, Any]) -> None:
    assert {name: row["files"] for name, row in found["rows"].items()} == {
        "(a) Agentless 1.5": 3,
        "(a) from its JSON": 3,
        "(b) ast.parse and a walk": 3,
        "(c) empty cache, no tests": 2,
        "(c) empty cache, with tests": 3,
        "(d) warm cache, no tests": 2,
        "(d) warm cache, with tests": 3,
        "(e) next commit, no tests": 3,
        "(e) next commit, with tests": 4,
    }
    assert found["repo"] == "shop" and found["commits"] == ["first", "HEAD"]
    assert found["sources"] == 3 and found["new"] == 2 and found["missing"] == []


def test_ratios_are_those_of_the_seconds_shown(found: dict[str, Any]) -> None:
    theirs = found["rows"]["(a) Agentless 1.5"]["cpu_s"]
    for row in found["rows"].values():
        assert row["ratio"] == ratio(theirs, row["cpu_s"])
    ours = found["rows"]["(d) warm cache, no tests"]
    assert ours["ratio_ten"] == ratio(theirs, ours["cpu_s"] + ours["ten_cpu_s"])
    assert ours["ratio_all"] == ratio(theirs, ours["cpu_s"] + ours["all_cpu_s"])
    assert ours["ten_cpu_s"] <= ours["all_cpu_s"]
    assert ratio(5.0, 0.4) == 12.5 and ratio(1.0, 0.0) == 1000.0


def test_the_table_shows_every_row(found: dict[str, Any]) -> None:
    lines = table(found).splitlines()
    assert lines[0] == "shop first HEAD" and len(lines) == 3 + len(found["rows"]) + 1
    assert [line[:28].rstrip() for line in lines[3:-1]] == list(found["rows"])
    rows = {name: {**row, "cpu_s": 2.0} for name, row in found["rows"].items()}
    assert table({**found, "rows": rows}).splitlines()[-1].startswith("(a) 9 times, as for one instance: 18 s")


def test_without_theirs_it_says_what_is_missing(repo: Path) -> None:
    done = start("--repo", repo, "--commit", "first", module=True)
    assert done.returncode == 0, done.stderr
    assert MISSING in done.stdout and "(e) is missing" in done.stdout
    assert "(c) empty cache, with tests" in done.stdout and "(e) next" not in done.stdout


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("import no_such_package_at_all\n", 2, "no_such_package_at_all.*--python"),
        ("x = 1\n", 2, "create_structure.*Agentless 1.5 checkout"),
        ("def create_structure(folder):\n    raise KeyError('mine')\n", 1, "KeyError: 'mine'"),
        ("import os\nos._exit(3)\n", 1, "agentless: exit status 3"),
    ],
)
def test_code_that_does_not_do(repo: Path, tmp_path: Path, text: str, status: int, said: str) -> None:
    folder = checkout(tmp_path, text)
    line = refused("--repo", repo, "--commit", "first", "--agentless", folder, status=status)
    assert re.search(said, line)


def test_bad_input_is_one_line(repo: Path, tmp_path: Path) -> None:
    place = ["--repo", repo, "--commit", "first"]
    assert "get_repo_structure.py" in refused(*place, "--agentless", tmp_path)
    folder = checkout(tmp_path / "theirs", STAND_IN)
    assert "cannot be started" in refused(*place, "--agentless", folder, "--python", tmp_path / "none")
    assert "nothing-like-it" in refused("--repo", repo, "--commit", "nothing-like-it")
    assert "not a git repository" in refused("--repo", tmp_path, "--commit", "first")


@pytest.mark.parametrize(
    "given",
    [[], ["repo a"], ["commit 1", "repo a"], ["repo a", "repo b", "commit 1"], ["repo a", *["commit 1"] * 3]],
)
def test_a_repository_takes_one_or_two_commits(given: list[str]) -> None:
    with pytest.raises(Stop) as stop:
        places(given)
    assert stop.value.args == (2, PLACES)


def test_commits_belong_to_the_repository_before_them() -> None:
    given = ["repo a b", "commit 1", "commit 2", "repo c", "commit 3"]
    assert places(given) == [("a b", ["1", "2"]), ("c", ["3"])]


def test_help_warns_of_the_code_that_is_run() -> None:
    assert "without a sandbox" in " ".join(start("--help").stdout.split())


def test_the_tree_is_that_of_the_first_commit(repo: Path, tmp_path: Path) -> None:
    assert export(str(tmp_path / "tree"), str(repo), "first", head(repo)) == {"sources": 3, "new": 2}
    written = {
        str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*") if path.is_file()
    }
    assert written == set(FILES)
    assert plain(str(tmp_path / "tree"))["files"] == 3


def test_an_index_fills_the_cache_it_is_given(repo: Path, tmp_path: Path) -> None:
    one = index(str(repo), "first", str(tmp_path), "with tests")
    size = (tmp_path / "blobs.sqlite3").stat().st_size
    two = index(str(repo), "first", str(tmp_path), "with tests")
    assert one["files"] == two["files"] == 3 and size == (tmp_path / "blobs.sqlite3").stat().st_size
    assert min(one["cpu_s"], one["wall_s"], one["ten_cpu_s"], two["cpu_s"]) >= 0


def test_files_of_a_structure_count_once() -> None:
    failed = {"classes": [], "functions": [], "text": ""}
    file = {"classes": [{"name": "A", "methods": []}], "functions": [], "text": ["class A: ..."]}
    assert count({"top": {"a.py": file, "b.py": failed, "text": {"x.txt": {}}, "classes": {"c.py": file}}}) == 3
    assert count({}) == 0


def test_definitions_have_names_and_lines() -> None:
    assert definitions(FILES["pkg/a.py"].encode()) == [("A", 1, 3), ("one", 2, 3)]


def test_ten_files_are_of_all_sizes() -> None:
    assert spread([str(number) for number in range(100)]) == [str(number) for number in range(5, 100, 10)]
    assert spread(["a", "b"]) == ["a", "b"] and len(set(spread([*"abcdefghijk"]))) == 10
