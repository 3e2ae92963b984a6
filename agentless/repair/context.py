"""What the model sees: prompts that fit the served context, counted with the served tokenizer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentless.config import RepairConfig
from agentless.errors import ContextError
from agentless.ports import ChatModel, Message
from agentless.prompting import Prompt, load_prompt, turns_text
from agentless.records import Instance, Location
from agentless.repair.budget import Budget, overflow
from agentless.repair.filetext import FileText
from agentless.repair.match import Spans, indent_of
from agentless.repair.windows import Source, View, plan_views
from agentless.repo import language_of
from agentless.repo.index import Index

ROUNDS = 8
"""Exact counts that one prompt may cost."""
ISSUE_SHARE = 0.5
"""Part of the budget that a very long issue may take from the files."""
FENCE_LINE = re.compile(r"^(?=-+[ \t]*(?:BEGIN|END) (?:ISSUE|FILE)\b)", re.MULTILINE)
CUT = "\n[the rest of the issue is not shown]"
SPOKEN = {
    "": "the project's", "javascript": "JavaScript", "typescript": "TypeScript", "tsx": "TypeScript", "cpp": "C++",
    "php": "PHP", "csharp": "C#",
}  # fmt: skip
"""How people write the languages that `language_of` names, where that is more than a capital letter."""
MAX_HEAD_LINES = 10
"""Lines of the surrounding class that a rewriting prompt may show."""


@dataclass(frozen=True, slots=True)
class Context:
    """One prompt, and what it shows."""

    messages: tuple[Message, ...]
    prompt_hash: str
    views: tuple[View, ...]
    element: Location | None = None
    """The element to rewrite; None asks for SEARCH/REPLACE edits."""

    @property
    def shown(self) -> Mapping[str, Spans]:
        """Files of which only parts are shown, with those parts."""
        return {view.path: view.spans for view in self.views if view.spans is not None}

    @property
    def paths(self) -> tuple[str, ...]:
        """Files that are shown."""
        return tuple(view.path for view in self.views)


def sources_of(index: Index, paths: Sequence[str]) -> list[Source]:
    """The files that can be shown, in order, each once."""
    sources = []
    for path in dict.fromkeys(paths):
        text = index.text(path)
        if text:
            sources.append(Source(path, FileText.of(text).plain(), index.symbols(path)))
    return sources


def issue_text(instance: Instance, limit: int) -> str:
    """The issue, at most `limit` characters (0 = all), cut at a line end; it cannot end its own frame."""
    issue = FENCE_LINE.sub("> ", instance.problem_statement.replace("\r\n", "\n").strip("\n"))
    if not limit or len(issue) <= limit:
        return issue
    head = issue[:limit]
    line_end = head.rfind("\n")
    return (head[:line_end] if line_end > limit // 2 else head) + CUT


async def edit_context(
    instance: Instance,
    sources: Sequence[Source],
    elements: Sequence[Location],
    model: ChatModel,
    config: RepairConfig,
    budget: Budget,
    *,
    focused: bool = False,
) -> Context:
    """A SEARCH/REPLACE prompt: as much of the files as fits, or with `focused` only what surrounds the elements.

    Raises:
        ContextError: not even the best element's first lines fit.
    """
    prompt = load_prompt("repair/search_replace", 1)
    chars = budget.chars
    for _ in range(ROUNDS):
        limit = int(chars * ISSUE_SHARE)
        issue = issue_text(instance, min(config.max_issue_chars or limit, limit))
        room = chars - len(turns_text(prompt.render(issue=issue, files=[])))
        views = plan_views(sources, elements, config.window_lines, room, focused=focused) if room > 0 else []
        if not views:
            break
        messages = prompt.render(issue=issue, files=views)
        over = await overflow(model, messages, budget)
        if over <= 1:
            return Context(messages, prompt.digest, tuple(views))
        chars = int(chars / over * 0.97)
    raise too_small(model, config, prompt, budget)


async def rewrite_context(
    instance: Instance, index: Index, element: Location, model: ChatModel, config: RepairConfig, budget: Budget
) -> Context:
    """A prompt that asks for one element, whole: the surroundings are cut first, then the issue.

    Raises:
        ContextError: the element does not fit beside a quarter of the issue.
    """
    prompt = load_prompt("repair/rewrite_function", 2)
    language = language_of(element.path)
    source = sources_of(index, [element.path])[0]
    code = "\n".join(source.lines[element.start_line - 1 : element.end_line])
    surroundings = around(source, element)
    view = View(element.path, code, ((element.start_line, element.end_line),))
    length = config.max_issue_chars or max(len(instance.problem_statement), 1)
    for context, share in ((surroundings, 1.0), ("", 1.0), ("", 0.5), ("", 0.25)):
        messages = prompt.render(
            issue=issue_text(instance, max(int(length * share), 1)),
            path=element.path,
            name=element.name,
            code=code,
            context=context,
            language=SPOKEN.get(language, language.capitalize()),
            fence=language,
        )
        if await overflow(model, messages, budget) <= 1:
            return Context(messages, prompt.digest, (view,), element)
    raise too_small(model, config, prompt, budget)


def around(source: Source, element: Location) -> str:
    """The head of the class that holds a method; "" for anything else.

    A class that ends before the method (Go, Rust, C++) is a list of fields and shown with them.
    """
    outer = element.name.rpartition(".")[0]
    holder = next((s for s in source.symbols if s.kind == "class" and s.name == outer), None)
    if holder is None or holder.start_line >= element.start_line:
        return ""
    apart = holder.end_line < element.start_line
    last = min(holder.start_line + MAX_HEAD_LINES - 1, holder.end_line, element.start_line - 1)
    lines = source.lines[holder.start_line - 1 : last]
    if apart and last == holder.end_line:
        return "\n".join([*lines, ""])
    ending = r":\s*(#.*)?$" if language_of(element.path) == "python" else r"\{\s*(//.*)?$"
    head = []
    for line in lines:
        head.append(line)
        if not apart and re.search(ending, line):
            break
    return "\n".join([*head, indent_of(head[-1]) + "    ..."])


def too_small(model: ChatModel, config: RepairConfig, prompt: Prompt, budget: Budget) -> ContextError:
    """The error for a prompt that cannot be made to fit."""
    return ContextError(
        f"{prompt.name} does not fit {budget.tokens} prompt tokens ({model.name} holds {model.context_tokens},"
        f" repair.max_tokens={config.max_tokens}): serve a longer context, or lower repair.max_tokens"
    )
