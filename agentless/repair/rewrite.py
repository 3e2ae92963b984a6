"""A reply that rewrites one element whole -> the file's new text.

The element is found in the reply by name (other names are refused), takes the original's indentation, and keeps
decorators and a docstring that the reply omits. `extras` says what else of the reply is kept.
"""

from dataclasses import dataclass

from agentless.records import Edit, Location
from agentless.repair.edits import answer_of
from agentless.repair.extras import import_place, indented, needed_helpers, needed_imports
from agentless.repair.filetext import FileText, text_from
from agentless.repair.fragment import Fragment, find_fragment
from agentless.repair.match import indent_of
from agentless.repair.outcome import Refusal
from agentless.repair.reshape import definition_at, left_out, reshape
from agentless.repo import Symbol, parse_symbols

MAX_CHARS = 200_000
"""Longer replies are refused: no element that may be asked for is near it, and every piece of code is parsed."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file after one of its elements was rewritten."""

    path: str
    text: str
    edits: tuple[Edit, ...]
    salvaged: tuple[str, ...] = ()


def rewrite(reply: str, text: str, element: Location, language: str) -> Rewritten | Refusal:
    """The file's new text, or why the reply gives none.

    Args:
        reply: the model's answer.
        text: the whole file as it is.
        element: what was asked for; its lines are the file's.
        language: of the file, as `repo.language_of` says.
    """
    answer = answer_of(reply)
    if isinstance(answer, Refusal):
        return answer
    if not answer.strip():
        return Refusal("no_answer", "empty reply")
    if len(answer) > MAX_CHARS:
        return Refusal("malformed_edit", f"a reply of {len(answer)} characters for one element")
    fragment = find_fragment(answer, element, language)
    if isinstance(fragment, Refusal):
        return fragment
    file = FileText.of(text)
    plain = file.plain()
    old = plain[element.start_line - 1 : element.end_line]
    missing = left_out(fragment.target_lines(), old)
    if missing:
        return Refusal("malformed_edit", f"the reply leaves out code: {missing[:80]}")
    new, notes = reshape(fragment.target_lines(), old, language)
    file.replace(element.start_line - 1, element.end_line, new)
    if language == "python":
        notes += add_extras(fragment, file, element, new, parse_symbols(text, language))
    edit = Edit(path=element.path, action="rewrite", search=element.name, replace=text_from(new))
    return Rewritten(element.path, file.text(), (edit,), (*fragment.salvaged, *notes))


def add_extras(
    fragment: Fragment, file: FileText, element: Location, new: list[str], symbols: tuple[Symbol, ...]
) -> list[str]:
    """Put helpers and imports that the new element needs into the file; says what was added."""
    plain = file.plain()
    known = {symbol.name.rpartition(".")[2] for symbol in symbols}
    members, others = needed_helpers(fragment, known, new)
    imports = needed_imports(
        fragment, plain, [*new, *(line for s in others for line in helper_lines(fragment, s))]
    )
    after = element.start_line - 1 + len(new)
    indent = indent_of(new[definition_at(new)])
    for symbol in reversed(members):
        file.replace(after, after, ["", *indented(helper_lines(fragment, symbol), indent)])
    before = top_level_start(element, symbols) - 1
    for symbol in reversed(others):
        file.replace(before, before, [*indented(helper_lines(fragment, symbol), ""), "", ""])
    if imports:
        at = import_place(plain, symbols)
        file.replace(at, at, imports)
    return [f"import added: {line}" for line in imports] + [f"helper added: {s.name}" for s in (*members, *others)]


def helper_lines(fragment: Fragment, symbol: Symbol) -> list[str]:
    """The lines of one definition of the reply."""
    return fragment.lines[symbol.start_line - 1 : symbol.end_line]


def top_level_start(element: Location, symbols: tuple[Symbol, ...]) -> int:
    """First line of the top-level definition that holds the element."""
    holders = [
        symbol.start_line
        for symbol in symbols
        if "." not in symbol.name
        and symbol.kind not in {"constant", "import"}
        and symbol.start_line <= element.start_line <= symbol.end_line
    ]
    return min(holders, default=element.start_line)
