"""Choices of `agentless select`: as a table, as JSON, as predictions."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentless.records import Selection

WIDTH = 110
"""Characters of the last column that the table shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen for one instance."""

    selection: "Selection"
    candidates: int
    """Different patches to choose from."""
    samples: int
    """Samples with a patch."""
    changed: bool | None = None
    """Another patch than the run had before; None where there was none."""
    sources: tuple[str, ...] = ()
    """Whose patch it is: the systems in the winner's class."""
    model: str = ""
    """`model_name_or_path` that the run's own prediction has."""


def show_choices(choices: Sequence[Choice], *, as_json: bool) -> None:
    """All choices on stdout, what they amount to on stderr."""
    if as_json:
        print(json.dumps([as_row(choice) for choice in choices], indent=2))
    else:
        print_table(choices)
    empty = sum(not choice.selection.patch.strip() for choice in choices)
    changed = [choice.changed for choice in choices if choice.changed is not None]
    parts = [counted(len(choices), "instance")]
    parts += [f"{counted(sum(changed), 'choice')} changed"] if changed else []
    parts += [f"{empty} without a patch"] if empty else []
    sys.stderr.write(f"{', '.join(parts)}\n")


def counted(number: int, noun: str) -> str:
    """`1 choice`, `2 choices`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_row(choice: Choice) -> dict[str, object]:
    """One choice as JSON: the selection without its patch, and where it comes from."""
    from dataclasses import asdict

    row = asdict(choice.selection)
    row.pop("patch")
    row |= {"candidates": choice.candidates, "samples": choice.samples}
    if choice.changed is not None:
        row["changed"] = choice.changed
    if choice.sources:
        row["sources"] = list(choice.sources)
    return row


def print_table(choices: Sequence[Choice]) -> None:
    """Instance, how sure, different patches of samples, and why, or whose patch it is; one line each."""
    names = [plain(choice.selection.instance_id) for choice in choices]
    width = max(map(len, ["instance", *names]))
    print(f"{'instance':<{width}}  sure  patches  why")
    for name, choice in zip(names, choices, strict=True):
        selection = choice.selection
        why = shortened(plain(", ".join(choice.sources) or selection.reason))
        print(
            f"{name:<{width}}  {100 * selection.confidence:3.0f}%"
            f"  {f'{choice.candidates}/{choice.samples}':>7}  {'changed: ' if choice.changed else ''}{why}"
        )


def plain(text: str) -> str:
    """Text of somebody's file that cannot steer a terminal, on one line."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def shortened(text: str) -> str:
    """The text, cut where it would fill more than a line."""
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def write_choices(path: Path, choices: Sequence[Choice], name: str) -> None:
    """The winners as predictions; a run's own model name is kept unless another is given.

    Raises:
        DatasetError: a chosen patch is no unified diff.
        StoreError: the file cannot be written.
    """
    from agentless.export import write_preds
    from agentless.records import Prediction

    write_preds(
        path,
        [
            Prediction(
                instance_id=choice.selection.instance_id,
                model_name_or_path=choice.model or name,
                model_patch=choice.selection.patch,
            )
            for choice in choices
        ],
    )
    sys.stderr.write(f"predictions: {path}\n")
