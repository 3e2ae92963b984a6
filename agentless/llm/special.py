"""Special tokens in the text of a prompt, such as `<|im_end|>` in an issue or a file.

Servers read them as control tokens wherever they stand, so that a file could end the user's turn and begin a
false one. A zero-width space behind the first character keeps the text readable and makes it plain text; replies
that copy it are turned back, so that a SEARCH text still matches the file.
"""

import re

MARK = "\u200b"
SPECIAL = re.compile(r"<(\|[A-Za-z0-9_\-]{1,40}\|>)")
MARKED = re.compile(rf"<{MARK}(\|[A-Za-z0-9_\-]{{1,40}}\|>)")


def neutralise(text: str) -> str:
    """The text with every `<|name|>` made plain."""
    return SPECIAL.sub(rf"<{MARK}\1", text)


def restore(text: str) -> str:
    """The text as it would have been without `neutralise`."""
    return MARKED.sub(r"<\1", text)
