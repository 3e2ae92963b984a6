"""Python text -> names, imports and documentation in one pass of a regular expression, without a syntax tree.

Retrieval asks this of every file of every commit. A syntax tree takes five times as long, and tells what only
shown files need (`symbols`). Only strings, comments and the first words of lines are looked at, so that broken
files and any version of Python are read alike. The answers are those of languages/python.scm but for oddities such
as a definition behind a semicolon: 333 of 190,959 names in twelve repositories differ, most of them because of a
function inside a function.

A text may be scanned in parts that begin with a definition: what a part says does not depend on the others, but
for the definitions around it, which `Scanned` leaves open.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


def string(unclosed: bytes) -> bytes:
    """Pattern of a string without its prefix; one of two groups is there where three quotes are never closed."""
    escape = rb"\\ (?: \r\n | . | \Z )"
    return rb"""
        \"{3} [^"\\]*+ (?> (?: (?: ESCAPE | "(?!"") ) [^"\\]*+ )* ) (?: \"{3} | (?P<UNCLOSED_1> \Z ) )
      | '{3} [^'\\]*+ (?> (?: (?: ESCAPE | '(?!'') ) [^'\\]*+ )* ) (?: '{3} | (?P<UNCLOSED_2> \Z ) )
      | " [^"\\\n]*+ (?> (?: ESCAPE [^"\\\n]*+ )* ) "?+
      | ' [^'\\\n]*+ (?> (?: ESCAPE [^'\\\n]*+ )* ) '?+
    """.replace(b"ESCAPE", escape).replace(b"UNCLOSED", unclosed)


NAME = rb"[A-Za-z_\x80-\xff] [A-Za-z0-9_\x80-\xff]*+"
ASYNC = rb"(?> (?: async [ \t]++ )? )"
TOKEN = re.compile(
    rb"""
      [#] (?P<comment> [^\n]*+ )
    | """ + string(b"open") + rb"""
    | \n (?:
          (?P<indent> [ \t\f]*+ ) (?= [acdif"'rRuUbBF] ) (?:
              class [ \t]++ (?P<owner> """ + NAME + rb""" )
            | """ + ASYNC + rb""" def [ \t]++ (?P<function> """ + NAME + rb""" )
            | (?P<import> import | from ) (?= [ \t.] )
            | [rRuUbBfF]?+ [rRbBfF]?+ (?P<doc> """ + string(b"doc_open") + rb""" ) )
        | (?> [ ]{4} | [ ]{2} | \t | ) (?= [aefitw] ) (?P<block>
            """ + ASYNC + rb""" (?: if | elif | else | try | except | finally | with | for | while )\b )
        | (?P<bound> """ + NAME + rb""" (?> (?: [ \t]*+ , [ \t]*+ """ + NAME + rb""" )* ) ) (?> (?: [ \t]*+ , )? )
            [ \t]*+ [:=] (?!=) )
    """,
    re.VERBOSE | re.DOTALL,
)  # fmt: skip
"""Quantifiers give nothing back, so that no text takes more than linear time: `*+` for one character, an atomic
group for several (`(?: ... )*+` matches too little before Python 3.11.5). An open string ends with its line, one
of three quotes with the text."""
HEADER = re.compile(
    rb"""
    \s*+ (?> (?: \( (?> (?: [^()"'\#]++ | \( [^()"'\#]*+ \) )* ) \) )? ) [^:"'\#()]*+ :
    (?> (?: \s | [#][^\n]*+ )* )
    """,
    re.VERBOSE,
)
"""From a definition's name to its docstring, without strings before the colon."""
TEXT = re.compile(rb"[#][^\n]*+ | " + string(b"open"), re.VERBOSE | re.DOTALL)
BRACKET = re.compile(rb"[()\[\]{}:]")
DEEPER = {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1, b":": 0}
AFTER_DOC = re.compile(rb"[ \t]*+ (?: [\r\n;#] | \Z )", re.VERBOSE)
LINE_END = rb"\\ \r?+ \n (?! [ \t\f]*+ (?: async | class | def | from | import ) \b )"
"""One that a backslash takes away; no import goes on behind it with another statement."""
MODULES = re.compile(rb"import [ \t]++ (?P<modules> (?> (?: [^\\\n;\#]++ | " + LINE_END + rb" )* ) )", re.VERBOSE)
FROM = re.compile(
    rb"""
    from [ \t]*+ (?P<module> [.]*+ (?> (?: [ \t]*+ (?! import\b ) [\w.\x80-\xff]++ )? ) )
    (?> (?: [ \t] | \\ \r?+ \n )* ) import \b [ \t]*+
    (?: \( (?P<inner> (?>
            (?: [\s\\,*]++ | [#][^\n]*+
              | (?! (?: async | class | def | from | import ) \b ) [\w.\x80-\xff]++ )* ) )
      | (?P<plain> (?> (?: [^\\\n;\#]++ | """ + LINE_END + rb""" )* ) ) )
    """,
    re.VERBOSE,
)  # fmt: skip
COMMENT = re.compile(rb"#[^\n]*+")
TAKEN = re.compile(rb"(?: \A | , ) [\s\\]*+ ( [\w.\x80-\xff]++ )", re.VERBOSE)
CONTINUES = tuple(b"([{,\\=+-*/%&|<>")
FUTURE = b"__future__"
BOM = b"\xef\xbb\xbf"
LONGEST_NAME = 250
"""Bytes of a qualified name that are kept, its last ones, and of a module that names are taken from: a hostile
file has one name of half a megabyte, and 50,000 that begin with it."""
DEEPEST = 1 << 30
"""More than the indent of any line."""


Scope = tuple[int, bytes]
"""(indent, qualified name) of a definition around what follows."""


class Scanned(NamedTuple):
    """What a text says."""

    names: tuple[tuple[int, bytes], ...]
    """(indent, name) of definitions (`Blueprint.__init__`) and of what top-level assignments bind, in order, as
    often as they stand. The indent is the smallest one of the text so far: scopes around it count below that."""
    scopes: tuple[Scope, ...]
    """Definitions of the text that what follows it may be part of."""
    indent: int
    """The smallest one of the text."""
    imports: tuple[bytes, ...]
    """Modules as written, each once."""
    imported: tuple[bytes, ...]
    """What `from m import a` may mean as a module: `m.a`, each once."""
    docs: bytes
    """Docstrings and comments, one after another."""
    open: bool
    """Whether the text ends inside a string."""


class Scan:
    """State of one pass."""

    def __init__(self, data: bytes, *, start: bool) -> None:
        self.data = data
        """With a line's end before it."""
        self.names: list[tuple[int, bytes]] = []
        self.scopes: list[Scope] = []
        self.indent = DEEPEST
        self.imports: dict[bytes, None] = {}
        self.imported: dict[bytes, None] = {}
        self.docs: list[bytes] = []
        self.open = False
        self.imported_to = 0
        """End of the last import statement."""
        self.header = 0 if start else -1
        """End of the last definition's name, 0 at a module's start: a docstring may follow; -1 where none may."""

    def take(self, match: re.Match[bytes]) -> None:
        """One token."""
        group = match.lastgroup
        if group == "comment":
            self.docs.append(match["comment"])
        elif group == "function" or group == "owner":
            self.define(match, match[group])
        elif group == "doc":
            self.document(match)
        elif group == "block":
            self.leave(match.start("block") - match.start() - 1)
        elif group == "import":
            self.take_import(match.start("import"))
        elif group == "bound":
            self.leave(0)
            self.names += [(0, name) for name in bound_names(self.data, match)]
        else:
            self.open = True

    def leave(self, indent: int) -> None:
        """Forget the definitions that a line of this indent is not part of."""
        leave(self.scopes, indent)
        self.indent = min(self.indent, indent)

    def define(self, match: re.Match[bytes], name: bytes) -> None:
        """Enter a definition."""
        indent = width(match["indent"])
        self.leave(indent)
        qualified = joined(self.scopes, name)
        self.scopes.append((indent, qualified))
        self.names.append((self.indent, qualified))
        self.header = match.end()

    def document(self, match: re.Match[bytes]) -> None:
        """A string that begins a line: documentation, where it is the first thing of a module or a definition."""
        self.open = match["doc_open_1"] is not None or match["doc_open_2"] is not None
        if self.header >= 0 and is_documentation(self.data, self.header, match):
            self.docs.append(match["doc"])
        self.header = -1

    def take_import(self, start: int) -> None:
        """What an import statement names."""
        if start < self.imported_to:  # `from a \\`, and `import b` on the next line
            return
        plain = MODULES.match(self.data, start)
        if plain:
            self.imports.update(dict.fromkeys(TAKEN.findall(plain["modules"])))
            return
        match = FROM.match(self.data, start)
        self.imported_to = match.end() if match else 0
        module = b"".join(match["module"].split()) if match else b""
        if match and module and module != FUTURE and len(module) <= LONGEST_NAME:
            self.imports[module] = None
            before = module if module.endswith(b".") else module + b"."
            found = COMMENT.sub(b"", match["inner"]) if match["inner"] is not None else match["plain"]
            self.imported.update(dict.fromkeys(before + name for name in TAKEN.findall(found)))


def scan(text: bytes, *, start: bool = True) -> Scanned:
    """Read UTF-8 text.

    Args:
        text: a file, or a part of one that begins at the start of a line.
        start: whether the file begins here; its docstring does, then, and maybe a byte order mark.
    """
    state = Scan(b"\n" + (text.removeprefix(BOM) if start else text), start=start)
    match = None
    for match in TOKEN.finditer(state.data):
        if match.lastgroup is not None:
            state.take(match)
    if match and match.end() == len(state.data) and text.endswith(b"\n"):
        state.open = True  # only a string whose last line ends with a backslash can have taken that line's end
    return Scanned(
        tuple(state.names),
        tuple(state.scopes),
        state.indent,
        tuple(state.imports),
        tuple(state.imported),
        b"\n".join(state.docs),
        state.open,
    )


def leave(scopes: list[Scope], indent: int) -> None:
    """Forget the scopes that a line of this indent is not part of."""
    while scopes and scopes[-1][0] >= indent:
        scopes.pop()


def joined(scopes: Sequence[Scope], name: bytes) -> bytes:
    """The qualified name of a definition inside of others; one that is cut twice is the same as one cut once."""
    return (scopes[-1][1] + b"." + name if scopes else name)[-LONGEST_NAME:]


def width(indent: bytes) -> int:
    """Columns; a form feed begins anew."""
    if b"\f" in indent:
        indent = indent.rpartition(b"\f")[2]
    return len(indent.expandtabs(8)) if b"\t" in indent else len(indent)


def is_documentation(data: bytes, header: int, match: re.Match[bytes]) -> bool:
    """Whether only a header, or nothing, stands between `header` and the string, and nothing behind the string."""
    start = match.start("indent")
    if not AFTER_DOC.match(data, match.end()):
        return False
    if header == 0:
        return not TEXT.sub(b"", data[:start]).strip()
    return bool(HEADER.fullmatch(data, header, start)) or ends_with_colon(TEXT.sub(b"", data[header:start]))


def ends_with_colon(header: bytes) -> bool:
    """Whether the first colon outside of brackets is the last thing of a header."""
    depth = 0
    for match in BRACKET.finditer(header):
        depth += DEEPER[match[0]]
        if match[0] == b":" and depth == 0:
            return not header[match.end() :].strip()
    return False


def bound_names(data: bytes, match: re.Match[bytes]) -> list[bytes]:
    """What an assignment at the top level binds; an argument inside brackets that begins a line is none."""
    end = match.start()
    while end > 0:
        start = data.rfind(b"\n", 0, end) + 1
        line = TEXT.sub(quote_or_nothing, data[start:end]).strip()
        if line:
            break
        end = start - 1
    else:
        line = b""
    if line and line[-1] in CONTINUES:
        return []
    return [name.strip() for name in match["bound"].split(b",")]


def quote_or_nothing(match: re.Match[bytes]) -> bytes:
    """A quote for a string, nothing for a comment."""
    return b"" if match[0].startswith(b"#") else b"'"
