"""The model's votes on files: N rollouts of one prompt, each reply reduced to paths."""

from collections.abc import Callable, Iterator, Sequence

from agentless.config import LocalizeConfig
from agentless.localize.budget import first_fitting, halvings, issue_mark, prompt_budget, shortened
from agentless.localize.mentions import read_mentions
from agentless.localize.parse import PathLookup, parse_paths
from agentless.localize.retrieve import split_by_language
from agentless.ports import Ask, ChatModel, Message, Reply
from agentless.prompting import Prompt, load_prompt
from agentless.records import Instance, RankedFile, Rollout
from agentless.repo import Index, outline_text, tree_text

FEWEST_FILES = 5
"""A tree below this size is not worth a question."""
ISSUE_CHARS = (24_000, 8_000, 3_000)
"""How far a long issue is cut once the tree is as small as it gets."""
ASKED_FILES = 5
"""Paths asked of a rollout at least; Agentless asks for five."""


async def vote(
    instance: Instance, index: Index, ranked: Sequence[RankedFile], model: ChatModel, config: LocalizeConfig
) -> tuple[Rollout, ...]:
    """Ask for the files to edit, `config.rollouts` times at once.

    Raises:
        ContextError: the context does not hold the smallest prompt.
        ModelServerError: the server is gone.
    """
    prompt = load_prompt("localize/files", 1)
    limit = max(config.top_files, ASKED_FILES)
    views = smaller_views(instance, index, ranked, config, prompt, limit)
    messages = await first_fitting(model, prompt_budget(model, config), views)
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
    return tuple(read_rollout(reply, lookup, limit) for reply in replies)


def smaller_views(
    instance: Instance,
    index: Index,
    ranked: Sequence[RankedFile],
    config: LocalizeConfig,
    prompt: Prompt,
    limit: int,
) -> Iterator[Callable[[], tuple[Message, ...]]]:
    """Builders of the prompt, each a smaller view: outlines go first, then the tree, then the issue's middle."""
    whole = config.view == "tree"
    ranked = main_files(ranked, instance.problem_statement)
    files = len(ranked) if whole else min(config.shortlist_files, len(ranked))
    outlined = 0 if whole else min(config.outline_files, len(ranked))
    fewest = min(FEWEST_FILES, files)
    sizes = [(files, outlines, 0) for outlines in halvings(outlined, 0)]
    sizes += [(size, 0, 0) for size in halvings(files, fewest)[1:]]
    sizes += [(fewest, 0, chars) for chars in ISSUE_CHARS if chars < len(instance.problem_statement)]
    for shown, outlines, chars in sizes:

        def build(shown: int = shown, outlines: int = outlines, chars: int = chars) -> tuple[Message, ...]:
            return prompt.render(
                tree=tree_text(sorted(file.path for file in ranked[:shown])),
                whole_tree=whole and shown == files,
                outlines=outline(index, ranked[:outlines]),
                issue=shortened(instance.problem_statement, chars),
                mark=issue_mark(instance.problem_statement),
                limit=limit,
            )

        yield build


def main_files(ranked: Sequence[RankedFile], issue: str) -> list[RankedFile]:
    """Files in the main languages and those the issue names: what a tree shows. Others may still get votes."""
    shown = set(split_by_language([file.path for file in ranked], read_mentions(issue))[0])
    return [file for file in ranked if file.path in shown]


def outline(index: Index, files: Sequence[RankedFile]) -> str:
    """Names that the files define, file by file."""
    return "\n\n".join(outline_text(file.path, index.facts(file.path)).rstrip() for file in files)


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
