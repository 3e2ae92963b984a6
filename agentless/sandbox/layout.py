"""What a bubblewrap sandbox sees: a list of what is shown; all else does not exist inside."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from agentless.sandbox.interpreter import Interpreter

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
"""Programs and libraries; symbolic links among them stay links."""

CONFIGURATION = (
    "alternatives", "ca-certificates", "crypto-policies", "debian_version", "default/locale", "fonts",
    "gai.conf", "host.conf", "java", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf",
    "localtime", "lsb-release", "magic", "mime.types", "nsswitch.conf", "os-release", "pki/ca-trust",
    "pki/tls/certs", "protocols", "rpc", "services", "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo",
    "timezone",
)  # fmt: skip
"""Below /etc: no passwords, keys, host names or mounts. passwd, group and hosts are written anew."""

SANDBOX_USER = "sandbox"
SHM_BYTES = 256 * 1024 * 1024


def system_arguments() -> list[str]:
    """Read-only system folders, a fresh /proc and /dev, and the parts of /etc programs need."""
    arguments: list[str] = []
    for path in SYSTEM:
        if Path(path).is_symlink():
            arguments += ["--symlink", os.readlink(path), path]  # noqa: PTH115 - the link's text as written
        elif Path(path).is_dir():
            arguments += [*parents(path), "--ro-bind", path, path]
    for name in CONFIGURATION:
        if Path("/etc", name).exists():
            arguments += [*parents(f"/etc/{name}"), "--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    return arguments


def device_arguments(*, sized: bool) -> list[str]:
    """A new /proc and a /dev without devices; shared memory is bounded where bwrap can do it (0.7)."""
    size = ["--size", str(SHM_BYTES)] if sized else []
    return ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", *size, "--tmpfs", "/dev/shm"]  # noqa: S108


def identity_files(folder: Path, user: int) -> list[str]:
    """Write passwd, group and hosts for one user id into `folder`; the arguments that show them."""
    root = "root:x:0:0:root:/nonexistent:/bin/false"
    texts = {
        "passwd": f"{root}\n{SANDBOX_USER}:x:{user}:{user}::/tmp/home:/bin/bash\n",
        "group": f"root:x:0:\n{SANDBOX_USER}:x:{user}:\n",
        "hosts": f"127.0.0.1 localhost {SANDBOX_USER}\n::1 localhost\n",
    }
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # the job's user reads them, whatever our umask is
    arguments = parents("/etc/passwd")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")
        (folder / name).chmod(0o644)
        arguments += ["--ro-bind", str(folder / name), f"/etc/{name}"]
    return arguments


def tree_arguments(tree: str, mount: str, python: Interpreter) -> list[str]:
    """The job's tree at `mount`, and the interpreter's folders, outer ones first.

    A folder of `sys.path` below `mount` is left out: it is the project's own code and the tree stands there,
    so that an editable install runs the patched files. A virtual environment below `mount` is shown.
    """
    shown = covered_once([*python.prefixes, *outside(python.paths, mount)])
    binds = [("--ro-bind", folder, folder) for folder in shown] + [("--bind", tree, mount)]
    binds.sort(key=lambda bind: len(Path(bind[2]).parts))
    arguments: list[str] = []
    for option, source, place in binds:
        arguments += [*parents(place), option, source, place]
    for path, target in python.links:
        if not under_any(path, [*SYSTEM, *shown, mount]):
            arguments += [*parents(path), "--symlink", target, path]
    return arguments


def parents(path: str) -> list[str]:
    """Arguments that make the folders above a path, readable by all: bwrap's own are for root alone."""
    above = [str(folder) for folder in reversed(Path(path).parents) if str(folder) != "/"]
    return [part for folder in above for part in ("--perms", "0755", "--dir", folder)]


def outside(paths: Iterable[str], mount: str) -> list[str]:
    """The paths that are not at or below `mount`."""
    return [path for path in paths if not under_any(path, [mount])]


def covered_once(paths: Iterable[str]) -> list[str]:
    """The paths that neither the system folders nor an earlier, outer path shows already."""
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: (len(Path(path).parts), path)):
        if not under_any(path, [*SYSTEM, *kept]):
            kept.append(path)
    return kept


def under_any(path: str, folders: Sequence[str]) -> bool:
    """Whether the path is one of the folders or below one."""
    return any(Path(path).is_relative_to(folder) for folder in folders)


def source_folders(tree: Path) -> list[str]:
    """`src` and `lib` of a tree where they hold importable packages."""
    return [name for name in ("src", "lib") if any((tree / name).glob("*/__init__.py"))]
