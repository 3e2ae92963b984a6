"""Which prompts an instance gets, and which attempts go with each."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentless.config import RepairConfig
from agentless.errors import ContextError
from agentless.ports import Ask, ChatModel
from agentless.records import Instance, Localization, Location
from agentless.repair.budget import Budget, measure
from agentless.repair.context import Context, edit_context, rewrite_context, sources_of
from agentless.repair.focus import REPLY_SHARE, element_of, in_files, is_first, rewritable
from agentless.repair.grammar import edit_grammar, rewrite_grammar
from agentless.repair.windows import Source
from agentless.repo.index import Index


@dataclass(frozen=True, slots=True)
class Plan:
    """One prompt, the attempts that share it, and how freely they are answered."""

    context: Context
    attempts: tuple[int, ...]
    greedy: bool
    grammar: str = ""

    def asks(self, instance: Instance, config: RepairConfig) -> list[Ask]:
        """A request of its own for each attempt: a sample of minutes is kept as soon as it is there."""
        return [
            Ask(
                instance_id=instance.instance_id,
                stage="repair",
                purpose="edit",
                messages=self.context.messages,
                attempts=(attempt,),
                temperature=0.0 if self.greedy else config.temperature,
                top_p=1.0 if self.greedy else config.top_p,
                max_tokens=config.max_tokens,
                grammar=self.grammar,
                prompt_hash=self.context.prompt_hash,
            )
            for attempt in self.attempts
        ]


async def contexts_of(
    instance: Instance, index: Index, localization: Localization, model: ChatModel, config: RepairConfig
) -> list[Context]:
    """The prompts, best element first; one for everything without `focus_elements`; [] when no file can be shown.

    `rewrite_function` always focuses, on one element unless told. Elements too long to be written again are passed
    over; when none is left, the same elements are shown as windows and edited by SEARCH/REPLACE.

    Raises:
        ContextError: the smallest useful prompt does not fit.
    """
    paths = [file.path for file in localization.files] + [element.path for element in localization.elements]
    sources = sources_of(index, paths)
    if not sources:
        return []
    text = "\n".join([instance.problem_statement[:20_000], *("\n".join(source.lines) for source in sources[:3])])
    budget = await measure(config, model, text)
    elements = in_files(index, localization.elements)
    focus = config.focus_elements
    if config.edit_format in ("rewrite_function", "rewrite_function_grammar"):
        focus = max(focus, 1)
        chars = config.max_tokens * REPLY_SHARE * budget.chars_per_token
        contexts = await rewrites(
            instance, index, rewritable(index, elements, chars)[:focus], model, config, budget
        )
        if contexts:
            return contexts
    if focus and elements:
        return [
            await edit_context(instance, [source], [element], model, config, budget, focused=True)
            for element in elements[:focus]
            for source in sources
            if source.path == element.path
        ]
    return [await edit_context(instance, sources, elements, model, config, budget)]


async def rewrites(
    instance: Instance,
    index: Index,
    elements: Sequence[Location],
    model: ChatModel,
    config: RepairConfig,
    budget: Budget,
) -> list[Context]:
    """Prompts for the elements that fit; the error when elements were given and none does."""
    contexts: list[Context] = []
    failed: ContextError | None = None
    for element in elements:
        try:
            contexts.append(await rewrite_context(instance, index, element, model, config, budget))
        except ContextError as error:
            failed = failed or error
    if failed is not None and not contexts:
        raise failed
    return contexts


def plans_of(
    contexts: Sequence[Context], attempts: Sequence[int], config: RepairConfig, index: Index
) -> list[Plan]:
    """One plan per prompt and temperature, the greedy ones first within a prompt."""
    plans = []
    for number, context in enumerate(contexts):
        mine = [attempt for attempt in attempts if element_of(attempt, len(contexts)) == number]
        greedy = {attempt for attempt in mine if config.greedy_first and is_first(attempt, len(contexts))}
        grammar = grammar_of(context, index, config)
        for wanted in (True, False):
            group = tuple(attempt for attempt in mine if (attempt in greedy) is wanted)
            if group:
                plans.append(Plan(context, group, wanted, grammar))
    return plans


def grammar_of(context: Context, index: Index, config: RepairConfig) -> str:
    """The grammar that forces the edit format, "" where the reply stays free."""
    if not config.edit_format.endswith("_grammar"):
        return ""
    if context.element is not None:
        return rewrite_grammar(index.text(context.element.path), context.element)
    sources: list[Source] = sources_of(index, context.paths)
    return edit_grammar(context.views, {source.path: source.lines for source in sources})
