"""What went wrong with one request, and what to do about it.

========================================  =========
429, 408, 409, 5xx, malformed reply       `retry`, after Retry-After or a backoff
refused, reset or cut connection, a       `lost`: look at the server's health, retry,
timeout, 502, 503                         perhaps on another one
400 or 413 that speaks of the context     `overflow`: an outcome, never retried
400, 401, 403, 404, 422                   `fatal`: the next request would fail the same way
========================================  =========
"""

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import SystemRandom
from typing import Literal

MAX_RETRY_AFTER_S = 300.0
MAX_BACKOFF_S = 60.0
MAX_TEXT = 300

OVERFLOW = re.compile(
    r"exceed_context_size|exceeds the (available )?context|context_length_exceeded|maximum context length"
    r"|context length is only|longer than the (maximum )?model|longer than the model's context|max_model_len",
    re.IGNORECASE,
)
"""llama.cpp; OpenAI; vLLM before 0.10 and after; vLLM's engine; SGLang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request that gave no reply."""

    kind: Literal["retry", "lost", "overflow", "fatal"]
    text: str
    """One line for people."""
    wait_s: float | None = None
    """What the server asked to wait, None when it did not say."""
    status: int = 0
    """HTTP status, 0 without one."""
    timed_out: bool = False
    """Whether the server took the request and gave no reply in the time that we allow."""


def status_failure(status: int, body: str, headers: Mapping[str, str]) -> Failure:
    """The failure behind an HTTP status that is not 200.

    Args:
        status: HTTP status.
        body: the answer's text.
        headers: with `retry-after` in lower case, as httpx gives it.
    """
    said = one_line(body)
    text = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if status in (400, 413) and (status == 413 or OVERFLOW.search(body)):
        return Failure(kind="overflow", text=text, status=status)
    wait_s = retry_after(headers.get("retry-after"))
    if status in (502, 503) and wait_s is None:  # a server that is down or loading, or the proxy before it
        return Failure(kind="lost", text=text, status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        return Failure(kind="retry", text=text, status=status, wait_s=wait_s)
    return Failure(kind="fatal", text=text, status=status)


def retry_after(value: str | None, now: float | None = None) -> float | None:
    """Seconds of a Retry-After header (a number or an HTTP date), at most `MAX_RETRY_AFTER_S`; or None."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
        except ValueError:
            return None
    if seconds != seconds:  # "nan" is a float
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def backoff(attempt: int, base_s: float) -> float:
    """Seconds before retry number `attempt` (from 0): doubled each time, between half and one and a half of it.

    The jitter keeps many requests that failed together from coming back together.
    """
    return min(base_s * 2.0**attempt, MAX_BACKOFF_S) * SystemRandom().uniform(0.5, 1.5)


def one_line(text: str) -> str:
    """The text as one short line."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}..."
