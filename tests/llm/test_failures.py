import pytest

from agentless.llm.failures import MAX_BACKOFF_S, MAX_RETRY_AFTER_S, backoff, one_line, retry_after, status_failure


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"error": {"type": "exceed_context_size_error"}}', "overflow"),
        (400, '{"error": {"code": "context_length_exceeded"}}', "overflow"),
        (400, "This model's maximum context length is 4096 tokens.", "overflow"),
        (400, "However, the model's context length is only 32768 tokens", "overflow"),
        (400, "The decoder prompt (length 20000) is longer than the maximum model length of 8192.", "overflow"),
        (400, "The input (9 tokens) is longer than the model's context length (8 tokens).", "overflow"),
        (413, "", "overflow"),
        (400, "failed to parse grammar", "fatal"),
        (401, "maximum context length", "fatal"),
        (403, "", "fatal"),
        (404, "no model", "fatal"),
        (422, "", "fatal"),
        (408, "", "retry"),
        (429, "", "retry"),
        (500, "maximum context length", "retry"),
        (504, "", "retry"),
        (502, "", "lost"),
        (503, "Loading model", "lost"),
    ],
)
def test_kinds(status: int, body: str, kind: str) -> None:
    failure = status_failure(status, body, {})
    assert (failure.kind, failure.status) == (kind, status)
    assert failure.text.startswith(f"HTTP {status}")


def test_an_overloaded_server_that_says_when_is_not_lost() -> None:
    failure = status_failure(503, "", {"retry-after": "7"})
    assert (failure.kind, failure.wait_s) == ("retry", 7.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("1e99", MAX_RETRY_AFTER_S),
        ("inf", MAX_RETRY_AFTER_S),
        ("nan", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=40.0) == seconds


def test_backoff_doubles_within_its_jitter_and_has_an_end() -> None:
    for attempt in range(5):
        waits = [backoff(attempt, 1.0) for _ in range(50)]
        assert all(0.5 * 2**attempt <= wait <= 1.5 * 2**attempt for wait in waits)
        assert len(set(waits)) > 1
    assert backoff(500, 1.0) <= 1.5 * MAX_BACKOFF_S


def test_one_line() -> None:
    assert one_line(" a\n\n b\t") == "a b"
    assert len(one_line("x" * 10_000)) < 400
