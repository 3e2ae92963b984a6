"""Prompts and attempts become requests."""

from agentless.config import RepairConfig
from agentless.ports import Message
from agentless.records import Instance, Location
from agentless.repair.context import Context
from agentless.repair.plan import Plan, plans_of
from agentless.repair.windows import View
from agentless.repo.index import Index

PATH = "src/geometry/shapes.py"
TURNS = (Message(role="user", content="fix it"),)
EDIT = Context(TURNS, "hash", (View(PATH, "", ((28, 29),)),))
REWRITE = Context(
    TURNS, "hash", (), Location(path=PATH, start_line=28, end_line=29, kind="function", name="circle_area")
)
GREEDY = RepairConfig(greedy_first=True, temperature=0.5, top_p=0.9, max_tokens=77)


def test_a_request_says_all_that_it_depends_on(instance: Instance) -> None:
    ask, other = Plan(EDIT, (1, 2), greedy=False, grammar="g").asks(instance, GREEDY)
    assert other.attempts == (2,)
    assert (ask.instance_id, ask.stage, ask.purpose, ask.prompt_hash) == ("geo-1", "repair", "edit", "hash")
    assert (ask.attempts, ask.temperature, ask.top_p, ask.max_tokens, ask.grammar) == ((1,), 0.5, 0.9, 77, "g")
    assert ask.messages == TURNS
    (greedy,) = Plan(EDIT, (0,), greedy=True).asks(instance, GREEDY)
    assert (greedy.temperature, greedy.top_p) == (0.0, 1.0)


def test_every_attempt_is_in_one_plan(index: Index) -> None:
    for contexts in ([EDIT], [EDIT, REWRITE], [EDIT, REWRITE, EDIT]):
        plans = plans_of(contexts, range(9), GREEDY, index)
        assert sorted(attempt for plan in plans for attempt in plan.attempts) == list(range(9))
        assert sum(plan.greedy for plan in plans) == len(contexts)
        assert all(len(plan.attempts) == 1 for plan in plans if plan.greedy)


def test_the_greedy_request_of_a_prompt_comes_first(index: Index) -> None:
    plans = plans_of([EDIT, REWRITE], range(6), GREEDY, index)
    assert [(plan.attempts, plan.greedy) for plan in plans] == [
        ((0,), True),
        ((2, 4), False),
        ((1,), True),
        ((3, 5), False),
    ]


def test_a_resumed_run_has_no_second_greedy_attempt(index: Index) -> None:
    assert [plan.greedy for plan in plans_of([EDIT], range(1, 4), GREEDY, index)] == [False]


def test_each_form_has_its_grammar_and_the_free_forms_have_none(index: Index) -> None:
    for form in ("search_replace_grammar", "rewrite_function_grammar"):
        edit, rewrite = plans_of([EDIT, REWRITE], range(2), RepairConfig(edit_format=form), index)
        assert "return math.pi * radius" in edit.grammar
        assert "def circle_area" in rewrite.grammar
    for free in ("search_replace", "rewrite_function"):
        plans = plans_of([EDIT, REWRITE], range(2), RepairConfig(edit_format=free), index)
        assert [plan.grammar for plan in plans] == ["", ""]
