import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentless
from agentless.repo import scan as module
from agentless.repo.scan import LONGEST_NAME, scan
from agentless.repo.symbols import read_symbols
from agentless.repo.words import count_words

SOURCES = sorted(Path(agentless.__file__).parent.rglob("*.py"))


def names(text: str) -> list[str]:
    return [name.decode() for _, name in scan(text.encode()).names]


def docs(text: str) -> str:
    return scan(text.encode()).docs.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(): pass", ["f"]),
        ("async  def f(): pass", ["f"]),
        ("class A(B):\n    def m(self):\n        def inner(): pass\n    class C:\n        x = 1\n",
         ["A", "A.m", "A.m.inner", "A.C"]),
        ("class A:\n    def m(self): pass\ndef f(): pass\n", ["A", "A.m", "f"]),
        ("class A:\n\tdef m(self): pass\n", ["A", "A.m"]),
        ("class A: pass\nif x:\n    def f(): pass\nelse:\n    def f(): pass\n", ["A", "f", "f"]),
        ("class A:\n    def m(self): pass\n    if x:\n        def n(self): pass\n", ["A", "A.m", "A.n"]),
        ("def f():\n    def g(): pass\n    async with x:\n        def h(): pass\n", ["f", "f.g", "f.h"]),
        ("\ufeffclass A: pass\n", ["A"]),
        ("class A:\n  def m(self): pass\n  if x:\n    def n(self): pass\n", ["A", "A.m", "A.n"]),
        ("class A: pass\ntry:\n    class B: pass\nexcept E:\n    B = None\n", ["A", "B"]),
        ("X = 1\nY: int = 2\nZ: int\na, b = c, d = 1, 2\nlast, = z\n", ["X", "Y", "Z", "a", "b", "last"]),
        ("x == 1\nx += 1\nx.y = 1\nx[0] = 1\nf(x=1)\n", []),
        ("setup(\nname='x',\nversion=2,\n)\nV = (\n1)\n", ["V"]),
        ("class P: ...\n\nT = 1\n# ends with a comma,\nU = 2\n", ["P", "T", "U"]),
        ("try:\n    pass\nfinally:\n    pass\nelse:\n    pass\n", []),
        ("'''\ndef no(): pass\nX = 1\n'''\ndef yes(): pass\n", ["yes"]),
        ("s = '#'; t = \"'''\"\ndef yes(): pass\n", ["s", "yes"]),
        ("# '''\ndef yes(): pass\n", ["yes"]),
        ("s = 'open\ndef yes(): pass\n", ["s", "yes"]),
        ("print 'two'\ndef yes(): pass\n", ["yes"]),
        ("d\u00e9f = 1\nclass \u00c4: pass\n", ["d\u00e9f", "\u00c4"]),
        ("", []),
        ("\ufeffclass A:\n    def m(self): pass\n", ["A", "A.m"]),
        ("\ufeffX = 1\n", ["X"]),
        ("class A:\n    pass\n\x0cclass B:\n    \x0c    def m(self): pass\n", ["A", "B", "B.m"]),
        ("class A:\n\tdef m(self): pass\n\tif x:\n\t\tdef n(self): pass\n", ["A", "A.m", "A.n"]),
        ("s = 'goes on\\\ndef no(): pass'\ndef yes(): pass\n", ["s", "yes"]),
        (" " * 70_000 + "def deep(): pass\n", ["deep"]),
        ("define = 1\nclassic = 2\nimportant = 3\nfromage = 4\n", ["define", "classic", "important", "fromage"]),
    ],
)  # fmt: skip
def test_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected
    assert names(text.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(
    ("text", "imports", "imported"),
    [
        ("import os", ["os"], []),
        ("import os.path as p, sys ; x", ["os.path", "sys"], []),
        ("import a, \\\n    b\n", ["a", "b"], []),
        ("from a.b import c, d as e\n", ["a.b"], ["a.b.c", "a.b.d"]),
        ("from a import (  # first)\n    b,  # second, x\n    c as d,\n)\n", ["a"], ["a.b", "a.c"]),
        ("from . import views\n", ["."], [".views"]),
        ("from .. import a\n", [".."], ["..a"]),
        ("from .a import b\nfrom ..c.d import e\n", [".a", "..c.d"], [".a.b", "..c.d.e"]),
        ("from a import *\n", ["a"], []),
        ("from a import b, \\\n    c\n", ["a"], ["a.b", "a.c"]),
        ("from __future__ import annotations\n", [], []),
        ("if x:\n    import a\nelse:\n    from b import c\n", ["a", "b"], ["b.c"]),
        ("raise X() \\\n    from error\n", [], []),
        ("from a import (b,\nimport c\n", ["a", "c"], ["a.b"]),
        ("import a\nimport a\n", ["a"], []),
        ("'''\nimport no\n'''\n", [], []),
        ("from \nimport\nfrom x\n", [], []),
        ("\ufeffimport a\n", ["a"], []),
        ("from a import (b,\ndef f(c, d): pass\nimport e\n", ["a", "e"], ["a.b"]),
        ("from a import (b,\nfrom c import d\n", ["a", "c"], ["a.b", "c.d"]),
        ("import a, \\\ndef f(): pass\n", ["a"], []),
        ("import a, \\\nimport b\n", ["a", "b"], []),
        ("from a \\\n    import b\nfrom c\nimport d\n", ["a", "d"], ["a.b"]),
        ("from " + "m" * (LONGEST_NAME + 1) + " import a\n", [], []),
    ],
)
def test_imports(text: str, imports: list[str], imported: list[str]) -> None:
    found = scan(text.encode())
    assert [name.decode() for name in found.imports] == imports
    assert [name.decode() for name in found.imported] == imported


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Module."""\n', ["Module"]),
        ('\ufeff"""Module."""\n', ["Module"]),
        ("# coding\n\n'''Module.'''\nx = '''no'''\n", ["coding", "Module"]),
        ("import os\n'''no'''\n", []),
        ('def f():\n    """Doc."""\n    """no"""\n', ["Doc"]),
        ("def f(a, b=(1, 2)) -> dict[str, int]:\n    r'''Doc.'''\n", ["Doc"]),
        ("def f(a='x', b={'k': \"v\"}, c=lambda: 0):\n    'Doc.'\n", ["Doc"]),
        ("def f(  # note\n    a,\n):\n    # more\n    '''Doc.'''\n", ["note", "more", "Doc"]),
        ("class A:\n\n    '''Doc.'''\n\n    x = 1\n    '''no'''\n", ["Doc"]),
        ("def f():\n    x = {\n        'k':\n        'no',\n    }\n", []),
        ("def f():\n    if x:\n        'no'\n", []),
        ("def f():\n    'no'.join(x)\n", []),
        ("def f():\n    'no' % x\n", []),
        ("x = 1  # why\n", ["why"]),
        ("x = '# no'\n", []),
        ("def f():\n    '''Doc '' \\''' still.'''\n", ["Doc", "still"]),
    ],
)
def test_documentation(text: str, expected: list[str]) -> None:
    assert list(count_words(docs(text))) == [word.lower() for word in expected]


@pytest.mark.parametrize("path", SOURCES, ids=[path.name for path in SOURCES])
def test_the_answers_are_those_of_the_syntax_tree(path: Path) -> None:
    text = path.read_bytes()
    found, tree = scan(text), read_symbols(text, "python")
    defined = Counter(symbol.name for symbol in tree.symbols if symbol.kind != "import")
    assert Counter(name.decode() for _, name in found.names) == defined
    assert {name.decode() for name in found.imports} == set(tree.imports)
    assert {name.decode() for name in found.imported} == set(tree.imported)
    written, wanted = Counter(count_words(found.docs.decode())), Counter(count_words(tree.docs))
    assert written - wanted == Counter()
    assert set(wanted - written) <= {"r"}, "the prefix of a docstring"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = '''", True),
        ("'''doc", True),
        ("'''doc\\", True),
        ("x = 'a", False),
        ("x = 'a\\\n", True),
        ('x = "a\\\r\n', True),
        ("'a\\\n", True),
        ("x = 'a\\\n'\n", False),
        ("x = a \\\n", False),
        ("# a\\\n", False),
        ("\n", False),
        ("'''doc'''", False),
        ("", False),
    ],
)
def test_an_open_string_is_told(text: str, expected: bool) -> None:
    assert scan(text.encode()).open is expected


def test_a_part_leaves_open_what_surrounds_it() -> None:
    part = scan(b"    def m(self):\n        def inner(): pass\nif x:\n    def f(): pass\n", start=False)
    assert part.names == ((4, b"m"), (4, b"m.inner"), (0, b"f"))
    assert (part.indent, part.scopes) == (0, ((4, b"f"),))
    assert scan(b"    '''no documentation'''\n", start=False).docs == b""


def test_a_hostile_name_is_kept_in_part() -> None:
    text = b"class " + b"A" * 100_000 + b":\n" + b"    def m(self): pass\n" * 1000
    assert {len(name) for _, name in scan(text).names} == {LONGEST_NAME}
    assert scan(text).names[-1][1].endswith(b"A.m")


@given(st.text(alphabet="'\"#\\\n \t()[]:=,adefclsimport.x\u00e9", max_size=200))
def test_any_text_is_read(text: str) -> None:
    found = scan(text.encode())
    assert b"\n" not in b"".join(name for _, name in found.names)
    assert found.indent >= 0


def many(piece: bytes, size: int = 100_000) -> bytes:
    return piece * (size // len(piece))


@pytest.mark.parametrize(
    "text",
    [
        b'"\\' * 100_000, b"'''" * 100_001, b'"""' + b"\\" * 300_000, b"def f(" * 50_000, b"\n" * 300_000,
        b"def f(" + b"(" * 200_000 + b"\n'''d'''\n", b"from x import (" * 20_000, b"\nimport " + b"a," * 150_000,
        b"\nx" + b",y" * 150_000 + b"=1", b"\n\n    'd'" * 30_000, b"#" * 300_000, b"\n#\nx = 1" * 40_000,
        b"\ndef f(\n'd'" * 20_000, b"\n" + b" " * 300_000, b"'\\\n" * 100_000,
        many(b"import a,\\\n"), many(b"from x import (\n"), many(b"from x import ( #\n"),
        many(b"from x import a,\\\n"), b"".join(b"from x import (a%d,\n" % number for number in range(5000)),
        b"x = 1\n" + b"\n" * 300_000 + b"y = 2\n",
    ],
    ids=range(21),
)  # fmt: skip
def test_no_text_takes_long(text: bytes) -> None:
    began = time.process_time()
    scan(text)
    assert time.process_time() - began < 2, "square time takes 3 to 12 seconds for 100 kB"


@pytest.mark.parametrize(
    "text",
    [
        b"class " + b"A" * 100_000 + b":\n" + b" def a():\n" * 10_000,
        b"from " + b"m" * 100_000 + b" import " + b",".join(b"a%d" % number for number in range(10_000)),
        b"".join(b" " * depth + b"def " + b"n" * 300 + b":\n" for depth in range(500)),
    ],
    ids=["a long class", "a long module", "deep definitions"],
)
def test_names_take_no_more_than_a_few_times_the_text(text: bytes) -> None:
    found = scan(text)
    assert sum(len(name) for _, name in found.names) < 30 * len(text)
    assert sum(map(len, found.imported)) < 30 * len(text)
    assert all(len(name) <= LONGEST_NAME for _, name in found.names)


def test_quantifiers_mean_the_same_in_every_python() -> None:
    """Before 3.11.5 a group that gives nothing back, `(...)*+`, matches too little; an atomic one does not."""
    patterns = [value.pattern for value in vars(module).values() if isinstance(value, re.Pattern)]
    assert len(patterns) > 8
    assert not any(re.search(rb"[^\\]\)[*+?]\+", pattern) for pattern in patterns)
