"""A rewritten element takes the original's place as if it had been edited by hand."""

import pytest

from agentless.repair.reshape import docstring_of, fit_indent, header_end, left_out, reshape, tidy

OLD = [
    "    @property",
    "    def area(self):",
    '        """Its area.',
    "",
    "        In all.",
    '        """',
    "        return 1  ",
]


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (["def f():", "    return 1"], ["    def f():", "        return 0"], ["    def f():", "        return 1"]),
        (["    def f():", "        return 1"], ["def f():", "    return 0"], ["def f():", "    return 1"]),
        (
            ["def f():", "        return 1"],
            ["    def f():", "        return 0"],
            ["    def f():", "        return 1"],
        ),
        (["def f():", "  return 1"], ["    def f():", "        return 0"], ["    def f():", "      return 1"]),
        (
            ["def f():", "    if x:", "        y"],
            ["\tdef f():", "\t\treturn"],
            ["\tdef f():", "\t\tif x:", "\t\t\ty"],
        ),
        (["def f():", "", "    x"], ["  def f():", "    x"], ["  def f():", "", "    x"]),
    ],
)
def test_indentation_is_the_original_one(new: list[str], old: list[str], expected: list[str]) -> None:
    assert fit_indent(new, old) == expected


def test_decorators_and_docstring_that_were_left_out_are_kept() -> None:
    lines, notes = reshape(["def area(self):", "    return 2"], OLD)
    assert lines == [*OLD[:6], "        return 2"]
    assert notes == ["decorators kept", "docstring kept"]


def test_decorators_and_docstring_of_the_reply_win() -> None:
    new = ["@cached", "def area(self):", '    """New."""', "    return 2"]
    lines, notes = reshape(new, OLD)
    assert lines == ["    @cached", "    def area(self):", '        """New."""', "        return 2"]
    assert notes == []


def test_lines_that_did_not_change_keep_their_bytes() -> None:
    assert tidy(["a", "b   ", "c"], ["a  ", "x", "c\t"]) == ["a  ", "b", "c\t"]


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["def f():", "    pass"], 1),
        (["@d", "def f(", "    a: int = 1,", "    b={1: 2},", ") -> dict[str, int]:", "    pass"], 5),
        (["def f(a=':'): # x:", "    pass"], 1),
        (["def f(): return 1"], 0),
        (["class A:", "    x = 1"], 1),
        (["def f(", "  a"], 0),
    ],
)
def test_where_the_signature_ends(lines: list[str], end: int) -> None:
    assert header_end(lines) == end


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (['    """One."""', "    x"], (1, 2)),
        (["    r'''One.", "    two'''", "    x"], (1, 3)),
        (["    'one'", "    x"], (1, 2)),
        (["", '    """One."""'], (2, 3)),
        (['    """One.""".strip()'], None),
        (["    x = 1"], None),
        (['    """never closed'], None),
        ([], None),
    ],
)
def test_where_the_docstring_is(body: list[str], expected: tuple[int, int] | None) -> None:
    assert docstring_of(["def f():", *body]) == expected


@pytest.mark.parametrize(
    "comment",
    ["# ... rest of the code", "    # ...", "# the rest of the method remains unchanged",
     "// ... existing code ...", "# Existing code here", "# (same as before)", "/* rest of your code */",
     "# … as it was"],
)  # fmt: skip
def test_comments_that_stand_for_code_are_seen(comment: str) -> None:
    assert left_out(["def f():", comment], ["def f():"]) == comment.strip()


@pytest.mark.parametrize(
    "line", ["    ...", "# take the rest", "x = 1  # ... more", "# handles '...'", "# unchanged"]
)
def test_ordinary_lines_are_not(line: str) -> None:
    assert left_out([line], []) == ""


def test_a_comment_that_the_original_has_is_not() -> None:
    assert left_out(["    # ... rest of the code"], ["# ... rest of the code"]) == ""


TEXT = ["        x = '''", "first", "  second", "        third", "        '''"]


def test_lines_that_begin_in_a_string_are_not_moved() -> None:
    flat = ["def f():", "    x = '''", *TEXT[1:], "    return x"]
    spaced = fit_indent(flat, ["    def f():", "        return 0"])
    assert spaced == ["    def f():", *TEXT, "        return x"]
    tabs = fit_indent(flat, ["\tdef f():", "\t\treturn 0"])
    assert tabs == ["\tdef f():", "\t\tx = '''", *TEXT[1:], "\t\treturn x"]


def test_string_lines_that_lost_the_elements_indentation_get_it_back() -> None:
    old = ["    def f():", *TEXT, "        return 0"]
    flat = [line.removeprefix("    ") for line in old]
    assert fit_indent([*flat[:-1], "    return 1"], old) == [*old[:-1], "        return 1"]


def test_a_docstring_moves_with_its_body_unless_it_has_its_own_indentation() -> None:
    old = ["    def f():", "        return 0"]
    moving = ["def f():", '    """One.', "", "      Two.", '    """']
    assert fit_indent(moving, old) == ["    def f():", '        """One.', "", "          Two.", '        """']
    own = ["def f():", '    """One.', "Two.", '    """']
    assert fit_indent(own, old) == ["    def f():", '        """One.', "Two.", '    """']


def test_a_method_on_one_line_takes_its_indentation() -> None:
    assert reshape(["def one(self): return 2"], ["    def one(self): return 1"])[0] == [
        "    def one(self): return 2"
    ]
