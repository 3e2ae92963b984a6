import json

import pytest

from agentless.llm.completion import Completion, read_completion, request_body
from agentless.llm.failures import Failure
from tests.llm.asks import an_ask
from tests.llm.openai_server import completion


def test_body_says_everything() -> None:
    body = request_body(
        an_ask(temperature=0.0, stop=("a", "b")), model="m", seed=5, max_tokens=9, kind="other", sampling={}
    )
    assert (body["model"], body["seed"], body["max_tokens"], body["temperature"]) == ("m", 5, 9, 0.0)
    assert body["stop"] == ["a", "b"]
    assert "extra_body" not in body


def test_sampling_and_grammar_go_together() -> None:
    body = request_body(
        an_ask(grammar="root ::= x"), model="m", seed=5, max_tokens=9, kind="llamacpp", sampling={"top_k": 40}
    )
    assert body["extra_body"] == {"top_k": 40, "grammar": "root ::= x"}


def test_a_good_answer() -> None:
    assert read_completion(json.dumps(completion("hi"))) == Completion(
        content="hi", finish_reason="stop", prompt_tokens=11, completion_tokens=7
    )


@pytest.mark.parametrize("finish", ["length", "max_tokens", "model_length"])
def test_every_name_of_the_token_limit(finish: str) -> None:
    result = read_completion(json.dumps(completion("hi", finish)))
    assert isinstance(result, Completion)
    assert result.finish_reason == "length"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("", ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "image"}, "odd", None], ""),
        ([], ""),
    ],
)
def test_forms_of_content(content: object, text: str) -> None:
    payload = {"choices": [{"message": {"content": content}, "finish_reason": None}], "usage": None}
    assert read_completion(json.dumps(payload)) == Completion(content=text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"choices": null}',
        '{"choices": [null]}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": {"content": {"a": 1}}}]}',
        '{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "many"}}',
        '{"choices": [{"message": {"content": "a"}}], "usage": [1]}',
        "<html>Bad gateway</html>",
        "[" * 200_000,
    ],
)
def test_anything_else_is_a_failure_to_retry(text: str) -> None:
    result = read_completion(text)
    assert isinstance(result, Failure)
    assert result.kind == "retry"
    assert "\n" not in result.text
    assert len(result.text) < 600
