from pathlib import Path

from agentless.sandbox.interpreter import Interpreter
from agentless.sandbox.layout import (
    covered_once,
    device_arguments,
    identity_files,
    parents,
    source_folders,
    system_arguments,
    tree_arguments,
)

SENSITIVE = (
    "/etc",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hosts",
    "/etc/ssh",
    "/root",
    "/home",
    "/var",
    "/run",
    "/tmp",
    "/sys",
    "/",
)


def binds(arguments: list[str]) -> list[tuple[str, str]]:
    """(option, place) of every bind, in order."""
    found = []
    for number, argument in enumerate(arguments):
        if argument in ("--bind", "--ro-bind"):
            found.append((argument, arguments[number + 2]))
    return found


def python(
    prefixes: tuple[str, ...], paths: tuple[str, ...] = (), links: tuple[tuple[str, str], ...] = ()
) -> Interpreter:
    """An interpreter with these places."""
    return Interpreter(executable="/x/bin/python", version="3.11", prefixes=prefixes, paths=paths, links=links)


def test_the_system_is_read_only_and_secrets_are_not_part_of_it() -> None:
    arguments = system_arguments()
    shown = binds(arguments)
    assert ("--ro-bind", "/usr") in shown
    assert {option for option, _ in shown} == {"--ro-bind"}
    assert not {place for _, place in shown} & set(SENSITIVE)
    assert not any("private" in place for _, place in shown)


def test_shared_memory_is_bounded_where_it_can_be() -> None:
    assert "--size" in device_arguments(sized=True)
    assert "--size" not in device_arguments(sized=False)


def test_the_user_has_a_name_and_nobody_else_has(tmp_path: Path) -> None:
    arguments = identity_files(tmp_path / "etc", 4711)
    assert binds(arguments) == [("--ro-bind", f"/etc/{name}") for name in ("passwd", "group", "hosts")]
    assert [line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()] == [
        "root",
        "sandbox",
    ]
    assert ":4711:4711:" in (tmp_path / "etc/passwd").read_text()


def test_outer_folders_come_before_inner_ones() -> None:
    arguments = tree_arguments("/scratch/tree", "/home/me/shop", python(("/home/me/shop/.venv", "/opt/py")))
    assert binds(arguments) == [
        ("--ro-bind", "/opt/py"),
        ("--bind", "/home/me/shop"),
        ("--ro-bind", "/home/me/shop/.venv"),
    ]


def test_an_editable_install_of_the_project_is_its_own_tree() -> None:
    paths = ("/home/me/shop/src", "/home/me/other/src", "/usr/lib/python3/dist-packages")
    shown = [place for _, place in binds(tree_arguments("/t", "/home/me/shop", python((), paths)))]
    assert shown == ["/home/me/shop", "/home/me/other/src"]


def test_a_link_on_the_way_is_made_unless_something_shows_it() -> None:
    links = (("/x/bin/python", "python3"), ("/shims/python", "/x/bin/python"), ("/usr/bin/python3", "python3.11"))
    arguments = tree_arguments("/t", "/testbed", python(("/x",), links=links))
    made = [arguments[number + 2] for number, argument in enumerate(arguments) if argument == "--symlink"]
    assert made == ["/shims/python"]


def test_a_folder_is_shown_once() -> None:
    assert covered_once(["/a/b", "/a", "/usr/local", "/a/b/c", "/ab"]) == ["/a", "/ab"]


def test_folders_above_are_readable() -> None:
    assert parents("/a/b/c") == ["--perms", "0755", "--dir", "/a", "--perms", "0755", "--dir", "/a/b"]
    assert parents("/a") == []


def test_source_folders_hold_packages(tmp_path: Path) -> None:
    (tmp_path / "lib" / "docs").mkdir(parents=True)
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    assert source_folders(tmp_path) == ["src"]
    assert source_folders(tmp_path / "lib") == []


def test_identity_files_are_readable_whatever_our_umask(tmp_path: Path, private_umask: None) -> None:
    identity_files(tmp_path / "etc", 4711)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "etc").iterdir()}
    assert modes == {"passwd": 0o644, "group": 0o644, "hosts": 0o644}
    assert (tmp_path / "etc").stat().st_mode & 0o777 == 0o755
