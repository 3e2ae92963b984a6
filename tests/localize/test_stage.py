"""The whole stage on the small project."""

import pytest

from agentless.config import LocalizeConfig
from agentless.errors import ContextError, ModelServerError
from agentless.llm.fake import ScriptedModel
from agentless.localize import localize, rank_elements, retrieve
from agentless.records import Instance, Stage
from agentless.repo import Index
from tests.localize.test_embedding import Words

CART = "src/shop/cart.py"
MONEY = "src/shop/money.py"


class Steps:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []
        self.notes: list[str] = []

    def update(self, instance_id: str, stage: Stage, done: int, total: int, note: str = "") -> None:
        self.seen.append((stage, done, total))
        self.notes.append(note)


async def test_retrieval_alone(index: Index, instance: Instance) -> None:
    config = LocalizeConfig(rollouts=0, top_files=3, max_elements=5)
    found = await localize(instance, index, None, config)
    ranked = retrieve(index, instance.problem_statement)
    assert found.instance_id == "shop-1"
    assert found.files == tuple(ranked[:3])
    assert found.retrieved == tuple(file.path for file in ranked[:20])
    assert found.elements == rank_elements(index, instance.problem_statement, ranked[:3], 5)
    assert (found.elements[0].path, found.elements[0].name) == (CART, "Cart.add_item")
    assert found.rollouts == ()


async def test_rollouts_of_zero_never_ask_the_model(index: Index, instance: Instance) -> None:
    model = ScriptedModel([])
    config = LocalizeConfig(rollouts=0, elements="model")
    assert (await localize(instance, index, model, config)).elements
    assert model.asks == []


async def test_votes_are_fused_and_kept(index: Index, instance: Instance) -> None:
    model = ScriptedModel(lambda ask, attempt: f"```\n{MONEY}\nno/such.py\n```" if attempt else "hm")
    config = LocalizeConfig(rollouts=3, top_files=2, max_tokens=1000)
    found = await localize(instance, index, model, config)
    assert [(file.path, file.votes) for file in found.files] == [(MONEY, 2), (CART, 0)]
    assert [rollout.outcome for rollout in found.rollouts] == ["no_path", "ok", "ok"]
    assert found.rollouts[1].unresolved == ("no/such.py",)
    assert found.retrieved[0] == CART


async def test_elements_of_the_model_come_first_each_once(index: Index, instance: Instance) -> None:
    model = ScriptedModel([f"```\n{CART}\n```", f"```\n{CART}::Cart.total\n{CART}::Cart.add_item\n```"])
    config = LocalizeConfig(rollouts=1, elements="model", max_tokens=1000, max_elements=4)
    found = await localize(instance, index, model, config)
    names = [location.name for location in found.elements]
    assert names[:2] == ["Cart.total", "Cart.add_item"]
    assert len(names) == len(set(names)) == 4


async def test_no_elements_when_none_are_wanted(index: Index, instance: Instance) -> None:
    found = await localize(instance, index, None, LocalizeConfig(rollouts=0, elements="none"))
    assert found.files and found.elements == ()


async def test_progress_ends_at_the_total(index: Index, instance: Instance) -> None:
    steps = Steps()
    await localize(instance, index, None, LocalizeConfig(rollouts=0), progress=steps)
    assert steps.seen == [("localize", 1, 3), ("localize", 2, 3), ("localize", 3, 3)]


async def test_a_context_that_holds_nothing_is_an_input_error(index: Index, instance: Instance) -> None:
    model = ScriptedModel([], context_tokens=2000)
    with pytest.raises(ContextError, match="max_tokens"):
        await localize(instance, index, model, LocalizeConfig(rollouts=1))


async def test_the_same_question_has_the_same_answer(index: Index, instance: Instance) -> None:
    config = LocalizeConfig(rollouts=0)
    assert await localize(instance, index, None, config) == await localize(instance, index, None, config)


async def test_an_embedder_adds_a_feature_and_is_asked_about_the_best_files_alone(
    index: Index, instance: Instance
) -> None:
    plain = await localize(instance, index, None, LocalizeConfig(rollouts=0, top_files=3))
    embedder = Words()
    config = LocalizeConfig(rollouts=0, top_files=3, embedder_files=2)
    found = await localize(instance, index, None, config, embedder=embedder)
    assert len(embedder.texts) == 1 + 2
    before = {file.path: file.score for file in plain.files}
    gains = sorted(round(file.score - before[file.path], 6) for file in found.files)
    assert gains[2] > 0.5, "the nearer of two files"
    assert max(map(abs, gains[:2])) < 0.1, "neighbours of the best files move a little"


async def test_an_embedder_that_is_gone_stops_the_stage(index: Index, instance: Instance) -> None:
    with pytest.raises(ModelServerError):
        await localize(instance, index, None, LocalizeConfig(rollouts=0), embedder=Words(fails_after=0))


async def test_why_the_tree_was_not_shown_is_recorded_and_reported(index: Index, instance: Instance) -> None:
    steps = Steps()
    model = ScriptedModel([f"```\n{CART}\n```"])
    config = LocalizeConfig(rollouts=1, view="tree", max_tokens=1000, max_prompt_tokens=390, shortlist_files=2)
    found = await localize(instance, index, model, config, progress=steps)
    assert found.note.startswith("the tree of 9 files takes")
    assert found.note in steps.notes[1]
    assert found.files[0].path == CART
