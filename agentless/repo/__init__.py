"""The repository room: snapshots, the index of symbols, and outlines. The only door to git and tree-sitter.

- `snapshot`: one state of a repository, straight from the object store (`location`, `plumbing`, `listing`, `tree`,
  `blobs`, `worktree`, `checkout` are its parts, `lender` and `catfile` the git process behind them; `rules` says
  which files may be edited)
- `index`: facts of every file, made by a `reader` (`scan`, `parts`, `lexicon`, `words`) and kept in a `cache`;
  `symbols` of the files that are shown (`grammars`, languages/*.scm)
- `past`: what the commits before say (`gitlog`, `history`, `history_growth`, `history_file`, `packed_history`)
- `outline`, `skeleton`: trees, names and signatures for prompts; `syntax`: does a text still parse; `paths`:
  what a path alone says
- `apply`, `commits`: the user's work tree and history, for the command line
"""

from agentless.repo.cache import BlobCache
from agentless.repo.facts import FileFacts
from agentless.repo.history import Past
from agentless.repo.index import Index
from agentless.repo.outline import outline_text, tree_text
from agentless.repo.paths import is_auxiliary_path, is_test_path, language_of, main_languages
from agentless.repo.skeleton import skeleton_text
from agentless.repo.snapshot import RepoSnapshot
from agentless.repo.symbols import Symbol, parse_symbols
from agentless.repo.syntax import new_syntax_error, syntax_error
from agentless.repo.tree import Entry

__all__ = [
    "BlobCache",
    "Entry",
    "FileFacts",
    "Index",
    "Past",
    "RepoSnapshot",
    "Symbol",
    "is_auxiliary_path",
    "is_test_path",
    "language_of",
    "main_languages",
    "new_syntax_error",
    "outline_text",
    "parse_symbols",
    "skeleton_text",
    "syntax_error",
    "tree_text",
]
