"""Several servers of one model: an instance sticks to one, and moves when it dies.

Sticking matters for prefix caches: the samples of an instance share their prompts. The order of servers for an
instance is by hash (rendezvous hashing), so that a death moves only the instances of the dead server.
"""

import asyncio
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx

from agentless.errors import ModelServerError
from agentless.llm.probe import healthy, root_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI

RECHECK_S = 15.0
"""Seconds between looks at a dead server while others work."""
REVIVAL_POLL_S = 1.0
HEALTH_TIMEOUT_S = 5.0


class Server:
    """One server and the connection to it."""

    def __init__(self, url: str, client: "AsyncOpenAI", *, alive: bool = True) -> None:
        self.url = url
        self.root = root_of(url)
        self.client = client
        self.alive = alive
        self.checked_at = time.monotonic()


class ServerPool:
    """Picks a server for an instance, and waits when there is none.

    Args:
        servers: at least one.
        http: a client that sends the key, for health checks.
        revive_s: how long to wait for a server when all are dead.
        recheck_s: seconds between looks at a dead server while others work.
        poll_s: seconds between looks while all are dead.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        http: httpx.AsyncClient,
        *,
        revive_s: float = 600.0,
        recheck_s: float = RECHECK_S,
        poll_s: float = REVIVAL_POLL_S,
    ) -> None:
        self.servers = tuple(servers)
        self.http = http
        self.revive_s = revive_s
        self.recheck_s = recheck_s
        self.poll_s = poll_s
        self.reviving = asyncio.Lock()

    async def pick(self, instance_id: str) -> Server:
        """The instance's first living server.

        Raises:
            ModelServerError: all are dead and stayed so for `revive_s`.
        """
        for server in self.order(instance_id):
            if server.alive or await self.is_back(server):
                return server
        return await self.revive()

    def order(self, instance_id: str) -> list[Server]:
        """All servers in the order in which this instance tries them."""
        return sorted(self.servers, key=lambda server: sha256(f"{instance_id}\0{server.url}".encode()).digest())

    def any(self) -> Server:
        """A living server if there is one, else the first."""
        return next((server for server in self.servers if server.alive), self.servers[0])

    async def is_back(self, server: Server) -> bool:
        """Look at a dead server again, not too often."""
        if time.monotonic() - server.checked_at < self.recheck_s:
            return False
        await self.check(server)
        return server.alive

    async def check(self, server: Server) -> None:
        """Ask for its health, after a lost connection or to see whether it is back."""
        server.checked_at = time.monotonic()
        server.alive = await healthy(self.http, server.url, HEALTH_TIMEOUT_S)

    async def revive(self) -> Server:
        """Wait until some server is well: the run pauses. One task looks, the others wait for it.

        Raises:
            ModelServerError: none was in `revive_s`.
        """
        until = time.monotonic() + self.revive_s  # before the lock: all that wait give up together
        async with self.reviving:
            while True:
                for server in self.servers:
                    if not server.alive:
                        await self.check(server)
                    if server.alive:
                        return server
                if time.monotonic() >= until:
                    break
                await asyncio.sleep(self.poll_s)
        urls = ", ".join(server.url for server in self.servers)
        raise ModelServerError(
            f"the model server is gone: no answer from {urls} for {self.revive_s:g} s;"
            " start it again and repeat the command, finished work is kept"
        )

    async def close(self) -> None:
        """Close all connections."""
        for server in self.servers:
            await server.client.close()
        await self.http.aclose()
