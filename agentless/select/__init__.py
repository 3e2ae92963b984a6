"""Stage 4: one patch of many.

- `changes`: a patch read into file changes, and hunks applied to a text
- `normalize`: equal patches become one candidate
- `criteria`: what a candidate is worth, one number per criterion
- `rank`: the order, and why the first one won
"""

from agentless.select.normalize import group
from agentless.select.rank import rank

__all__ = ["group", "rank"]
