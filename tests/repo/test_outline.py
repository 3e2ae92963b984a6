import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repo.outline import clipped, outline_text, tree_text
from agentless.repo.symbols import Symbol, parse_symbols

PATHS = ["setup.py", "pkg/b.py", "pkg/a.py", "pkg/sub/c.py", "pkg/sub/deep/d.py", "docs/x.txt", "pkg-extra/e.py"]
SOURCE = """\
import os
LIMIT = 1
class A:
    def m(self):
        def helper(): pass
    class B:
        async def n(self): pass
def f(): pass
"""


def symbols(source: str) -> tuple[Symbol, ...]:
    return parse_symbols(source, "python")


def test_the_tree_is_indented_files_before_folders() -> None:
    assert tree_text(PATHS).split("\n") == [
        "setup.py",
        "docs/",
        "  x.txt",
        "pkg/",
        "  a.py",
        "  b.py",
        "  sub/",
        "    c.py",
        "    deep/",
        "      d.py",
        "pkg-extra/",
        "  e.py",
    ]


def test_order_and_repetition_do_not_matter() -> None:
    assert tree_text(reversed([*PATHS, *PATHS])) == tree_text(PATHS)


def test_no_paths_no_tree() -> None:
    assert tree_text([]) == ""


def test_deep_folders_are_folded_first() -> None:
    whole = tree_text(PATHS)
    assert tree_text(PATHS, max_chars=len(whole)) == whole
    assert "deep/ (1 files)" in tree_text(PATHS, max_chars=len(whole) - 1)
    small = tree_text(PATHS, max_chars=70)
    assert "pkg/ (4 files)" in small
    assert "setup.py" in small


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "cc", "d.py"]), min_size=1, max_size=4).map("/".join), max_size=12
    ),
    st.integers(30, 200),
)
def test_any_tree_keeps_its_budget_and_names_every_file(paths: list[str], budget: int) -> None:
    assert len(tree_text(paths, max_chars=budget)) <= budget
    whole = tree_text(paths)
    for path in paths:
        assert path.rpartition("/")[2] in whole
    assert sum(not line.endswith("/") for line in whole.split("\n") if line) == len(set(paths))


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map("/".join), max_size=12))
def test_the_paths_can_be_read_back_from_the_tree(paths: list[str]) -> None:
    around: list[str] = []
    found = []
    for line in tree_text(paths).split("\n") if paths else []:
        level = (len(line) - len(line.lstrip())) // 2
        around[level:] = []
        if line.endswith("/"):
            around.append(line.strip().rstrip("/"))
        else:
            found.append("/".join([*around, line.strip()]))
    assert sorted(found) == sorted(set(paths))


def test_the_outline_has_names_alone() -> None:
    assert outline_text("pkg/a.py", symbols(SOURCE)).split("\n") == [
        "pkg/a.py",
        "  LIMIT",
        "  class A",
        "    def m",
        "      def helper",
        "    class B",
        "      def n",
        "  def f",
    ]


def test_over_budget_constants_go_first_then_methods_then_the_end() -> None:
    whole = outline_text("pkg/a.py", symbols(SOURCE))
    without = outline_text("pkg/a.py", symbols(SOURCE), max_chars=len(whole) - 1)
    assert "LIMIT" not in without
    assert "def m" in without
    small = outline_text("pkg/a.py", symbols(SOURCE), max_chars=len(without) - 1)
    assert "def m" not in small
    assert "class A" in small
    assert "def f" in small
    tiny = outline_text("pkg/a.py", symbols(SOURCE), max_chars=35)
    assert tiny.endswith("more lines)")
    assert len(tiny) <= 35


def test_a_file_without_symbols_is_its_path() -> None:
    assert outline_text("README", ()) == "README"


@pytest.mark.parametrize("budget", [0, 1000])
def test_a_text_within_its_budget_is_untouched(budget: int) -> None:
    assert clipped("a\nb", budget) == "a\nb"


def test_a_clipped_text_counts_what_is_missing() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    cut = clipped(text, 100)
    assert cut.startswith("line 0\nline 1\n")
    kept = cut.count("\n")
    assert cut.endswith(f"... ({100 - kept} more lines)")
    assert len(cut) <= 100
