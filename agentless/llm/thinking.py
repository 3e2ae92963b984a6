"""A raw completion -> the answer after the thinking, or why there is none.

Reasoning models write `<think> ... </think> answer`. The answer is the text after the LAST `</think>`; edits are
never salvaged from the reasoning. Servers with a reasoning parser hand the thinking over in a field of its own,
then the content is the answer as it stands.
"""

from dataclasses import dataclass
from typing import Literal

from agentless.texts import encodable

Thinking = Literal["auto", "always", "never"]

OPEN = "<think>"
CLOSE = "</think>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a completion comes to; `text` is "" unless the outcome is `ok`."""

    outcome: Literal["ok", "truncated", "no_answer"]
    text: str = ""
    reasoning: str = ""


def read_answer(
    content: str, *, finish_reason: str = "stop", thinking: Thinking = "auto", reasoning: str = ""
) -> Answer:
    """Split a completion into reasoning and answer.

    Args:
        content: the text of the choice, tags included.
        finish_reason: the server's; `length` makes the reply truncated, whatever it holds.
        thinking: `always`: no `</think>` is truncated; `auto`: only a reply that opens `<think>` must close it;
            `never`: tags are text, except around a reply that opens with `<think>`.
        reasoning: the server's own reasoning field, "" where there is none.
    """
    content, reasoning = encodable(content), encodable(reasoning)
    if finish_reason == "length":
        return Answer("truncated", reasoning=join(reasoning, content))
    if reasoning.strip():  # a reasoning parser has split it: a tag in the content is part of the answer
        return finish(content, reasoning)
    opens = content.lstrip().startswith(OPEN)
    if thinking == "never" and not opens:
        return finish(content, "")
    head, closed, tail = content.rpartition(CLOSE)
    if not closed:
        lost = opens or (thinking == "always" and content.strip() != "")
        return Answer("truncated", reasoning=content) if lost else finish(content, "")
    if tail.lstrip().startswith(OPEN):  # it thought again and never closed
        return Answer("truncated", reasoning=content)
    return finish(tail, head.lstrip().removeprefix(OPEN))


def finish(text: str, reasoning: str) -> Answer:
    """The answer without blank lines around it; the first line keeps its indentation."""
    blank = len(text) - len(text.lstrip(" \t\r\n"))
    text = text[text.rfind("\n", 0, blank) + 1 :].rstrip()
    return Answer("ok" if text.strip() else "no_answer", text, reasoning.strip())


def join(*parts: str) -> str:
    """The parts that hold anything, one below the other."""
    return "\n".join(part for part in parts if part)
