"""Stage 1: which files to edit, and where in them.

- `stage.localize`: the whole stage.
- `retrieve.retrieve`: files without a model; `mentions`, `query`, `corpus`, `tokens`, `bm25` feed its features
  (`texts`, `named`, `structure`), `weights` adds them up.
- `elements.rank_elements`: functions and methods without a model, by the features in `signals` and `wording`.
- `files`, `chosen`: what the model is asked; `parse` and `chosen` read its replies, `budget` fits the prompts.
- `fuse`, `lines`: ranks and spans put together.
"""

from agentless.localize.elements import rank_elements
from agentless.localize.lines import windows
from agentless.localize.retrieve import retrieve
from agentless.localize.stage import localize

__all__ = ["localize", "rank_elements", "retrieve", "windows"]
