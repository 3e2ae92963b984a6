"""Refusal: why a reply gives no patch, as a value. Failures of a model are counted, never raised."""

from dataclasses import dataclass

from agentless.records import SampleOutcome


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason of the closed set, with one line for people."""

    outcome: SampleOutcome
    detail: str
