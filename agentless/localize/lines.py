"""Spans of lines: clamped to their file, widened by a margin, overlapping ones merged."""

from collections.abc import Iterable, Mapping

from agentless.records import Location


def clamp(location: Location, lines: int) -> Location | None:
    """The location inside a file of `lines` lines; None when nothing of it is left. Swapped ends are put right."""
    start, end = sorted((location.start_line, location.end_line))
    start, end = max(1, start), min(end, lines)
    if start > end:
        return None
    return Location(
        path=location.path,
        start_line=start,
        end_line=end,
        kind=location.kind,
        name=location.name,
        score=location.score,
    )


def windows(locations: Iterable[Location], lines: Mapping[str, int], margin: int) -> tuple[Location, ...]:
    """Located spans with `margin` lines around them, merged where they meet, by path and line.

    Args:
        locations: spans of any files; those of files that are not in `lines` are dropped.
        lines: path -> number of lines of the file.
        margin: lines shown before and after each span, >= 0.

    Returns:
        Spans of kind `lines`, none overlapping or touching another; a merged one has the best score of its parts.
    """
    spans = []
    for location in locations:
        inside = clamp(location, lines.get(location.path, 0))
        if inside is not None:
            start = max(1, inside.start_line - margin)
            end = min(lines[inside.path], inside.end_line + margin)
            spans.append((inside.path, start, end, inside.score))
    merged: list[tuple[str, int, int, float]] = []
    for path, start, end, score in sorted(spans):
        if merged and merged[-1][0] == path and start <= merged[-1][2] + 1:
            _, first, last, best = merged[-1]
            merged[-1] = (path, first, max(last, end), max(best, score))
        else:
            merged.append((path, start, end, score))
    return tuple(
        Location(path=path, start_line=start, end_line=end, kind="lines", score=score)
        for path, start, end, score in merged
    )
