"""Whether a text still parses, by its language's own rules."""

import ast
import threading
import warnings
from typing import TYPE_CHECKING

from agentless.repo.grammars import has_grammar, parse
from agentless.repo.paths import language_of

if TYPE_CHECKING:
    from tree_sitter import Node

COMPILED_LINES = 5000
"""Longer texts are parsed only: code generation takes quadratic time (25 s for 32,000 functions in one module)."""
LOCK = threading.Lock()
"""`warnings.catch_warnings` changes the whole process."""


def syntax_error(path: str, text: str) -> str:
    """The first syntax error as `line 3: invalid syntax`; "" when there is none or the language is unknown.

    Python is compiled (never run) by this interpreter, so `return` outside a function counts too, and a source for
    Python 2 has errors. Other languages are judged by their grammars, which see errors in the macros of C. To
    judge an edit, use `new_syntax_error`.
    """
    language = language_of(path)
    return python_error(text) if language == "python" else grammar_error(text, language)


def new_syntax_error(path: str, old: str, new: str) -> str:
    """The first syntax error of the new text that the old one gives no excuse for; "" when there is none.

    Where this interpreter refuses the old text already (a source for another Python), the grammar judges both:
    it knows `print` statements as well as type parameters.
    """
    error = syntax_error(path, new)
    if not error or not syntax_error(path, old):
        return error
    language = language_of(path)
    return "" if grammar_error(old, language) else grammar_error(new, language)


def python_error(text: str) -> str:
    """The error of this interpreter's compiler, without its warnings."""
    try:
        with LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flags = 0 if text.count("\n") <= COMPILED_LINES else ast.PyCF_ONLY_AST
            compile(text.removeprefix("\ufeff"), "<text>", "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except (RecursionError, MemoryError):
        return "line 1: nested too deeply to be parsed"
    except (ValueError, OverflowError) as error:
        return f"line 1: {error}"  # NUL bytes, lone surrogates
    return ""


def grammar_error(text: str, language: str) -> str:
    """The first place where the grammar cannot go on; "" without a grammar."""
    if not has_grammar(language):
        return ""
    node = parse(text.encode("utf-8", "replace"), language).root_node
    broken = first_broken(node)
    if broken is None:
        return ""
    line = broken.start_point.row + 1
    return f"line {line}: {broken.type} is missing" if broken.is_missing else f"line {line}: invalid syntax"


def first_broken(node: "Node") -> "Node | None":
    """The first error or missing node in order of position, outer ones first; None when all is well."""
    while node.has_error and not (node.is_error or node.is_missing):
        node = next(child for child in node.children if child.has_error or child.is_missing)
    return node if node.is_error or node.is_missing else None
