"""The model's votes on files: N rollouts of one prompt, each reply reduced to paths."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from agentless.config import LocalizeConfig
from agentless.localize.budget import first_fitting, halvings, issue_mark, prompt_budget, shortened
from agentless.localize.mentions import read_mentions
from agentless.localize.parse import PathLookup, parse_paths
from agentless.localize.retrieve import split_by_language
from agentless.ports import Ask, ChatModel, Message, Reply
from agentless.prompting import Prompt, load_prompt, turns_text
from agentless.records import Instance, RankedFile, Rollout
from agentless.repo import Index, outline_text, tree_text

FEWEST_FILES = 5
"""A tree below this size is not worth a question."""
ISSUE_CHARS = (24_000, 8_000, 3_000)
"""How far a long issue is cut once the tree is as small as it gets."""
ASKED_FILES = 5
"""Paths asked of a rollout at least; Agentless asks for five."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Replies of the model, and what was not as asked."""

    rollouts: tuple[Rollout, ...] = ()
    note: str = ""
    """Why the whole tree was not shown although it was asked for."""


async def vote(
    instance: Instance, index: Index, ranked: Sequence[RankedFile], model: ChatModel, config: LocalizeConfig
) -> Votes:
    """Ask for the files to edit, `config.rollouts` times at once.

    Raises:
        ContextError: the context does not hold the smallest prompt.
        ModelServerError: the server is gone.
    """
    prompt = load_prompt("localize/files", 1)
    limit = max(config.top_files, ASKED_FILES)
    view = View(prompt, instance.problem_statement, index, main_files(ranked, instance.problem_statement), limit)
    budget = prompt_budget(model, config)
    note = await why_no_tree(view, model, budget, config) if config.view == "tree" else ""
    whole = config.view == "tree" and not note
    messages = (
        view.build(len(view.files), 0, 0) if whole else await first_fitting(model, budget, view.smaller(config))
    )
    replies = await model.ask(
        Ask(
            instance_id=instance.instance_id,
            stage="localize",
            purpose="files",
            messages=messages,
            attempts=tuple(range(config.rollouts)),
            temperature=0.0 if config.rollouts == 1 else config.temperature,
            top_p=1.0 if config.rollouts == 1 else config.top_p,
            max_tokens=config.max_tokens,
            prompt_hash=prompt.digest,
        )
    )
    lookup = PathLookup.of(file.path for file in ranked)
    return Votes(tuple(read_rollout(reply, lookup, limit) for reply in replies), note)


@dataclass(frozen=True, slots=True)
class View:
    """What a prompt can show, from which ever smaller prompts are made."""

    prompt: Prompt
    issue: str
    index: Index
    files: Sequence[RankedFile]
    """Best first; those that a tree shows."""
    limit: int
    """Paths asked for."""

    def build(self, shown: int, outlines: int, chars: int) -> tuple[Message, ...]:
        """The prompt with the tree of so many files, outlines of so many, and so much of the issue (0 = all)."""
        return self.prompt.render(
            tree=tree_text(sorted(file.path for file in self.files[:shown])),
            whole_tree=not outlines and shown == len(self.files),
            outlines=outline(self.index, self.files[:outlines]),
            issue=shortened(self.issue, chars),
            mark=issue_mark(self.issue),
            limit=self.limit,
        )

    def smaller(self, config: LocalizeConfig) -> Iterator[Callable[[], tuple[Message, ...]]]:
        """Builders of the shortlist, largest first: outlines go, then half the tree, then parts of the issue."""
        files = min(config.shortlist_files, len(self.files))
        outlined = min(config.outline_files, len(self.files))
        fewest = min(FEWEST_FILES, files)
        sizes = [(files, outlines, 0) for outlines in halvings(outlined, 0)]
        sizes += [(size, 0, 0) for size in halvings(files, fewest)[1:]]
        sizes += [(fewest, 0, chars) for chars in ISSUE_CHARS if chars < len(self.issue)]
        for size in sizes:
            yield partial(self.build, *size)


async def why_no_tree(view: View, model: ChatModel, budget: int, config: LocalizeConfig) -> str:
    """Why the tree of all files cannot be shown, "" when it can.

    A file takes a line, and a line a token at least, so that the text of a tree with more files is never made.
    """
    files, best = len(view.files), min(config.shortlist_files, len(view.files))
    if files > budget:
        size = f"{files} files"
    else:
        tokens = await model.count_tokens(turns_text(view.build(files, 0, 0)))
        if tokens <= budget:
            return ""
        size = f"{files} files takes {tokens} tokens"
    return f"the tree of {size}, more than the {budget} that fit; the rollouts saw the best {best} instead"


def main_files(ranked: Sequence[RankedFile], issue: str) -> list[RankedFile]:
    """Files in the main languages and those the issue names: what a tree shows. Others may still get votes."""
    shown = set(split_by_language([file.path for file in ranked], read_mentions(issue))[0])
    return [file for file in ranked if file.path in shown]


def outline(index: Index, files: Sequence[RankedFile]) -> str:
    """Names that the files define, file by file."""
    return "\n\n".join(outline_text(file.path, index.symbols(file.path)).rstrip() for file in files)


def read_rollout(reply: Reply, lookup: PathLookup, limit: int) -> Rollout:
    """What a reply says; a reply without an answer keeps its own outcome."""
    if reply.outcome != "ok":
        return Rollout(attempt=reply.attempt, outcome=reply.outcome)
    if not reply.text.strip():
        return Rollout(attempt=reply.attempt, outcome="no_answer")
    parsed = parse_paths(reply.text, lookup, limit)
    return Rollout(
        attempt=reply.attempt,
        outcome="ok" if parsed.paths else "no_path",
        paths=parsed.paths,
        unresolved=parsed.unresolved,
    )
