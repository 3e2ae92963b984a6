"""A matcher for the part of GBNF that the edit grammar uses, so that tests need no model server."""

import re
from collections.abc import Iterator

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{\d+,\d+\}|::=|[A-Za-z]\w*|[()|?*]')
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
Node = tuple[str, object]


def accepts(grammar: str, text: str) -> bool:
    """Whether the whole text follows the grammar's root."""
    rules = read_rules(grammar)
    return any(end == len(text) for end in ends(("rule", "root"), rules, text, 0))


def read_rules(grammar: str) -> dict[str, Node]:
    rules: dict[str, Node] = {}
    for line in grammar.split("\n"):
        if line:
            name, _, body = line.partition(" ::= ")
            tokens = TOKEN.findall(body)
            assert "".join(tokens).replace(" ", "") == re.sub(r"\s", "", body) or '" ' in body or " " in body
            rules[name], rest = choice(tokens)
            assert not rest, rest
    return rules


def choice(tokens: list[str]) -> tuple[Node, list[str]]:
    options, items = [], list[Node]()
    while tokens and tokens[0] != ")":
        token, tokens = tokens[0], tokens[1:]
        if token == "|":
            options.append(("all", items))
            items = []
        elif token == "(":
            inner, tokens = choice(tokens)
            tokens = tokens[1:]
            items.append(inner)
        elif token in "?*" or token.startswith("{"):
            low, high = (
                (0, 1) if token == "?" else (0, 10**6) if token == "*" else map(int, token[1:-1].split(","))
            )
            items[-1] = ("repeat", (items[-1], low, high))
        elif token.startswith('"'):
            items.append(("text", unescaped(token[1:-1])))
        elif token.startswith("["):
            items.append(("set", re.compile(token)))
        else:
            items.append(("rule", token))
    return ("any", [*options, ("all", items)]), tokens


def unescaped(text: str) -> str:
    hexed = re.sub(r"\\x([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r'\\([nt"\\])', lambda found: ESCAPES[found[1]], hexed)


def ends(node: Node, rules: dict[str, Node], text: str, at: int) -> Iterator[int]:
    """Every place where a match that begins at `at` may end."""
    kind, value = node
    if kind == "rule":
        yield from ends(rules[str(value)], rules, text, at)
    elif kind == "text":
        if text.startswith(str(value), at):
            yield at + len(str(value))
    elif kind == "set":
        assert isinstance(value, re.Pattern)
        if at < len(text) and value.match(text[at]):
            yield at + 1
    elif kind == "any":
        assert isinstance(value, list)
        for option in value:
            yield from ends(option, rules, text, at)
    elif kind == "all":
        assert isinstance(value, list)
        yield from chain(value, rules, text, at)
    else:
        assert isinstance(value, tuple)
        yield from repeated(value[0], value[1], value[2], rules, text, at)


def chain(nodes: list[Node], rules: dict[str, Node], text: str, at: int) -> Iterator[int]:
    places = {at}
    for node in nodes:
        places = {end for place in places for end in ends(node, rules, text, place)}
    yield from places


def repeated(node: Node, low: int, high: int, rules: dict[str, Node], text: str, at: int) -> Iterator[int]:
    places, count = {at}, 0
    if low == 0:
        yield at
    while places and count < high:
        places = {end for place in places for end in ends(node, rules, text, place) if end > place}
        count += 1
        if count >= low:
            yield from places
