"""Whether a trajectory knows answers: gold test lists, test patches or hints.

The gold patch itself is not searched for: a right answer may well be the same.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentless.errors import DatasetError
from agentless.rows import READERS, jsonl_rows

LISTS = re.compile(r"(FAIL_TO_PASS|PASS_TO_PASS)\\*[\"']?\s*[:=]\s*\\*[\"']?\s*[\[({]")
"""A test list under its name, as a row or a program has it."""
NAMES = re.compile(r"FAIL_TO_PASS|PASS_TO_PASS")
HEREDOC = "EOF_114329324912"
"""How the official eval_script ends the test patch it applies."""
WINDOW = 4
"""Added lines of a test patch in a row that hardly anybody writes by chance: such a passage of 100 characters is
in 9 of 2,634 published candidate pools, one of 3 lines with 60 characters in 25."""
TEST_LENGTH, OTHER_LENGTH = 100, 60
"""Characters, blanks left out, of a passage of the test patch and of anything else."""
DIFF_MARK = re.compile(r"^[ \t]*[+-]", re.MULTILINE)
NEW_TEST = re.compile(r"^\+\s*(?:async )?def (test\w*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What must not be in a trajectory of one instance."""

    passages: Mapping[str, tuple[str, ...]]
    """What it is -> texts, blanks removed."""


def leaks(text: str, answers: Answers | None = None) -> list[str]:
    """What of the answers is in the text, one line each; test lists by their name also without answers."""
    found = [f"it holds {name}, a list of gold tests" for name in sorted(set(LISTS.findall(text)))]
    if HEREDOC in text:
        found.append("it holds a piece of the official eval_script")
    if answers is not None:
        forms = forms_of(text)
        for what, passages in answers.passages.items():
            if any(passage in form for passage in passages for form in forms):
                found.append(f"it holds {what}")
    return found


def forms_of(text: str) -> set[str]:
    """The text without blanks: as it is, without the marks of a diff, and with the escapes of JSON undone."""
    unescaped = text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    return {squeezed(form) for one in {text, unescaped} for form in (one, DIFF_MARK.sub("", one))}


def mentions(text: str) -> bool:
    """Whether gold test lists are named at all, which may be talk about them."""
    return NAMES.search(text) is not None


def read_answers(path: Path) -> dict[str, Answers]:
    """Answers by instance id.

    Args:
        path: a dataset with its gold fields, `.jsonl` or `.json`.

    Raises:
        DatasetError: unreadable, or rows without ids.
    """
    rows = [row for _, row in READERS.get(path.suffix.lower(), jsonl_rows)(path)]
    if not rows or not all(isinstance(row, dict) and "instance_id" in row for row in rows):
        raise DatasetError(f"{path} holds no rows, or rows without instance_id")
    return {str(row["instance_id"]): answers_of(row) for row in rows}


def answers_of(row: Mapping[str, Any]) -> Answers:
    """The answers of one row that cannot come from elsewhere: what issue or gold patch say too is left out."""
    known = squeezed(str(row.get("problem_statement") or "")) + squeezed(
        DIFF_MARK.sub("", str(row.get("patch") or ""))
    )
    test_patch = str(row.get("test_patch") or "")
    hints = str(row.get("hints_text") or "")
    passages = {
        "lines of the test patch": (TEST_LENGTH, test_passages(test_patch)),
        "the list of FAIL_TO_PASS": (OTHER_LENGTH, list_texts(row, "FAIL_TO_PASS")),
        "the list of PASS_TO_PASS": (OTHER_LENGTH, list_texts(row, "PASS_TO_PASS")),
        "a passage of hints_text": (OTHER_LENGTH, map(squeezed, hints.splitlines())),
    }
    kept = {
        what: tuple(text for text in dict.fromkeys(texts) if len(text) >= shortest and text not in known)
        for what, (shortest, texts) in passages.items()
    }
    kept["the name of a test that the test patch adds"] = tuple(new_tests(row, test_patch))
    return Answers(passages=kept)


def test_passages(test_patch: str) -> Iterator[str]:
    """Windows over runs of added lines; lines that the patch also removes or keeps are no news."""
    lines = test_patch.splitlines()
    old = {squeezed(line[1:]) for line in lines if line[:1] in (" ", "-")}
    run: list[str] = []
    for line in [*lines, ""]:
        added = line.startswith("+") and not line.startswith("+++")
        text = squeezed(line[1:]) if added else ""
        if added and not text:
            continue
        if added and text not in old:
            run.append(text)
            continue
        yield from windows(run)
        run = []


def windows(run: list[str]) -> Iterator[str]:
    """Every few lines in a row, more of them where they are short; a shorter run as a whole."""
    for start in range(max(1, len(run) - WINDOW + 1)):
        end = start + WINDOW
        while end < len(run) and sum(map(len, run[start:end])) < TEST_LENGTH:
            end += 1
        yield "".join(run[start:end])


def new_tests(row: Mapping[str, Any], test_patch: str) -> Iterator[str]:
    """Whole ids of tests that exist only after the test patch, with their files; bare names may be anybody's."""
    new = set(NEW_TEST.findall(test_patch))
    old = set(re.findall(r"^[ -]\s*(?:async )?def (test\w*)", test_patch, re.MULTILINE))
    for name in names_of(row, "FAIL_TO_PASS"):
        bare = re.split(r"[\[( ]", name.rsplit("::", 1)[-1], maxsplit=1)[0]
        if ("::" in name or " (" in name) and bare in new - old:
            yield squeezed(name)


def list_texts(row: Mapping[str, Any], field: str) -> Iterator[str]:
    """The list as Python and as JSON write it."""
    names = names_of(row, field)
    if names:
        yield squeezed(json.dumps(names))
        yield squeezed(repr(names))


def names_of(row: Mapping[str, Any], field: str) -> list[str]:
    """The names, however the row stores them; [] when it does not."""
    value = row.get(field)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return [str(name) for name in value] if isinstance(value, list) else []


def squeezed(text: str) -> str:
    """The text without blanks and line ends, which a trajectory may set differently."""
    return "".join(text.split())
