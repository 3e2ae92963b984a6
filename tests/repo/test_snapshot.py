import threading
from pathlib import Path
from shutil import rmtree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentless.errors import RepositoryError
from agentless.repo import RepoSnapshot
from agentless.repo.lender import LENDER
from tests.conftest import git, make_repo

FILES: dict[str, str | bytes] = {
    "a.py": "x = 1\n",
    "crlf.py": b"a = 1\r\nb = 2\r\n",
    "bom.py": b"\xef\xbb\xbfx = 1\n",
    "no_end.py": "x = 1",
    "empty.py": "",
    "pkg/same.py": "x = 1\n",
    "pkg/\u00fcn\u00ef c\u00f6de \u4f60.py": "# na\u00efve\n",
    "data.bin": b"\x00\x01",
    "latin.py": "caf\u00e9 = 1\n".encode("latin-1"),
    "big.py": "x" * 1_000_001,
    "limit.py": "x" * 1_000_000,
    "jquery.min.js": "var a",
    "poetry.lock": "",
    "model.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n",
}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_repo(tmp_path_factory.mktemp("repo"), FILES)
    (folder / "link.py").symlink_to("a.py")
    git(folder, "add", "-A")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{git(folder, 'rev-parse', 'HEAD').strip()},sub")
    git(folder, "update-index", "--chmod=+x", "a.py")
    git(folder, "commit", "-q", "-m", "more")
    return folder


def test_entries_hold_everything_sorted(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert list(snapshot.entries) == sorted([*FILES, "link.py", "sub"])
        entry = snapshot.entries["a.py"]
        assert (entry.path, entry.mode, entry.size) == ("a.py", "100755", 6)
        assert entry.sha == git(repo, "rev-parse", "HEAD:a.py").strip()
        assert snapshot.entries["link.py"].mode == "120000"
        assert (snapshot.entries["sub"].mode, snapshot.entries["sub"].size) == ("160000", 0)


def test_ids_are_those_of_git(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD~1") as snapshot:
        assert snapshot.commit_id == git(repo, "rev-parse", "HEAD~1").strip()
        assert snapshot.tree_id == git(repo, "rev-parse", "HEAD~1^{tree}").strip()
        assert "link.py" not in snapshot.entries


def test_only_editable_files_are_paths(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.paths() == sorted(
            [
                "a.py",
                "crlf.py",
                "bom.py",
                "no_end.py",
                "empty.py",
                "pkg/same.py",
                "pkg/\u00fcn\u00ef c\u00f6de \u4f60.py",
                "limit.py",
            ]
        )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a.py", ""),
        ("link.py", "symbolic link"),
        ("sub", "submodule"),
        ("data.bin", "binary"),
        ("latin.py", "not UTF-8"),
        ("big.py", "larger than 1 MB"),
        ("jquery.min.js", "generated (by its name)"),
        ("poetry.lock", "generated (by its name)"),
        ("model.bin", "Git LFS pointer"),
        ("gone.py", "no such file"),
        ("pkg", "no such file"),
    ],
)
def test_the_reason_is_named_and_text_follows_it(repo: Path, path: str, reason: str) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.editable(path) == reason
        assert (snapshot.text(path) is None) == bool(reason)


def test_text_keeps_line_ends_and_byte_order_marks(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.text("crlf.py") == "a = 1\r\nb = 2\r\n"
        assert snapshot.text("bom.py") == "\ufeffx = 1\n"
        assert snapshot.text("no_end.py") == "x = 1"
        assert snapshot.text("empty.py") == ""


def test_texts_are_those_of_single_reads(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        asked = [*FILES, "link.py", "sub", "gone.py", "a.py"]
        expected = {path: snapshot.text(path) for path in asked if snapshot.text(path) is not None}
        assert snapshot.texts(asked) == expected
        assert snapshot.texts([]) == {}


def test_texts_need_nothing_known_before(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.texts(["latin.py", "a.py"]) == {"a.py": "x = 1\n"}


def test_read_gives_the_bytes_of_anything_but_a_submodule(repo: Path) -> None:
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert snapshot.read("data.bin") == b"\x00\x01"
        assert snapshot.read("link.py") == b"a.py"
        for path in ("sub", "gone.py", "../a.py", "/etc/passwd", ""):
            with pytest.raises(RepositoryError):
                snapshot.read(path)


def test_names_that_no_prompt_can_hold_are_not_editable(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"new\nline.py": "", "tab\t.py": "", "good name.py": ""})
    (repo / b"\xff.py".decode("utf-8", "surrogateescape")).write_text("")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "odd")
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert len(snapshot.entries) == 4
        assert snapshot.paths() == ["good name.py"]
        assert snapshot.editable("\udcff.py") == "name with control characters or not UTF-8"


def test_a_bare_repository_means_its_head(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    with RepoSnapshot.open(tmp_path / "bare.git") as bare, RepoSnapshot.open(repo, "HEAD") as own:
        assert (bare.commit_id, bare.tree_id, list(bare.entries)) == (
            own.commit_id,
            own.tree_id,
            list(own.entries),
        )


def test_a_snapshot_reads_its_commit_after_the_repository_moved_on(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "old\n"})
    with RepoSnapshot.open(repo, "main") as snapshot:
        (repo / "a.py").write_text("new\n")
        git(repo, "commit", "-q", "-a", "-m", "new")
        assert snapshot.text("a.py") == "old\n"


def test_two_snapshots_of_one_store_are_closed_in_any_order(repo: Path) -> None:
    for later in (0, 1):
        opened = [RepoSnapshot.open(repo, name) for name in ("HEAD", "HEAD~1")]
        assert [snapshot.text("bom.py") for snapshot in opened] == ["\ufeffx = 1\n"] * 2
        opened[1 - later].close()
        assert opened[later].text("crlf.py") == "a = 1\r\nb = 2\r\n"
        opened[later].close()


def test_the_next_commit_starts_no_process(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "0\n", "pkg/b.py": "b\n"})
    for number in range(3):
        (repo / "a.py").write_text(f"{number}\n")
        git(repo, "commit", "-q", "-a", "--allow-empty", "-m", str(number))
        commit = git(repo, "rev-parse", "HEAD").strip()
        before = set(LENDER.running)
        with RepoSnapshot.open(repo / ".git", commit) as snapshot:
            assert snapshot.texts(snapshot.entries) == {"a.py": f"{number}\n", "pkg/b.py": "b\n"}
        assert number == 0 or before == LENDER.running


@pytest.mark.parametrize("forget", [False, True])
def test_a_work_tree_s_snapshot_leaves_no_process(tmp_path: Path, forget: bool) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "x = 1\n"})
    (repo / "a.py").write_text("x = 2\n")
    snapshot = RepoSnapshot.open(repo)
    assert snapshot.text("a.py") == "x = 2\n" and snapshot.store is not None
    key = snapshot.store.git.key
    assert key in {process.git.key for process in LENDER.idle}
    if forget:
        del snapshot
        RepoSnapshot.open(repo / ".git").close()
    else:
        snapshot.close()
    assert key not in {process.git.key for process in LENDER.running}


def test_a_repository_made_anew_in_one_place(tmp_path: Path) -> None:
    for text in ("one\n", "two\n"):
        repo = make_repo(tmp_path / "repo", {"a.py": text})
        with RepoSnapshot.open(repo, git(repo, "rev-parse", "HEAD").strip()) as snapshot:
            assert snapshot.texts(["a.py"]) == {"a.py": text}
        rmtree(repo)


def test_an_empty_tree(tmp_path: Path) -> None:
    with RepoSnapshot.open(make_repo(tmp_path, {}), "HEAD") as snapshot:
        assert (dict(snapshot.entries), snapshot.paths()) == ({}, [])


def test_threads_read_one_snapshot(repo: Path) -> None:
    wrong: list[str] = []
    with RepoSnapshot.open(repo, "HEAD") as snapshot:

        def read() -> None:
            pairs = ((snapshot.text("a.py"), snapshot.read("data.bin")) for _ in range(30))
            wrong.extend(str(pair) for pair in pairs if pair != ("x = 1\n", b"\x00\x01"))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize("commit", ["HEAD", ""])
def test_close_twice_and_read_no_more(repo: Path, tmp_path: Path, commit: str) -> None:
    snapshot = RepoSnapshot.open(repo, commit)
    assert snapshot.text("a.py") == "x = 1\n"
    snapshot.close()
    snapshot.close()
    for read in (snapshot.read, snapshot.text):
        with pytest.raises(RepositoryError, match="the snapshot is closed"):
            read("a.py")
    with pytest.raises(RepositoryError, match="the snapshot is closed"):
        snapshot.export(tmp_path)


def test_a_missing_blob_is_one_clear_line(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "some text\n", "b.py": "other text\n"})
    sha = git(repo, "rev-parse", "HEAD:a.py").strip()
    (repo / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    with pytest.raises(
        RepositoryError, match=r"1 of 2 files are not in the object store .* run `git fetch --refetch"
    ):
        RepoSnapshot.open(repo, "HEAD")


def test_a_damaged_blob_is_one_clear_line(tmp_path: Path) -> None:
    repo = make_repo(tmp_path, {"a.py": "some text\n" * 50})
    sha = git(repo, "rev-parse", "HEAD:a.py").strip()
    file = repo / ".git" / "objects" / sha[:2] / sha[2:]
    data = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(data[:-8] + b"\x00" * 8)
    with pytest.raises(RepositoryError), RepoSnapshot.open(repo, "HEAD") as snapshot:
        snapshot.read("a.py")


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\x00"), min_size=1, max_size=12
).filter(lambda name: name not in (".", "..") and name.lower() != ".git" and len(name.encode()) < 100)


@settings(max_examples=15, deadline=None)
@given(files=st.dictionaries(names, st.binary(max_size=300), min_size=1, max_size=6))
def test_any_names_and_bytes_come_back(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    repo = make_repo(folder / "repo", {f"d/{name}": data for name, data in files.items()})
    with RepoSnapshot.open(repo, "HEAD") as snapshot:
        assert {path: snapshot.read(path) for path in snapshot.entries} == {
            f"d/{name}": data for name, data in files.items()
        }
        for path, text in snapshot.texts(snapshot.entries).items():
            assert text.encode("utf-8") == snapshot.read(path)
        target = folder / "out"
        target.mkdir()
        snapshot.export(target)
        assert {path.name: path.read_bytes() for path in (target / "d").iterdir()} == files
