"""Text that every file and request can hold, and the short digest of a text."""

import hashlib


def encodable(text: str) -> str:
    """The text without lone surrogates, which JSON can carry and UTF-8 cannot; they become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def text_digest(text: str) -> str:
    """First 16 hex digits of the SHA-256 of the text in UTF-8; a lone surrogate counts as `?`."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
