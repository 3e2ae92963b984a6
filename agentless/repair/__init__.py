"""Repair: what the model sees, what it answers, and the patch that comes of it.

sample      make_samples: N tries -> Samples           plan       which prompts, which attempts, how greedy
context     prompts that fit the served context        windows    which lines of which files they show
focus       one element per prompt                     grammar    GBNF that forces the edit format
edits       reply -> Edits or a Refusal                blocks, unified   the two forms it reads
rewrite     reply -> a rewritten element               fragment, reshape, extras, strings   how it is made to fit
apply       Edits -> new texts                         match, filetext   where SEARCH stands; line ends
patch       texts -> unified diff and back             paths, outcome    hostile paths; why there is no patch
"""

from agentless.repair.patch import apply_patch_text, make_patch
from agentless.repair.sample import make_samples

__all__ = ["apply_patch_text", "make_patch", "make_samples"]
