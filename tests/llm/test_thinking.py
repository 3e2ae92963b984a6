import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.llm.thinking import Thinking, read_answer

CODE = "```python\nif '</think>' in reply:\n    pass\n```"

GOOD = [
    ("plain answer", "auto", "plain answer", ""),
    ("<think>why</think>answer", "auto", "answer", "why"),
    ("<think>\nwhy\n</think>\n\nanswer\n", "always", "answer", "why"),
    ("why\n</think>\nanswer", "auto", "answer", "why"),  # templates that open the tag in the prompt
    ("why</think>answer", "always", "answer", "why"),
    ("\n  <think>why</think>\n    return 1\n", "auto", "    return 1", "why"),  # indentation stays
    ("answer", "never", "answer", ""),
    (CODE, "never", CODE, ""),
    ("<think>\n\n</think>\n\nanswer", "never", "answer", ""),  # Qwen3's empty block
]

SLOPPY = [
    ("<think>a<think>b</think>c</think>answer", "auto", "answer", "a<think>b</think>c"),
    ("<think>a</think>draft<think>b</think>answer", "auto", "answer", "a</think>draft<think>b"),
    ("<think>the tag </think> ends it</think>answer", "always", "answer", "the tag </think> ends it"),
    ("<think>a</think>use <think> here", "auto", "use <think> here", "a"),
    ("print('<think>')", "auto", "print('<think>')", ""),
    ("\r\n\r\nanswer\r\n", "auto", "answer", ""),
]


@pytest.mark.parametrize(("content", "thinking", "text", "reasoning"), GOOD + SLOPPY)
def test_answers(content: str, thinking: Thinking, text: str, reasoning: str) -> None:
    answer = read_answer(content, thinking=thinking)
    assert (answer.outcome, answer.text, answer.reasoning) == ("ok", text, reasoning)


LOST = [
    ("<think>I would edit foo.py", "auto", "stop", "truncated"),
    ("<think>I would edit foo.py", "always", "stop", "truncated"),
    ("<think>I would edit foo.py", "never", "stop", "truncated"),
    ("I would edit foo.py", "always", "stop", "truncated"),
    ("<think>a</think><think>b", "auto", "stop", "truncated"),
    ("<think>a</think>\n <think>b", "always", "stop", "truncated"),
    ("a whole answer that was cut", "auto", "length", "truncated"),
    ("<think>a</think>half an ans", "auto", "length", "truncated"),
    ("half", "never", "length", "truncated"),
    ("", "auto", "length", "truncated"),
    ("", "auto", "stop", "no_answer"),
    ("", "always", "stop", "no_answer"),
    (" \n\t\n ", "never", "stop", "no_answer"),
    ("<think>a</think>", "auto", "stop", "no_answer"),
    ("<think>a</think> \n\n", "always", "stop", "no_answer"),
]


@pytest.mark.parametrize(("content", "thinking", "finish", "outcome"), LOST)
def test_lost_replies_have_no_text(content: str, thinking: Thinking, finish: str, outcome: str) -> None:
    answer = read_answer(content, thinking=thinking, finish_reason=finish)
    assert (answer.outcome, answer.text) == (outcome, "")


def test_what_was_cut_is_kept_for_people_to_read() -> None:
    answer = read_answer("<think>half", finish_reason="length", reasoning="before")
    assert answer.reasoning == "before\n<think>half"


def test_a_reasoning_field_leaves_the_content_as_it_is() -> None:
    answer = read_answer(CODE, thinking="always", reasoning="hm")
    assert (answer.outcome, answer.text, answer.reasoning) == ("ok", CODE, "hm")


def test_reasoning_without_content_is_no_answer() -> None:
    assert read_answer("", reasoning="hm").outcome == "no_answer"


@pytest.mark.parametrize(
    "content",
    [
        "<think>" * 1_400_000,
        "</think>" * 1_250_000,
        " " * 10_000_000,
        "\n" * 10_000_000,
        " \n" * 5_000_000 + "x",
        "<think>" + "x" * 10_000_000 + "</think>y",
    ],
    ids=["opens", "closes", "spaces", "newlines", "blank lines", "long"],
)
def test_ten_megabytes_take_no_time(content: str) -> None:
    began = time.perf_counter()
    read_answer(content)
    assert time.perf_counter() - began < 3.0


def test_lone_surrogates_are_replaced() -> None:
    assert read_answer("a\ud800b").text == "a?b"


@given(st.text(), st.sampled_from(["auto", "always", "never"]), st.sampled_from(["stop", "length", ""]), st.text())
def test_text_and_outcome_agree(content: str, thinking: Thinking, finish: str, reasoning: str) -> None:
    answer = read_answer(content, thinking=thinking, finish_reason=finish, reasoning=reasoning)
    assert (answer.outcome == "ok") == bool(answer.text.strip())
    assert finish != "length" or answer.outcome == "truncated"
    answer.text.encode()


@given(st.text(alphabet="abc \n"), st.text(alphabet="abc \n"))
def test_the_reasoning_never_reaches_the_answer(thought: str, said: str) -> None:
    answer = read_answer(f"<think>SECRET{thought}</think>{said}", thinking="always")
    assert "SECRET" not in answer.text
    assert answer.text.strip() == said.strip()
