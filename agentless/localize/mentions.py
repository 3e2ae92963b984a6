"""What an issue names outright: paths, dotted names, traceback frames, identifiers. Text in, values out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ISSUE_CHARS = 100_000
"""Characters of an issue that are read; what stands behind them is log output at best."""
LONGEST_NAME = 64
"""A longer word is data."""

FENCED = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(`{1,2})([^`\n]{1,200})\1")
INDENTED = re.compile(r"^(?: {4}|\t|[ \t]*>>> |[ \t]*\.\.\. )(.*)$", re.MULTILINE)
FRAME = re.compile(r"""File ["']([^"'\n]{1,300})["'], line (\d{1,7})(?:, in ([A-Za-z_<][\w>]*))?""")
SHORT_FRAME = re.compile(r"^[ \t>]*((?:[\w.\-]+/)*[\w.\-]+\.\w{1,5}):(\d{1,7})(?::|$)", re.MULTILINE)
LINK = re.compile(r"(?<![\w./\-])((?:https?://)?(?:[\w.\-]+/)+[\w.\-]+\.\w{1,5})#L(\d{1,7})")
PATH = re.compile(r"(?<![\w.\-+])[\w.\-+]+(?:[/\\][\w.\-+]+)+")
CALL = re.compile(r"\b([A-Za-z_]\w*)\(\)")
FILE_NAME = re.compile(r"(?<![\w./\\-])[\w\-]+\.[A-Za-z]\w{0,7}\b(?![\w./\\(])")
DOTTED = re.compile(r"(?<![\w./\\])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
CODE_LIKE = re.compile(r"^(?=.*[A-Za-z])(?:.*[a-z0-9][A-Z].*|.*\w_\w.*|_.*|.*[A-Z]{2,}[a-z].*)$")


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback; `function` is "" when it is not named."""

    path: str
    line: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Everything an issue names, in its order, each once."""

    title: str
    code: str
    """Text of code blocks, code spans and interpreter sessions."""
    paths: tuple[str, ...] = ()
    """Two components or more, `/` between them, as written otherwise."""
    file_names: tuple[str, ...] = ()
    """What may be a file name without a folder: two words with a dot between them."""
    frames: tuple[Frame, ...] = ()
    lines: tuple[Frame, ...] = ()
    """Links to a line of a file (`path#L12`), and frames without a function."""
    dotted: tuple[str, ...] = ()
    """Names with a dot: modules, `Class.method`, attributes."""
    title_names: tuple[str, ...] = ()
    """Identifiers of the title."""
    code_names: tuple[str, ...] = ()
    """Identifiers of the code, and those of the prose that look like code (`snake_case`, `camelCase`, `f()`)."""


def read_mentions(issue: str) -> Mentions:
    """Read an issue's explicit mentions."""
    text = issue[:ISSUE_CHARS].replace("\r\n", "\n").replace("\x00", "")
    frames = read_frames(text)
    title = next((line.strip() for line in text.splitlines() if line.strip()), "")
    code = code_text(text)
    like_code = (name for name in IDENTIFIER.findall(text) if is_code_like(name))
    return Mentions(
        title=title,
        code=code,
        paths=unique(match.replace("\\", "/").strip(".") for match in PATH.findall(text)),
        file_names=unique(FILE_NAME.findall(text)),
        frames=frames,
        lines=read_lines(text, frames),
        dotted=unique(DOTTED.findall(text)),
        title_names=unique(IDENTIFIER.findall(title)),
        code_names=unique((*IDENTIFIER.findall(code), *CALL.findall(text), *like_code)),
    )


def code_text(text: str) -> str:
    """Fenced blocks, then inline spans, then indented lines and interpreter prompts."""
    fenced = [match[2] for match in FENCED.finditer(text)]
    rest = FENCED.sub("\n", text)
    inline = [match[2] for match in INLINE.finditer(rest)]
    return "\n".join([*fenced, *inline, *INDENTED.findall(rest)])


def read_frames(text: str) -> tuple[Frame, ...]:
    """Frames of Python tracebacks, then of pytest's `path:line: Error` lines, each kind in its order."""
    long = [Frame(path.replace("\\", "/"), int(line), name) for path, line, name in FRAME.findall(text)]
    short = [Frame(path, int(line)) for path, line in SHORT_FRAME.findall(text)]
    return tuple(dict.fromkeys([*long, *short]))


def read_lines(text: str, frames: Iterable[Frame]) -> tuple[Frame, ...]:
    """Links to lines, then frames that name no function."""
    links = [Frame(path, int(line)) for path, line in LINK.findall(text)]
    return tuple(dict.fromkeys([*links, *(frame for frame in frames if not frame.function)]))


@lru_cache(maxsize=65536)
def is_code_like(name: str) -> bool:
    """Whether a word can hardly be prose: an underscore inside, or a capital inside."""
    return len(name) <= LONGEST_NAME and bool(CODE_LIKE.match(name))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(dict.fromkeys(names))
