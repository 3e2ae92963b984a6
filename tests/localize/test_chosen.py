"""The question about elements, and what becomes of good, sloppy and hostile replies."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.config import LocalizeConfig
from agentless.errors import ContextError
from agentless.llm.fake import ScriptedModel
from agentless.localize.chosen import choose_elements, find_symbol, merge_spans, parse_elements
from agentless.localize.retrieve import retrieve
from agentless.ports import Reply
from agentless.prompting import load_prompt, turns_text
from agentless.records import Instance
from agentless.repo import Index, Symbol

A = "pkg/a.py"
B = "pkg/sub/b.py"
SYMBOLS = {
    A: (
        Symbol("class", "Cart", 3, 20),
        Symbol("method", "Cart.__init__", 4, 6),
        Symbol("method", "Cart.add", 8, 12),
        Symbol("function", "add_all", 22, 30),
    ),
    B: (Symbol("method", "X.run", 1, 4), Symbol("method", "Y.run", 6, 9)),
}
LINES = {A: 30, B: 9}


def spans(reply: str, limit: int = 5) -> list[tuple[str, str, int, int]]:
    found = parse_elements(reply, SYMBOLS, LINES, limit)
    return [(location.path, location.name, location.start_line, location.end_line) for location in found]


ADD = (A, "Cart.add", 8, 12)
RUN = (B, "X.run", 1, 4)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (f"```\n{A}::Cart.add\n{B}::X.run\n```", [ADD, RUN]),
        (f"1. `{A}::Cart.add`\n2. **{B}::X.run**", [ADD, RUN]),
        (f"- {A} :: Cart.add\n- sub/b.py::X.run", [ADD, RUN]),
        (f"```python\n{A}::Cart.add()  # the check\n{B}::X.run - calls it\n```", [ADD, RUN]),
        (f"```\n{A}::add\n```", [ADD]),
        (f"```\n{A}:22-25\n{B}: lines 2 - 3\n{A}:L7\n```", [(A, "", 22, 25), (B, "", 2, 3), (A, "", 7, 7)]),
        (f"```\n{A}:25-99\n{A}:99-120\n```", [(A, "", 25, 30)]),
        (f"```\n{A}::Cart.add\n{A}::Cart.add\n{A}:8-12\n```", [ADD]),
        (f"```\n{B}::run\n{A}::Absent.name\n```", []),
        ("```\n../../etc/passwd::root\n/etc/passwd:1-5\n```", []),
        ("```\nother/file.py::Cart\n```", []),
        ("", []),
        ("\x00" * 100, []),
        (f"{A}:0-0", []),
        (f"{A}:99999999999999999999", []),
    ],
)
def test_replies(reply: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert spans(reply) == expected


def test_no_more_than_the_limit() -> None:
    assert len(spans("\n".join(f"{A}:{line}" for line in range(1, 30)), limit=3)) == 3


@pytest.mark.parametrize("piece", ["a::", "a:", "1. ", "```\n", ":: ", "pkg/a.py::"])
def test_ten_megabytes_take_no_time(piece: str) -> None:
    started = time.perf_counter()
    spans(piece * (10_000_000 // len(piece)))
    assert time.perf_counter() - started < 3.0


def test_overlapping_spans_are_one_and_stand_behind_names() -> None:
    found = parse_elements(f"{A}:1-2\n{A}::Cart.add\n{A}:2-3\n{A}:9", SYMBOLS, LINES, 9)
    merged = merge_spans(found, LINES)
    assert [(location.name, location.start_line, location.end_line) for location in merged] == [
        ("Cart.add", 8, 12),
        ("", 1, 3),
        ("", 9, 9),
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [("Cart", "Cart"), ("Cart.add", "Cart.add"), ("__init__", "Cart.__init__"), ("ad", ""), ("Cart.", "Cart")],
)
def test_symbols_by_name_or_unique_end(name: str, found: str) -> None:
    symbol = find_symbol(name, SYMBOLS[A])
    assert (symbol.name if symbol else "") == found


@given(st.text(alphabet="pkg/a.y:CrtdL0123456789-` \n", max_size=120))
def test_any_text_gives_spans_inside_known_files(reply: str) -> None:
    for location in parse_elements(reply, SYMBOLS, LINES, 4):
        assert 1 <= location.start_line <= location.end_line <= LINES[location.path]


CONFIG = LocalizeConfig(rollouts=1, max_tokens=1000, elements="model")


async def test_one_greedy_question_about_the_skeletons(index: Index, instance: Instance) -> None:
    files = retrieve(index, instance.problem_statement)[:2]
    model = ScriptedModel(["```\nsrc/shop/cart.py::Cart.add_item\n```"])
    (location,) = await choose_elements(instance, index, files, model, CONFIG)
    assert (location.path, location.name, location.kind) == ("src/shop/cart.py", "Cart.add_item", "method")
    (sent,) = model.asks
    assert (sent.purpose, sent.attempts, sent.temperature) == ("elements", (0,), 0.0)
    assert sent.prompt_hash == load_prompt("localize/elements", 1).digest
    prompt = turns_text(sent.messages)
    assert "### src/shop/cart.py" in prompt and "def add_item" in prompt and "negative quantity" in prompt
    assert "self.items.append" not in prompt


async def test_a_lost_reply_chooses_nothing(index: Index, instance: Instance) -> None:
    files = retrieve(index, instance.problem_statement)[:2]
    model = ScriptedModel([Reply(attempt=0, outcome="truncated", text="src/shop/cart.py::Cart")])
    assert await choose_elements(instance, index, files, model, CONFIG) == ()


async def test_fewer_files_when_the_prompt_is_too_long(index: Index, instance: Instance) -> None:
    files = retrieve(index, instance.problem_statement)[:4]
    model = ScriptedModel(["none", "none"])
    await choose_elements(instance, index, files, model, CONFIG)
    tokens = await model.count_tokens(turns_text(model.asks[0].messages))
    smaller = CONFIG.model_copy(update={"max_prompt_tokens": tokens - 1})
    await choose_elements(instance, index, files, model, smaller)
    whole, small = (turns_text(sent.messages).count("### ") for sent in model.asks)
    assert whole == 4 and 1 <= small < 4
    with pytest.raises(ContextError):
        await choose_elements(instance, index, files, model, CONFIG.model_copy(update={"max_prompt_tokens": 40}))
