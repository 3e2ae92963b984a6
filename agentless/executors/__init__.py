"""Ways to run one function over many instances: `local` on one machine."""

from agentless.executors.local import LocalExecutor

__all__ = ["LocalExecutor"]
