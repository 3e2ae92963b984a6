from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from agentless.repo import BlobCache, FileFacts, Index, RepoSnapshot
from agentless.repo.facts import PackedCounts
from agentless.repo.index import reading
from tests.conftest import git, make_repo

SOURCE = '"""Doc words."""\nimport os\n\n\nclass Parser:\n    def parse_line(self):\n        return 1\n'
FILES: dict[str, str | bytes] = {
    "pkg/a.py": SOURCE,
    "pkg/copy.py": SOURCE,
    "pkg/__init__.py": "",
    "web/copy.js": "",
    "tests/test_a.py": "def test_it():\n    pass\n",
    "docs/guide.txt": "How to parse a line\n",
    "docs/more.txt": "More words\n",
    "tool.rb": "def tool; end\n",
    "data.bin": b"\x00",
    "latin.py": b"x = '\xe9'\n",
}


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[RepoSnapshot]:
    with RepoSnapshot.open(make_repo(tmp_path / "repo", FILES), "HEAD") as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[BlobCache]:
    with BlobCache.open(tmp_path / "cache") as opened:
        yield opened


def reopened(snapshot: RepoSnapshot, repo: Path) -> RepoSnapshot:
    return RepoSnapshot.open(repo, snapshot.commit_id)


def everything(index: Index) -> dict[str, FileFacts]:
    return {path: index.facts(path) for path in index.snapshot.entries}


def test_paths_are_those_of_the_snapshot(snapshot: RepoSnapshot) -> None:
    assert Index.build(snapshot).paths() == snapshot.paths()
    assert "data.bin" not in snapshot.paths()


def test_facts_of_a_source_file(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    facts = index.facts("pkg/a.py")
    assert facts.size == len(SOURCE)
    assert facts.names == ["Parser", "Parser.parse_line"]
    assert [symbol.name for symbol in index.symbols("pkg/a.py")] == ["os", "Parser", "Parser.parse_line"]
    assert facts.targets == ["os"]
    assert facts.words["parse_line"] == 1
    assert facts.words["parse"] == 1
    assert facts.doc_words == {"doc": 1, "words": 1}


def test_a_language_without_a_grammar_and_plain_text_have_words(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    assert index.facts("tool.rb").words["tool"] == 1
    assert index.facts("docs/guide.txt").words == {"how": 1, "to": 1, "parse": 1, "a": 1, "line": 1}
    assert index.symbols("docs/guide.txt") == ()


@pytest.mark.parametrize("path", ["data.bin", "latin.py", "gone.py"])
def test_what_may_not_be_edited_has_no_facts_and_no_text(snapshot: RepoSnapshot, path: str) -> None:
    index = Index.build(snapshot)
    assert index.facts(path) == FileFacts()
    assert index.symbols(path) == ()
    assert index.text(path) == ""


def test_text_and_symbols(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    assert index.text("pkg/a.py") == SOURCE
    assert [symbol.name for symbol in index.symbols("tests/test_a.py")] == ["test_it"]


def test_one_blob_in_two_languages_is_read_in_both(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    assert index.keys["pkg/a.py"] == index.keys["pkg/copy.py"]
    assert index.keys["pkg/__init__.py"] != index.keys["web/copy.js"]


def test_only_main_languages_are_read_as_such(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"{name}.py": f"def {name}(): pass\n" for name in "abc"}
    files |= {"one.js": "function one() {}\n", "two.js": "function two() {}\n"}
    with RepoSnapshot.open(make_repo(tmp_path, files), "HEAD") as snapshot:
        assert Index.build(snapshot).facts("one.js").names == ["one"]
    for name in "defg":
        (tmp_path / f"{name}.py").write_text("")
    with RepoSnapshot.open(tmp_path) as snapshot:
        index = Index.build(snapshot)
        assert index.facts("one.js").names == [] and index.facts("one.js").words["one"] == 1
        assert [symbol.name for symbol in index.symbols("one.js")] == ["one"], "when somebody asks"


def test_tests_can_wait(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    assert index.keys["tests/test_a.py"] not in index.unpacked
    assert index.keys["tests/test_a.py"] not in index.packed
    assert index.facts("tests/test_a.py").names == ["test_it"]
    assert "tests/test_a.py" in index.paths()
    assert "tests/test_a.py" not in index.paths(tests=False)
    assert set(index.paths()) - set(index.paths(tests=False)) == {"tests/test_a.py"}


def test_one_question_about_plain_text_answers_all(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    assert index.keys["docs/more.txt"] not in index.packed
    index.facts("docs/guide.txt")
    assert index.keys["docs/more.txt"] in index.packed
    assert index.keys["tests/test_a.py"] not in index.packed


def test_the_cache_changes_nothing_but_the_work(snapshot: RepoSnapshot, cache: BlobCache, tmp_path: Path) -> None:
    plain = everything(Index.build(snapshot))
    with reopened(snapshot, tmp_path / "repo") as first:
        cold = everything(Index.build(first, cache))
    with reopened(snapshot, tmp_path / "repo") as again:
        again.reader.close()
        warm_index = Index.build(again, cache)  # reads no blob
        warm = everything(warm_index)
        assert isinstance(warm["pkg/a.py"].words, PackedCounts)
        assert warm_index.paths() == snapshot.paths()
    assert plain == cold == warm


def test_a_new_commit_parses_only_what_is_new(snapshot: RepoSnapshot, cache: BlobCache, tmp_path: Path) -> None:
    Index.build(snapshot, cache)
    repo = tmp_path / "repo"
    (repo / "pkg" / "new.py").write_text("def fresh(): pass\n")
    with RepoSnapshot.open(repo) as dirty:
        index = Index.build(dirty, cache)
        index.cache = None
        assert index.keys["pkg/new.py"] in index.packed and index.facts("pkg/new.py").names == ["fresh"]
        assert index.symbols("pkg/new.py")[0].name == "fresh"
        assert index.symbols("pkg/a.py")[1].name == "Parser"


def test_a_closed_cache_is_no_cache(snapshot: RepoSnapshot, cache: BlobCache) -> None:
    cache.close()
    assert Index.build(snapshot, cache).symbols("pkg/a.py")[1].name == "Parser"


@pytest.mark.parametrize("case", ["closed", "read-only"])
def test_a_cache_that_learns_nothing_changes_no_answer(
    snapshot: RepoSnapshot, cache: BlobCache, tmp_path: Path, case: str
) -> None:
    assert cache.database is not None
    if case == "closed":
        cache.close()
    else:
        cache.database.execute("PRAGMA query_only = 1")
    index, plain = Index.build(snapshot, cache), Index.build(snapshot)
    assert index.facts("tests/test_a.py").names == ["test_it"], "of the first question already"
    assert everything(index) == everything(plain)
    assert index.paths() == plain.paths()


def test_every_file_is_read_once(snapshot: RepoSnapshot) -> None:
    index = Index.build(snapshot)
    asked: list[list[str]] = []
    take = index.absorb

    def absorb(paths: Iterable[str], *, parse: bool) -> None:
        asked.append(list(paths))
        take(asked[-1], parse=parse)

    index.absorb = absorb  # type: ignore[method-assign]  # to look on
    for _ in range(3):
        everything(index)
        index.paths()
    assert len(asked) == 2 + 3, "tests and other texts, and a look at what nobody has seen"
    assert not any(asked[2:])


def test_keys_depend_on_language_and_grammar() -> None:
    keys = {reading(language) for language in ("", "python", "javascript", "typescript", "tsx", "ruby")}
    assert len(keys) == 6
    assert reading("python") == reading("python")


def test_an_index_of_a_repository_without_sources(tmp_path: Path) -> None:
    with RepoSnapshot.open(make_repo(tmp_path, {"README": "hello\n"}), "HEAD") as snapshot:
        index = Index.build(snapshot)
        assert index.paths() == ["README"]
        assert index.facts("README").words == {"hello": 1}


def test_a_commit_of_a_repository_with_no_files(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {})
    assert git(repo, "ls-files") == ""
    with RepoSnapshot.open(repo) as snapshot:
        assert Index.build(snapshot).paths() == []
