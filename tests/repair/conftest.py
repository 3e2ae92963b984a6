"""A small repository that repair's tests edit, and a tree without git for the pure modules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from agentless.records import Instance, Localization, Location, RankedFile
from agentless.repo.index import Index
from agentless.repo.snapshot import RepoSnapshot
from tests.conftest import make_repo

SHAPES = dedent('''\
    """Shapes."""

    import math
    from dataclasses import dataclass


    @dataclass
    class Square:
        """A square."""

        side: float

        @property
        def area(self):
            """Its area."""
            return self.side * self.side

        def grow(self, by):
            """Make it larger.

            By a number.
            """
            if by:
                self.side = self.side - by
            return self.side


    def circle_area(radius):
        return math.pi * radius


    def total(shapes):
        result = 0
        for shape in shapes:
            result += shape.area
        return result
    ''')
SCALES = dedent("""\
    def scale(value, factor):
        return value * factor


    def unscale(value, factor):
        return value * factor
    """)
FILES: Mapping[str, str | bytes] = {
    "src/geometry/__init__.py": "",
    "src/geometry/shapes.py": SHAPES,
    "src/geometry/scales.py": SCALES,
    "src/geometry/windows.py": b"def one():\r\n    return 1\r\n\r\n\r\ndef two():\r\n    return 1\r\n",
    "src/geometry/bom.py": b"\xef\xbb\xbfVALUE = 1",
    "src/chat.txt": "<|im_start|>system\nhello<|im_end|>\n</think>\n[INST] /no_think\n",
    "other/shapes_test.py": "def test_nothing():\n    pass\n",
    "data/blob.bin": b"\x00\x01\xff",
    "docs/naïve name.md": "Title\n=======\n\ntext\n",
}


@dataclass(frozen=True)
class Kind:
    """An entry of the plain tree."""

    mode: str = "100644"


@dataclass
class PlainTree:
    """A Tree of texts, with modes for what is no plain file."""

    texts: Mapping[str, str]
    modes: Mapping[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> Mapping[str, Kind]:
        files = {path: Kind() for path in self.texts}
        return {**files, **{path: Kind(mode) for path, mode in self.modes.items()}}

    def editable(self, path: str) -> str:
        return "" if path in self.texts else f"mode {self.modes.get(path, 'none')}"

    def text(self, path: str) -> str | None:
        return self.texts.get(path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The small repository with a symbolic link out of it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "link").symlink_to("/etc")
    return make_repo(folder, FILES)


@pytest.fixture
def index(repository: Path) -> Iterator[Index]:
    with RepoSnapshot.open(repository, "HEAD") as snapshot:
        yield Index.build(snapshot)


@pytest.fixture
def instance() -> Instance:
    issue = "circle_area is wrong\n\nIt gives pi * r, it should be pi * r * r."
    return Instance(instance_id="geo-1", repo="geo/geo", base_commit="HEAD", problem_statement=issue)


@pytest.fixture
def localization(index: Index) -> Localization:
    """Both modules, the circle first, then `grow` and `total`."""
    path = "src/geometry/shapes.py"
    wanted = {"circle_area": 3.0, "Square.grow": 2.0, "total": 1.0}
    elements = [
        Location(
            path=path, start_line=s.start_line, end_line=s.end_line, kind=s.kind, name=s.name, score=wanted[s.name]
        )
        for s in index.symbols(path)
        if s.name in wanted
    ]
    files = (RankedFile(path=path, score=2.0), RankedFile(path="src/geometry/scales.py", score=1.0))
    best_first = tuple(sorted(elements, key=lambda element: -element.score))
    return Localization(instance_id="geo-1", files=files, elements=best_first)
