"""A Reply -> a Sample: parse, apply, check, diff. Every way to fail is an outcome."""

from collections.abc import Mapping
from dataclasses import replace

from agentless.ports import Reply
from agentless.records import Edit, Sample
from agentless.repair.apply import apply_edits
from agentless.repair.context import Context
from agentless.repair.edits import parse_edits
from agentless.repair.outcome import Refusal
from agentless.repair.patch import make_patch, parse_patch
from agentless.repair.paths import Tree, clip
from agentless.repair.rewrite import rewrite
from agentless.repo.paths import language_of
from agentless.repo.syntax import new_syntax_error, syntax_error
from agentless.texts import encodable

MAX_FILE_CHARS = 1_000_000
"""An edit may not make a file that could not be edited itself."""
Texts = Mapping[str, str | None]


def read_reply(reply: Reply, context: Context, tree: Tree) -> Sample:
    """The sample that a reply comes to."""
    base = Sample(
        attempt=reply.attempt,
        outcome="no_answer",
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        seconds=reply.seconds,
    )
    if reply.outcome != "ok":
        return replace(base, outcome=reply.outcome, detail=clip(reply.error or reply.finish_reason, 300))
    text = encodable(reply.text)
    if context.element is not None:
        return rewritten(base, text, context, tree)
    parsed = parse_edits(text, tree, context.paths)
    if isinstance(parsed, Refusal):
        return refused(base, parsed)
    base = replace(base, edits=parsed.edits, salvaged=parsed.salvaged)
    applied = apply_edits(parsed.edits, tree, context.shown)
    if isinstance(applied, Refusal):
        return refused(base, applied)
    return finished(replace(base, salvaged=(*parsed.salvaged, *applied.salvaged)), applied.old, applied.new, tree)


def rewritten(base: Sample, text: str, context: Context, tree: Tree) -> Sample:
    """The sample of a reply that rewrites the context's element."""
    element = context.element
    before = tree.text(element.path) if element is not None else None
    if element is None or before is None:
        return replace(base, outcome="not_editable", detail="the element's file cannot be read")
    result = rewrite(text, before, element, language_of(element.path))
    if isinstance(result, Refusal):
        return refused(base, result)
    base = replace(base, edits=result.edits, salvaged=result.salvaged)
    return finished(base, {element.path: before}, {element.path: result.text}, tree)


def finished(base: Sample, old: Texts, new: Texts, tree: Tree) -> Sample:
    """The sample once the new texts are known: unchanged, broken, or a patch."""
    changed = {path: text for path, text in new.items() if differs(old.get(path), text)}
    if not changed:
        return replace(base, outcome="no_op", detail=f"nothing changes in {', '.join(sorted(new)) or 'any file'}")
    for path, text in changed.items():
        if len(text or "") > max(MAX_FILE_CHARS, len(old.get(path) or "")):
            return replace(base, outcome="not_editable", detail=f"{clip(path)}: would grow over 1 MB")
        error = breaks(path, old.get(path), text)
        if error:
            return replace(base, outcome="syntax_error", detail=f"{clip(path)}: {error}")
    modes = {path: tree.entries[path].mode for path in changed if path in tree.entries}
    patch = make_patch({path: old.get(path) for path in changed}, changed, modes)
    parsed = parse_patch(patch)
    if isinstance(parsed, Refusal):
        return refused(base, parsed)
    return replace(base, outcome="patch", patch=patch, detail=summary(base.edits))


def differs(old: str | None, new: str | None) -> bool:
    """Whether a file changes in more than blanks at line ends and at its end."""
    if old is None or new is None:
        return old is not new
    return [line.rstrip() for line in old.rstrip().split("\n")] != [
        line.rstrip() for line in new.rstrip().split("\n")
    ]


def breaks(path: str, old: str | None, new: str | None) -> str:
    """The syntax error that an edit brings into a file that had none, "" without one."""
    if new is None:
        return ""
    if "\0" in new and "\0" not in (old or ""):
        return "NUL byte"
    return syntax_error(path, new) if old is None else new_syntax_error(path, old, new)


def refused(base: Sample, refusal: Refusal) -> Sample:
    """A lost sample with its reason."""
    return replace(base, outcome=refusal.outcome, detail=refusal.detail)


def summary(edits: tuple[Edit, ...]) -> str:
    """One line on what a patch does."""
    paths = list(dict.fromkeys(clip(edit.path) for edit in edits))
    return f"{len(edits)} edit{'s' if len(edits) != 1 else ''} in {', '.join(paths)}"
