"""One state of a repository, read-only, straight from the object store: no checkout, no clone."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType

from agentless.errors import RepositoryError
from agentless.repo.blobs import BlobReader
from agentless.repo.checkout import write_tree
from agentless.repo.listing import list_tree
from agentless.repo.location import locate, resolve_commit
from agentless.repo.plumbing import Git
from agentless.repo.rules import content_reason, entry_reason
from agentless.repo.tree import SUBMODULE, Entry
from agentless.repo.worktree import WorktreeStore, record_worktree


class RepoSnapshot:
    """The tree of a commit, or of a work tree as it was when it was opened.

    Safe to use from several threads. Close it, or use it as a context manager: a work tree's has a temporary
    object store and a git process of its own.
    """

    def __init__(self, git: Git, commit_id: str, tree_id: str, store: WorktreeStore | None = None) -> None:
        self.commit_id = commit_id
        """Resolved commit; HEAD's for a work tree."""
        self.tree_id = tree_id
        """Id of the git tree: equal trees have equal content."""
        self.store = store
        self.reader = BlobReader(git)
        listing = list_tree(git, tree_id)
        self.entries: Mapping[str, Entry] = MappingProxyType(listing.entries)
        """Every entry by path, sorted, also those that may not be edited."""
        self.allowed = list(listing.candidates)
        self.reasons: dict[str, str] = {}
        """Blob id -> `rules.content_reason`, as far as it is known; an index adds what its cache knows."""

    @classmethod
    def open(cls, path: str | Path, commit: str = "", *, without: Collection[Path] = ()) -> "RepoSnapshot":
        """Open a repository at a commit-ish.

        Args:
            path: top folder of a work tree, its .git folder, or a bare repository.
            commit: any commit-ish; "" is the work tree as it is, with uncommitted and untracked (not ignored)
                files, and HEAD where there is no work tree.
            without: untracked files and folders of a work tree that do not count, as absolute paths.

        Raises:
            RepositoryError: not a repository, no such commit, no commits yet, missing objects.
        """
        location = locate(path)
        commit_id, tree_id = resolve_commit(location, commit)
        if commit or location.worktree is None:
            return cls(location.git, commit_id, tree_id)
        store = record_worktree(location, without)
        try:
            return cls(store.git, commit_id, store.tree_id, store)
        except BaseException:
            store.close()
            raise

    def paths(self) -> list[str]:
        """Files whose text may be shown and edited (see `rules`), sorted; reads every blob not read yet."""
        for _ in self.blobs(self.unscreened(self.candidates())):
            pass
        return [path for path in self.candidates() if not self.reasons[self.entries[path].sha]]

    def editable(self, path: str) -> str:
        """Why the file may not be edited, in one line; "" when it may."""
        entry = self.entries.get(path)
        if entry is None:
            return "no such file"
        reason = entry_reason(entry)
        if not reason and entry.sha not in self.reasons:
            self.reasons[entry.sha] = content_reason(self.reader.read(entry.sha))
        return reason or self.reasons[entry.sha]

    def candidates(self) -> list[str]:
        """Files that mode, name and size allow to be edited; their content is yet to be asked."""
        return self.allowed

    def unscreened(self, paths: Iterable[str]) -> list[str]:
        """Those of the candidates whose content nobody has read, one path for each blob."""
        shas = {self.entries[path].sha: path for path in paths}
        return [path for sha, path in shas.items() if sha not in self.reasons]

    def blobs(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(path, content) of candidates, read in one batch; notes their content rules.

        Raises:
            RepositoryError: an object is missing.
        """
        wanted = [self.entries[path] for path in paths]
        for entry, data in zip(wanted, self.reader.read_many(wanted), strict=True):
            if entry.sha not in self.reasons:
                self.reasons[entry.sha] = content_reason(data)
            yield entry.path, data

    def read(self, path: str) -> bytes:
        """Bytes of a file, or the target of a symbolic link, as git stores them.

        Raises:
            RepositoryError: no such file, a submodule, or its object is missing.
        """
        entry = self.entries.get(path)
        if entry is None or entry.mode == SUBMODULE:
            raise RepositoryError(f"{path} is {'a submodule' if entry else 'not in the tree'} and cannot be read")
        return self.reader.read(entry.sha)

    def text(self, path: str) -> str | None:
        """Text with line ends (and a byte order mark) untouched; None when the file may not be edited."""
        return self.texts([path]).get(path)

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        """Path -> text of those files that may be edited, read in one batch."""
        known = [path for path in paths if path in self.entries and not entry_reason(self.entries[path])]
        wanted = [path for path in dict.fromkeys(known) if not self.reasons.get(self.entries[path].sha)]
        read = dict(self.blobs(wanted))
        return {path: data.decode("utf-8") for path, data in read.items() if not self.editable(path)}

    def export(self, folder: Path) -> None:
        """Write the whole tree into an existing empty folder: bytes as stored, modes and links kept, no .git.

        Symbolic links are written as they are and never followed; a submodule is an empty folder. No filter, no
        line end conversion, no `export-ignore`.

        Raises:
            RepositoryError: an object is missing, or the tree contradicts itself.
            InfrastructureError: the folder is missing, not empty, or could not be written.
        """
        write_tree(self.entries.values(), self.reader, folder)

    def close(self) -> None:
        """Remove what a work tree's snapshot wrote and started; nothing can be read afterwards.

        A second call does nothing. Other snapshots of the repository can still be read.
        """
        self.reader.close()
        if self.store is not None:
            self.store.close()

    def __enter__(self) -> "RepoSnapshot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
