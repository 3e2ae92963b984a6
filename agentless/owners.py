"""Which process a container belongs to, written so that a dead owner can be told from a living one."""

import os
import socket
from pathlib import Path


def owner() -> str:
    """This process: host, boot, pid namespace, pid and start, so that it is never taken for a later one."""
    return "/".join([socket.gethostname(), *machine(), str(os.getpid()), started(os.getpid())])


def owner_is_dead(text: str) -> bool:
    """Whether the process that an owner label names is gone; False where that cannot be known from here."""
    parts = text.split("/")
    if len(parts) != 5 or not parts[3].isdigit():
        return False
    host, boot, namespace, pid, start = parts
    own_boot, own_namespace = machine()
    if host != socket.gethostname():
        return False
    if boot != own_boot:
        return bool(boot and own_boot)
    return namespace == own_namespace and started(int(pid)) != start


def machine() -> tuple[str, str]:
    """Identity of this boot and of this pid namespace; "" where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return boot, str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "", ""


def started(pid: int) -> str:
    """When a process started, in clock ticks since boot; `gone` when it is not there or only waits to be reaped.

    Without /proc: `there` or `gone`.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "gone" if Path("/proc/self").exists() else existing(pid)
    fields = text.rpartition(")")[2].split()  # the name before it may hold blanks
    return "gone" if fields[0] in "ZX" else fields[19]


def existing(pid: int) -> str:
    """`there` or `gone`, by a signal that does nothing."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return "there"
