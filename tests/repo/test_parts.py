import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentless
from agentless.repo.lexicon import Lexicon
from agentless.repo.parts import Parts, Read, joined_names
from agentless.repo.scan import scan
from agentless.repo.vocabulary import Vocabulary

SOURCES = sorted(Path(agentless.__file__).parent.rglob("*.py"))
FILE = b'''"""Module."""
import os
X = 1


class A(B):
    """A class."""

    field = 1

    def m(self):
        """A method."""
        def inner(): pass

    @property
    def n(self): pass


if X:
    def f(): pass
'''


def parts(max_bytes: int = 1_000_000) -> Parts:
    return Parts(Lexicon(Vocabulary()), max_bytes)


def plain(read: Read, lexicon: Lexicon) -> tuple[object, ...]:
    """What was read, with identifiers by their text and in any order."""
    texts = list(lexicon.identifiers)
    words, docs = (Counter(texts[number] for number in memory(streams)) for streams in (read.words, read.docs))
    return read.names, read.imports, read.imported, words, docs


def memory(streams: list[bytes]) -> memoryview:
    return memoryview(b"".join(streams)).cast("i")


def whole(data: bytes, reader: Parts) -> tuple[object, ...]:
    """The same without parts."""
    found, lexicon = scan(data), reader.lexicon
    data = data.removeprefix(b"\xef\xbb\xbf")
    read = Read(
        joined_names([found]), list(found.imports), list(found.imported),
        [lexicon.stream(data)], [lexicon.stream(found.docs)],
    )  # fmt: skip
    return plain(read, lexicon)


def test_a_file_in_parts() -> None:
    reader = parts()
    read = reader.read(FILE)
    assert read.names == [b"X", b"A", b"A.m", b"A.m.inner", b"A.n", b"f"]
    assert read.imports == [b"os"]
    assert len(read.words) == 5, "before class, m, n and f"
    assert plain(read, reader.lexicon) == whole(FILE, reader)


@pytest.mark.parametrize("path", SOURCES[::3], ids=[path.name for path in SOURCES[::3]])
def test_parts_say_what_the_whole_says(path: Path) -> None:
    reader, data = parts(), path.read_bytes()
    assert plain(reader.read(data), reader.lexicon) == whole(data, reader)
    assert plain(reader.read(data), reader.lexicon) == whole(data, reader), "from memory"


def test_only_what_changed_is_read_again() -> None:
    reader = parts()
    reader.read(FILE)
    known = set(reader.recent.young)
    reader.read(FILE.replace(b"A method", b"One method"))
    assert len(set(reader.recent.young) - known) == 1


def test_one_text_at_the_start_and_further_down_are_two_parts() -> None:
    reader = parts()
    assert plain(reader.read(b"def f(): pass\n"), reader.lexicon)[0] == [b"f"]
    read = reader.read(b"class A:\n    '''x'''\ndef f(): pass\n    # '''\n")
    assert plain(read, reader.lexicon) == whole(b"class A:\n    '''x'''\ndef f(): pass\n    # '''\n", reader)


@pytest.mark.parametrize("cuts", [1, 2, 3, 7, 20])
def test_a_cut_inside_a_string_is_none(cuts: int) -> None:
    text = b"x = '''\n" + b"def no(): pass\n" * cuts + b"'''\ndef yes(): pass\nclass A:\n    def m(self): pass\n"
    reader = parts()
    for _ in range(2):
        read = reader.read(text)
        assert read.names == [b"x", b"yes", b"A", b"A.m"]
        assert plain(read, reader.lexicon) == whole(text, reader)


def test_a_string_that_is_never_closed_takes_the_rest() -> None:
    reader = parts()
    text = b"def f(): pass\nx = '''\n" + b"def no(): pass\n" * 5000
    assert reader.read(text).names == [b"f", b"x"]


PIECES = [
    b"def f(): pass\n", b"class A:\n", b"    def m(self): pass\n", b"    x = '''\n", b"'''\n", b"    'doc'\n",
    b"if x:\n", b"@d\n", b"X = 1\n", b"\n", b"# note\n", b"    if y:\n", b"import a\n", b'"""',
    b"        def i(): pass\n",
    b"\tdef t(self): pass\n", b"\\\n", b"    async def c(self): pass\n", b"from b import (c,\n d)\n",
    b"\xef\xbb\xbf", b"'", b"\"", b"x = 'a\\\n", b"import a, \\\n", b"from b import (c,\n",
    b"from b import c, \\\n", b"async = 1\n", b"    async with x:\n",
    b"f(\n", b"def g(a,\n", b"\r\n", b"\x0c", b"class\n", b"def h",
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        b"x = 'a\\\ndef no(): pass'\ndef yes(): pass\n",
        b'x = "a\\\r\n    def no(): pass"\r\n    def yes(): pass\r\n',
        b"from a import (b,\ndef f(c, d): pass\n",
        b"from a import (b,\n    def f(c, d): pass\n",
        b"import a, \\\nclass B: pass\n",
        b"from a import b, \\\nasync def f(): pass\n",
        b"f(\nasync = 1\n)\n",
        b"def f()\n    async with x:\n        'no documentation'\n",
        b"\xef\xbb\xbf'Doc.'\nclass A:\n    def m(self): pass\n",
        b"class " + b"A" * 300 + b":\n    class B:\n        x = 1\n    def m(self):\n        def i(): pass\n",
    ],
    ids=range(10),
)
def test_odd_cuts_change_nothing(text: bytes) -> None:
    reader = parts()
    for _ in range(2):
        assert plain(reader.read(text), reader.lexicon) == whole(text, reader)


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_file_in_parts_says_what_the_whole_says(pieces: list[bytes]) -> None:
    data, reader = b"".join(pieces), parts()
    assert plain(reader.read(data), reader.lexicon) == whole(data, reader)


def test_memory_is_bounded_and_forgetting_changes_nothing() -> None:
    chance = random.Random(1)  # noqa: S311 - repeatable, nothing secret
    small, large = parts(4000), parts()
    for _ in range(60):
        data = b"".join(b"def f%d(): return %d\n" % (chance.randrange(50), chance.randrange(9)) for _ in range(20))
        assert plain(small.read(data), small.lexicon) == plain(large.read(data), large.lexicon)
    assert small.recent.bytes <= 2000 + 400 < large.recent.bytes
