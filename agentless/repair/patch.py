"""Old and new texts -> one unified diff that `git apply` takes, and back.

Lines end at "\\n" only: "\\r", form feeds and U+2028 are characters of a line, as git sees them.
"""

from collections.abc import Mapping
from difflib import SequenceMatcher

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchedFile, PatchSet

from agentless.repair.outcome import Refusal

CONTEXT_LINES = 3
NO_NEWLINE = "\\ No newline at end of file\n"
EXACT_DIFF_CELLS = 4_000_000
"""Above this many line pairs difflib may skip popular lines: still a correct diff, not the shortest one."""
ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
UNESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


def make_patch(
    old: Mapping[str, str | None], new: Mapping[str, str | None], modes: Mapping[str, str] | None = None
) -> str:
    """The diff from `old` to `new`, files sorted by path; "" when nothing differs.

    Both map repository paths to whole texts; None (or absence) means that there is no such file. `modes` gives the
    git mode of deleted files, 100644 unless told.
    """
    parts = []
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before != after:
            parts.append(file_patch(path, before, after, (modes or {}).get(path, "100644")))
    return "".join(parts)


def file_patch(path: str, old: str | None, new: str | None, mode: str) -> str:
    """The diff of one file. The mode of a changed file stays as it is, so no mode line is written."""
    source, target = quote("a/" + path), quote("b/" + path)
    head = f"diff --git {source} {target}\n"
    if old is None:
        head += "new file mode 100644\n"
    elif new is None:
        head += f"deleted file mode {mode}\n"
    body = hunks(lines_of(old or ""), lines_of(new or ""))
    if not body:
        return head
    before = "/dev/null" if old is None else source + tab_after(source)
    after = "/dev/null" if new is None else target + tab_after(target)
    return f"{head}--- {before}\n+++ {after}\n{body}"


def lines_of(text: str) -> list[str]:
    """Lines with their "\\n"; the last one may lack it."""
    parts = text.split("\n")
    last = parts.pop()
    return [part + "\n" for part in parts] + ([last] if last else [])


def hunks(old: list[str], new: list[str]) -> str:
    """The hunks between two lists of lines, "" when they are equal."""
    start, end = equal_ends(old, new)
    first = max(start - CONTEXT_LINES, 0)
    tail = max(end - CONTEXT_LINES, 0)
    left, right = old[first : len(old) - tail], new[first : len(new) - tail]
    matcher = SequenceMatcher(None, left, right, autojunk=len(left) * len(right) > EXACT_DIFF_CELLS)
    parts: list[str] = []
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        (_, a_start, _, b_start, _), (_, _, a_end, _, b_end) = group[0], group[-1]
        parts.append(
            f"@@ -{span(first + a_start, a_end - a_start)} +{span(first + b_start, b_end - b_start)} @@\n"
        )
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                parts.extend(marked(" ", line) for line in left[i1:i2])
                continue
            parts.extend(marked("-", line) for line in left[i1:i2])
            parts.extend(marked("+", line) for line in right[j1:j2])
    return "".join(parts)


def equal_ends(old: list[str], new: list[str]) -> tuple[int, int]:
    """How many lines are equal at the start, and how many others at the end; bounds the work of the matcher."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def span(start: int, length: int) -> str:
    """A hunk range: 1-based start and length, the start before an empty range."""
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def marked(mark: str, line: str) -> str:
    """One line of a hunk, with git's note when it has no line end."""
    return mark + line if line.endswith("\n") else f"{mark}{line}\n{NO_NEWLINE}"


def tab_after(name: str) -> str:
    """Git ends a name that holds a blank with a tab, so that readers find its end."""
    return "\t" if " " in name and not name.startswith('"') else ""


def quote(name: str) -> str:
    """A path in git's C style: as it is, or in double quotes with octal escapes."""
    data = name.encode()
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in data):
        return name
    escaped = "".join(ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in data)
    return f'"{escaped}"'


def unquote(name: str) -> str:
    """The path behind `quote`; a name without quotes is returned as it is."""
    if len(name) < 2 or name[0] != '"' or name[-1] != '"':
        return name
    out = bytearray()
    body, at = name[1:-1], 0
    while at < len(body):
        char = body[at]
        octal = body[at + 1 : at + 4]
        if char == "\\" and len(octal) == 3 and all(digit in "01234567" for digit in octal):
            out.append(int(octal, 8) & 255)
            at += 4
        elif char == "\\" and body[at + 1 : at + 2] in UNESCAPES:
            out.append(UNESCAPES[body[at + 1]])
            at += 2
        else:
            out.extend(char.encode())
            at += 1
    return out.decode(errors="replace")


def parse_patch(patch: str) -> PatchSet | Refusal:
    """The patch by unidiff, or why it is none."""
    try:
        return PatchSet(patch)
    except UnidiffParseError as error:
        return Refusal("malformed_edit", f"not a unified diff: {str(error).strip()[:120]}")


def paths_of(patched: PatchedFile) -> tuple[str | None, str | None]:
    """Old and new path of one patched file, None for /dev/null."""
    names = []
    for name in (patched.source_file, patched.target_file):
        plain = unquote((name or "").rstrip("\t"))
        names.append(None if plain == "/dev/null" else plain.split("/", 1)[-1] if plain[1:2] == "/" else plain)
    return names[0], names[1]


def apply_patch_text(texts: Mapping[str, str], patch: str) -> dict[str, str | None] | Refusal:
    """New text of every file that the patch names, None for a deleted one.

    `texts` holds the old texts; a patch whose context does not match them exactly is refused.
    """
    parsed = parse_patch(patch)
    if isinstance(parsed, Refusal):
        return parsed
    result: dict[str, str | None] = {}
    for patched in parsed:
        source, target = paths_of(patched)
        if source is not None and source not in texts:
            return Refusal("file_not_found", f"no file {source}")
        old = lines_of(texts[source]) if source is not None else []
        new = patched_lines(old, patched)
        if new is None:
            return Refusal("search_not_found", f"{source or target}: the patch does not fit the file")
        if target is None and source is not None:
            result[source] = None
        elif target is not None:
            result[target] = "".join(new)
            if source is not None and source != target:
                result[source] = None
    return result


def patched_lines(old: list[str], patched: PatchedFile) -> list[str] | None:
    """The lines after all hunks, None when one does not fit."""
    new: list[str] = []
    at = 0
    for hunk in patched:
        before, after = hunk_sides(hunk)
        start = hunk.source_start - 1 if hunk.source_length else hunk.source_start
        if start < at or old[start : start + len(before)] != before:
            return None
        new += old[at:start] + after
        at = start + len(before)
    return new + old[at:]


def hunk_sides(hunk: Hunk) -> tuple[list[str], list[str]]:
    """Old and new lines of one hunk."""
    before: list[str] = []
    after: list[str] = []
    last: tuple[list[str], ...] = ()
    for line in hunk:
        if line.line_type == "\\":
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
        elif line.line_type in ("-", "+", " "):
            last = {"-": (before,), "+": (after,)}.get(line.line_type, (before, after))
            for side in last:
                side.append(line.value)
    return before, after
