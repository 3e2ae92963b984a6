"""Find, render strictly and hash a prompt template.

A template is `prompts/<stage>/<name>.v<N>.md`: turns that begin with a line `--- system ---`, `--- user ---` or
`--- assistant ---`, each a Jinja text. A missing variable is an error and never reaches a model. Released files
are immutable: a change of wording is a new version.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal, cast

from jinja2 import Environment, StrictUndefined, TemplateError

from agentless.errors import ConfigError
from agentless.ports import Message

TURN = re.compile(r"^--- (system|user|assistant) ---\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of one template."""

    name: str
    version: int
    text: str

    @property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the file's text; goes into keys and traces."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def render(self, **variables: object) -> tuple[Message, ...]:
        """The turns, each stripped of outer blank lines. Values are never read as templates.

        Raises:
            ConfigError: a variable is missing, or the template has no turn.
        """
        parts = TURN.split(self.text)[1:]
        if not parts:
            raise ConfigError(f"prompt {self.name}.v{self.version} has no '--- user ---' line")
        messages = []
        for role, body in zip(parts[::2], parts[1::2], strict=True):
            try:
                content = environment().from_string(body).render(**variables)
            except TemplateError as error:
                raise ConfigError(f"prompt {self.name}.v{self.version}: {error}") from error
            turn = cast(Literal["system", "user", "assistant"], role)
            messages.append(Message(role=turn, content=content.strip("\n")))
        return tuple(messages)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Strict Jinja without HTML escaping: prompts are plain text."""
    return Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - prompts are plain text for a model, never HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def prompt_folders() -> list[Path]:
    """Where templates are looked for, in order: $AGENTLESS_PROMPTS, the package, the checkout."""
    package = Path(str(resources.files("agentless")))
    own = os.environ.get("AGENTLESS_PROMPTS")
    first = [Path(own)] if own else []
    return [*first, package / "prompts", package.parent / "prompts"]


@lru_cache(maxsize=64)
def load_prompt(name: str, version: int) -> Prompt:
    """The template `name` (`repair/search_replace`) at a version.

    Raises:
        ConfigError: no such file; the text lists where it was looked for.
    """
    relative = f"{name}.v{version}.md"
    for folder in prompt_folders():
        path = folder / relative
        if path.is_file():
            return Prompt(name, version, path.read_text(encoding="utf-8"))
    places = ", ".join(str(folder) for folder in prompt_folders())
    raise ConfigError(f"no prompt {relative} in {places}; set AGENTLESS_PROMPTS to the prompts folder")


@lru_cache(maxsize=16)
def stage_digest(stage: str) -> str:
    """Digest of all templates of a stage: a changed or added prompt makes the stage's saved records stale.

    Raises:
        ConfigError: the stage has no templates.
    """
    found: dict[str, bytes] = {}
    for folder in prompt_folders():
        for path in sorted((folder / stage).glob("*.v*.md")):
            found.setdefault(path.name, path.read_bytes())
    if found:
        return hashlib.sha256(b"\0".join(found[name] for name in sorted(found))).hexdigest()[:16]
    raise ConfigError(f"no prompts for the stage {stage}; set AGENTLESS_PROMPTS to the prompts folder")


def turns_text(messages: tuple[Message, ...]) -> str:
    """All turns as one text, for counting tokens and for golden files."""
    return "\n".join(f"<{message.role}>\n{message.content}" for message in messages)
