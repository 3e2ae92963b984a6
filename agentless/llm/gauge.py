"""Counts what a run asks of its model, here and by the servers' own counters."""

from dataclasses import dataclass

from agentless.llm.client import OpenAIModel
from agentless.llm.metrics import ServerMetrics, fetch_metrics
from agentless.ports import Ask, ChatModel, RelayModel, Reply


@dataclass(slots=True)
class Counts:
    """Replies so far."""

    replies: int = 0
    truncated: int = 0
    lost: int = 0
    """Server errors, which say nothing about the model."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class CountedModel(RelayModel):
    """A ChatModel that counts the replies that it passes on."""

    def __init__(self, model: ChatModel) -> None:
        super().__init__(model)
        self.counts = Counts()

    async def ask(self, ask: Ask) -> list[Reply]:
        """The model's replies, counted.

        Raises:
            ModelServerError: as the model does.
        """
        replies = await super().ask(ask)
        for reply in replies:
            self.counts.replies += 1
            self.counts.truncated += reply.outcome == "truncated"
            self.counts.lost += reply.outcome == "server_error"
            self.counts.prompt_tokens += reply.prompt_tokens
            self.counts.completion_tokens += reply.completion_tokens
        return replies


class ServerGauge:
    """What the servers of a model have counted since the gauge was made. One failing look changes nothing."""

    def __init__(self, model: OpenAIModel) -> None:
        self.pool = model.pool
        self.asked = model.endpoint.kind != "other"  # hosted models have no such page for us
        self.last: dict[str, ServerMetrics] = {}
        self.silent: set[str] = set()
        """Servers without the page; never asked again."""
        self.total = ServerMetrics()

    async def read(self) -> ServerMetrics:
        """Look at every living server, and the sum over all since the first look."""
        for server in self.pool.servers if self.asked else ():
            if not server.alive or server.root in self.silent:
                continue
            now = await fetch_metrics(self.pool.http, server.root)
            if now is None:
                continue
            if not now:
                self.silent.add(server.root)
                continue
            before = self.last.get(server.root)
            self.last[server.root] = now
            if before is not None:
                self.total = self.total.plus(now.since(before))
        return self.total
