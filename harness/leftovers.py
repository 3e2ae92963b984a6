"""Containers that a killed process left behind: found by our label, told from living ones by their owner."""

from typing import Any, NamedTuple

from agentless.owners import owner_is_dead
from harness.engine import docker_errors, explained, status_of
from harness.limits import INSTANCE, MARK, OWNER, RUN

REMOVED_BY_OTHERS = (404, 409)
"""Statuses of a removal that somebody else did, or is doing."""


class Leftover(NamedTuple):
    """One container of ours."""

    container_id: str
    run_id: str
    instance_id: str
    owner: str


def leftovers(client: Any, run_id: str | None = None) -> list[Leftover]:
    """Containers of ours that nobody uses any more.

    Args:
        client: see `engine.connect`.
        run_id: every container of this run, whoever owns it: the caller knows that nobody else runs it.
            None = of any run, where the owner is known to be dead; another machine's containers are kept.

    Raises:
        EngineError: the engine did not answer.
    """
    label = f"{MARK}=1" if run_id is None else f"{RUN}={run_id}"
    try:
        entries = client.api.containers(all=True, filters={"label": [f"{MARK}=1", label]})
    except docker_errors() as error:
        raise explained(error, "cannot list containers") from error
    found = [leftover(entry) for entry in entries]
    return [item for item in found if run_id is not None or owner_is_dead(item.owner)]


def leftover(entry: dict[str, Any]) -> Leftover:
    """One line of the engine's list."""
    labels = entry.get("Labels") or {}
    return Leftover(entry["Id"], labels.get(RUN, ""), labels.get(INSTANCE, ""), labels.get(OWNER, ""))


def remove_leftovers(client: Any, run_id: str | None = None) -> list[Leftover]:
    """Kill and remove what `leftovers` finds; returns what was removed.

    Raises:
        EngineError: the engine failed.
    """
    found = leftovers(client, run_id)
    for item in found:
        remove(client, item.container_id)
    return found


def remove(client: Any, name: str) -> None:
    """Kill and remove one container with its anonymous volumes; one that is gone already is fine.

    Raises:
        EngineError: the engine failed.
    """
    try:
        client.api.remove_container(name, v=True, force=True)
    except docker_errors() as error:
        if status_of(error) not in REMOVED_BY_OTHERS:
            raise explained(error, "cannot remove a container") from error
