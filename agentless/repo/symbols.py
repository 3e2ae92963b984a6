"""Text -> definitions, imports and documentation: one sweep over a grammar's captures, in order of position.

What each capture means stands in languages/python.scm.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentless.records import ElementKind
from agentless.repo.grammars import captures, has_grammar, parse

if TYPE_CHECKING:
    from tree_sitter import Node

DOC_CHARS = 200
QUOTES = re.compile(r"""^[A-Za-z]{0,2}('''|\"""|'|")(.*?)(?:\1)?$""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition, a top-level assignment, or an import. Only "\\n" ends a line, as in patches."""

    kind: ElementKind
    """Imports are symbols too (their module is the name): leave them out where definitions are meant."""
    name: str
    """Qualified: `Blueprint.__init__`, `outer.inner`; for an import the module as written."""
    start_line: int
    """1-based, decorators included."""
    end_line: int
    doc: str = ""
    """First line of the docstring, at most 200 characters."""
    body_line: int = 0
    """First line after the signature; 0 for constants, imports, and bodies on the signature's line."""
    doc_lines: tuple[int, int] = (0, 0)
    """First and last line of the docstring, zeros without one."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Everything that is read from one syntax tree."""

    symbols: tuple[Symbol, ...] = ()
    imports: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    docs: str = ""
    """Docstrings and comments as written, one after another."""


@dataclass(slots=True)
class Definition:
    """A definition, or another named scope, as far as the sweep has come."""

    capture: str
    start_line: int
    end_line: int
    end_byte: int
    parent: "Definition | None"
    name: str = ""
    receiver: str = ""
    is_async: bool = False
    doc: str = ""
    body_line: int = 0
    doc_lines: tuple[int, int] = (0, 0)

    @property
    def qualified(self) -> str:
        """Names of the scopes around it and its own, joined by dots."""
        names = []
        scope: Definition | None = self
        while scope is not None:
            names += [name for name in (scope.name, scope.receiver) if name]
            scope = scope.parent
        return ".".join(reversed(names))

    @property
    def kind(self) -> ElementKind:
        """What it is to the outside."""
        if self.capture == "class":
            return "class"
        scope = self.parent
        while scope is not None and scope.capture == "namespace":
            scope = scope.parent
        if self.receiver or (scope is not None and scope.capture in ("class", "owner")):
            return "async_method" if self.is_async else "method"
        return "async_function" if self.is_async else "function"


@dataclass(slots=True)
class Sweep:
    """State of one pass."""

    symbols: list[Symbol | Definition] = field(default_factory=list)
    scope: Definition | None = None
    outer: tuple[int, int] = (0, -1)
    """(first line, end byte) of what surrounds the next definition."""
    statement: tuple[int, int] = (0, 0)
    """Lines of the last constant or import."""
    module: str = ""
    imports: dict[str, None] = field(default_factory=dict)
    imported: dict[str, None] = field(default_factory=dict)
    docs: list[str] = field(default_factory=list)

    def take(self, capture: str, node: "Node") -> None:
        """One capture; those of unknown names are ignored."""
        while self.scope is not None and self.scope.end_byte <= node.start_byte:
            self.scope = self.scope.parent
        if capture in ("class", "function", "owner", "namespace"):
            self.define(capture, node)
        elif capture == "outer":
            self.outer = (node.start_point.row + 1, node.end_byte)
        elif capture in ("name", "receiver", "async"):
            self.describe(capture, node)
        elif capture in ("body", "braces") and self.scope is not None and not self.scope.body_line:
            self.scope.body_line = first_body_line(capture, node)
        elif capture in ("constant", "import"):
            self.statement = (node.start_point.row + 1, last_line(node))
        elif capture in ("bound", "module", "imported"):
            self.bind(capture, text_of(node))
        elif capture in ("doc", "comment"):
            self.document(capture, node)

    def define(self, capture: str, node: "Node") -> None:
        """Enter a scope."""
        start, end = self.outer
        first = start if node.end_byte <= end else node.start_point.row + 1
        self.outer = (0, -1)
        self.scope = Definition(capture, first, last_line(node), node.end_byte, self.scope)
        if capture in ("class", "function"):
            self.symbols.append(self.scope)

    def describe(self, capture: str, node: "Node") -> None:
        """Learn something of the innermost scope; the first name counts."""
        if self.scope is None:
            return
        if capture == "async":
            self.scope.is_async = True
        elif capture == "receiver":
            self.scope.receiver = text_of(node)
        elif not self.scope.name:
            self.scope.name = text_of(node).replace("::", ".")

    def bind(self, capture: str, name: str) -> None:
        """A name that a constant binds, a module, or a name that an import takes from the module before it."""
        first, last = self.statement
        if capture == "bound":
            self.symbols.append(Symbol("constant", name, first, last))
        elif capture == "module":
            self.module = unquoted(name)
            self.imports[self.module] = None
            self.symbols.append(Symbol("import", self.module, first, last))
        elif self.module:
            separator = "" if self.module.endswith(".") else "."
            self.imported[f"{self.module}{separator}{name}"] = None

    def document(self, capture: str, node: "Node") -> None:
        """A docstring belongs to the innermost scope; comments are words only."""
        text = text_of(node)
        self.docs.append(text)
        if capture == "doc" and self.scope is not None and not self.scope.doc:
            self.scope.doc = unquoted(text).strip().partition("\n")[0].rstrip()[:DOC_CHARS]
            self.scope.doc_lines = (node.start_point.row + 1, last_line(node))


def read_symbols(text: bytes, language: str) -> Parsed:
    """Read UTF-8 text, broken parts as far as the grammar recovers. Empty without a grammar."""
    if not has_grammar(language):
        return Parsed()
    tree = parse(text, language)
    sweep = Sweep()
    for capture, node in captures(tree, language):
        sweep.take(capture, node)
    symbols = tuple(dict.fromkeys(finished(symbol) for symbol in sweep.symbols))
    named = tuple(symbol for symbol in symbols if symbol.name)
    return Parsed(named, tuple(sweep.imports), tuple(sweep.imported), "\n".join(sweep.docs))


def parse_symbols(text: str, language: str) -> tuple[Symbol, ...]:
    """Definitions, top-level assignments and imports in order of position; () for a language without a grammar."""
    return read_symbols(text.encode("utf-8", "replace"), language).symbols


def finished(symbol: Symbol | Definition) -> Symbol:
    """A definition as a symbol, now that everything inside it was seen."""
    if isinstance(symbol, Symbol):
        return symbol
    name = symbol.qualified if symbol.name else ""
    body = symbol.body_line if symbol.body_line <= symbol.end_line else 0
    return Symbol(symbol.kind, name, symbol.start_line, symbol.end_line, symbol.doc, body, symbol.doc_lines)


def first_body_line(capture: str, node: "Node") -> int:
    """1-based line after the signature; one past the end where the body stands on the signature's line.

    A block in braces begins on the signature's line. A block without begins on a line of its own, else the text
    before it on that line is the signature.
    """
    row, column = node.start_point
    if capture == "braces":
        return row + 2
    before = node.parent.start_point.row if node.parent is not None else row
    return row + 1 if row > before and column > 0 else node.end_point.row + 2


def last_line(node: "Node") -> int:
    """1-based last line; a node that ends with a line's end does not reach into the next."""
    row, column = node.end_point
    return row if column == 0 and row > node.start_point.row else row + 1


def text_of(node: "Node") -> str:
    """Source text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def unquoted(text: str) -> str:
    """A string literal without its prefix and quotes; other text as it is."""
    match = QUOTES.match(text)
    return match[2] if match else text
