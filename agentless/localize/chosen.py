"""The model's choice of elements: one question about the skeletons of the best files, read as locations."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from agentless.config import LocalizeConfig
from agentless.localize.budget import first_fitting, issue_mark, prompt_budget, shortened
from agentless.localize.files import ISSUE_CHARS
from agentless.localize.lines import clamp, windows
from agentless.localize.parse import DECORATION, REPLY_CHARS, PathLookup, fenced_blocks
from agentless.ports import Ask, ChatModel, Message
from agentless.prompting import Prompt, load_prompt
from agentless.records import Instance, Location, RankedFile
from agentless.repo import Index, Symbol, skeleton_text

NAMED = re.compile(r"^(?P<path>[^\s:]{1,300})\s*::\s*(?P<name>[A-Za-z_][\w.]{0,200})")
SPAN = re.compile(
    r"^(?P<path>[^\s:]{1,300})\s*:\s*(?:lines?\s*)?L?(?P<start>\d{1,7})(?:\s*[-\u2013]\s*L?(?P<end>\d{1,7}))?"
)


async def choose_elements(
    instance: Instance, index: Index, files: Sequence[RankedFile], model: ChatModel, config: LocalizeConfig
) -> tuple[Location, ...]:
    """Elements that the model names, best first; () when its reply names none.

    Raises:
        ContextError: the context does not hold the smallest prompt.
        ModelServerError: the server is gone.
    """
    prompt = load_prompt("localize/elements", 1)
    views = smaller_views(instance, index, files, config.max_elements, prompt)
    messages = await first_fitting(model, prompt_budget(model, config), views)
    greedy = config.rollouts <= 1
    replies = await model.ask(
        Ask(
            instance_id=instance.instance_id,
            stage="localize",
            purpose="elements",
            messages=messages,
            temperature=0.0 if greedy else config.temperature,
            top_p=1.0 if greedy else config.top_p,
            max_tokens=config.max_tokens,
            prompt_hash=prompt.digest,
        )
    )
    text = next((reply.text for reply in replies if reply.outcome == "ok"), "")
    symbols = {file.path: index.symbols(file.path) for file in files}
    lines = {file.path: line_count(index.text(file.path)) for file in files}
    return merge_spans(parse_elements(text, symbols, lines, config.max_elements), lines)


def line_count(text: str) -> int:
    """Lines of a text; the last one may lack its end."""
    return text.count("\n") + (not text.endswith("\n") and bool(text))


def merge_spans(locations: Sequence[Location], lines: Mapping[str, int]) -> tuple[Location, ...]:
    """Named elements in their order, then the plain spans of lines, overlapping ones as one."""
    named = [location for location in locations if location.kind != "lines"]
    spans = [location for location in locations if location.kind == "lines"]
    return (*named, *windows(spans, lines, 0))


def smaller_views(
    instance: Instance, index: Index, files: Sequence[RankedFile], limit: int, prompt: Prompt
) -> Iterator[Callable[[], tuple[Message, ...]]]:
    """Builders of the prompt: all files, fewer and fewer of them, then a shorter issue."""
    issue = instance.problem_statement
    sizes = [(count, 0) for count in range(len(files), 0, -1)]
    sizes += [(1, chars) for chars in ISSUE_CHARS if chars < len(issue)]
    for count, chars in sizes:

        def build(count: int = count, chars: int = chars) -> tuple[Message, ...]:
            return prompt.render(
                skeletons=skeletons(index, files[:count]),
                issue=shortened(issue, chars),
                mark=issue_mark(issue),
                limit=limit,
            )

        yield build


def skeletons(index: Index, files: Sequence[RankedFile]) -> str:
    """Each file's signatures under its path."""
    parts = [
        f"### {file.path}\n{skeleton_text(index.text(file.path), index.symbols(file.path)).rstrip()}"
        for file in files
    ]
    return "\n\n".join(parts)


def parse_elements(
    reply: str, symbols: Mapping[str, Sequence[Symbol]], lines: Mapping[str, int], limit: int
) -> tuple[Location, ...]:
    """Locations that a reply names, in its order, each once, at most `limit`.

    A name is looked up among the file's own symbols, then as the only one that ends in it; unknown names and
    lines outside the file are dropped. The last fenced block with a location counts, else the whole text.
    """
    text = reply[-REPLY_CHARS:].replace("\x00", "")
    lookup = PathLookup.of(symbols)
    for block in (*reversed(fenced_blocks(text)), text.splitlines()):
        found: dict[tuple[str, int, int], Location] = {}
        for line in block:
            location = read_line(DECORATION.sub("", line[:1000]).strip().strip("`*\"'"), lookup, symbols, lines)
            if location is not None:
                found.setdefault((location.path, location.start_line, location.end_line), location)
        if found:
            return tuple(found.values())[:limit]
    return ()


def read_line(
    line: str, lookup: PathLookup, symbols: Mapping[str, Sequence[Symbol]], lines: Mapping[str, int]
) -> Location | None:
    """One line of the reply as a location, None when it is none."""
    named = NAMED.match(line)
    if named:
        path = lookup.resolve(named["path"])
        symbol = find_symbol(named["name"], symbols.get(path, ()))
        return None if symbol is None else location_of(path, symbol)
    span = SPAN.match(line)
    if span and (path := lookup.resolve(span["path"])):
        start = int(span["start"])
        where = Location(path=path, start_line=start, end_line=int(span["end"] or start), kind="lines")
        return clamp(where, lines[path])
    return None


def find_symbol(name: str, symbols: Sequence[Symbol]) -> Symbol | None:
    """The symbol of that qualified name, else the only one whose qualified name ends in it."""
    wanted = name.rstrip(".")
    exact = [symbol for symbol in symbols if symbol.name == wanted]
    if exact:
        return exact[0]
    ending = [symbol for symbol in symbols if symbol.name.endswith("." + wanted)]
    return ending[0] if len(ending) == 1 else None


def location_of(path: str, symbol: Symbol, score: float = 0.0) -> Location:
    """A symbol of a file as a location."""
    return Location(
        path=path,
        start_line=symbol.start_line,
        end_line=symbol.end_line,
        kind=symbol.kind,
        name=symbol.name,
        score=score,
    )
