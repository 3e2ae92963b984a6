"""What a run folder says: `summary` counts it."""

from agentless.report.summary import Summary, summarize

__all__ = ["Summary", "summarize"]
