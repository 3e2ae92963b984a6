"""Replies of rollouts, from clean to hostile, and what is understood of them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.localize.parse import MAX_LINE, MAX_UNRESOLVED, ParsedPaths, PathLookup, fenced_blocks, parse_paths

PATHS = (
    "setup.py",
    "src/flask/__init__.py",
    "src/flask/app.py",
    "src/flask/blueprints.py",
    "src/flask/json/__init__.py",
    "src/flask/json/tag.py",
    "bin/run-server",
    "docs/my file.txt",
)
LOOKUP = PathLookup.of(PATHS)
BLUEPRINTS = "src/flask/blueprints.py"
APP = "src/flask/app.py"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (BLUEPRINTS, BLUEPRINTS),
        ("./" + BLUEPRINTS, BLUEPRINTS),
        ("/" + BLUEPRINTS, BLUEPRINTS),
        ("blueprints.py", BLUEPRINTS),
        ("flask/blueprints.py", BLUEPRINTS),
        ("lib/flask/blueprints.py", BLUEPRINTS),
        ("/testbed/src/flask/app.py", APP),
        ("C:\\work\\src\\flask\\app.py", APP),
        ("src\\flask\\app.py", APP),
        ("src//flask/./app.py", APP),
        ("`src/flask/app.py`", APP),
        ("docs/my file.txt", "docs/my file.txt"),
        ("bin/run-server", "bin/run-server"),
        ("__init__.py", ""),
        ("flask/__init__.py", "src/flask/__init__.py"),
        ("json/__init__.py", "src/flask/json/__init__.py"),
        ("other/blueprints.py", ""),
        ("/usr/lib/setup.py", ""),
        ("../../etc/passwd", ""),
        ("src/../src/flask/app.py", ""),
        ("/etc/passwd", ""),
        ("", ""),
        ("/", ""),
        (".", ""),
        ("..", ""),
        ("app.py/", APP),
        ("pp.py", ""),
    ],
)
def test_resolve(text: str, path: str) -> None:
    assert LOOKUP.resolve(text) == path


GOOD = f"```\n{BLUEPRINTS}\n{APP}\n```"


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        GOOD.replace("```\n", "```text\n", 1),
        GOOD.replace("```", "~~~"),
        GOOD.replace("```", "````"),
        GOOD.replace("\n", "\r\n"),
        f"Here you go:\n\n  {GOOD.replace(chr(10), chr(10) + '  ')}\nGood luck!",
        f"```\n{BLUEPRINTS}\n{APP}",
        f"1. `{BLUEPRINTS}`\n2. `{APP}`",
        f"1) {BLUEPRINTS}\n2) {APP}",
        f"- **{BLUEPRINTS}** - checks the name\n- **{APP}** - registers it",
        f"* {BLUEPRINTS}:194\n* {APP}:12-40",
        f"```\n{BLUEPRINTS}:194\n{APP}:Flask.register\n```",
        f"```\n{BLUEPRINTS}  # the constructor\n{APP}  (less likely)\n```",
        "```\nblueprints.py\napp.py\n```",
        "```\nflask/blueprints.py\nflask/app.py\n```",
        f"```\n/testbed/{BLUEPRINTS}\n/testbed/{APP}\n```",
        f"The cause is in {BLUEPRINTS}, which {APP} calls.",
        f"```\n{BLUEPRINTS}\n{BLUEPRINTS}\n{APP}\n{APP}\n```",
        f"```python\nraise ValueError\n```\nso the files are\n{GOOD}",
        f"{GOOD}\nThe check would be\n```python\nif not name: raise ValueError\n```",
        f'```json\n["{BLUEPRINTS}", "{APP}"]\n```',
        f"> 1. {BLUEPRINTS}\n> 2. {APP}",
        f"```\n{BLUEPRINTS}, {APP}\n```",
        f"\x00```\n{BLUEPRINTS}\x00\n{APP}\n```\x00",
    ],
)
def test_good_and_sloppy_replies(reply: str) -> None:
    assert parse_paths(reply, LOOKUP, 5).paths == (BLUEPRINTS, APP)


@pytest.mark.parametrize(
    ("reply", "unresolved"),
    [
        ("", ()),
        ("I do not know.", ()),
        ("```\n```", ()),
        ("```\n../../etc/passwd\n/etc/shadow\n```", ()),
        ("```\n../../etc/secret.py\n```", ("../../etc/secret.py",)),
        ("```\nsrc/flask/nothing.py\n```", ("src/flask/nothing.py",)),
        ("```\n__init__.py\n```", ("__init__.py",)),
        ("<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE", ()),
        ("`" * 5000, ()),
        ("\x00" * 1000, ()),
        ("{{ config }} {% raw %}", ()),
    ],
)
def test_replies_that_name_nothing(reply: str, unresolved: tuple[str, ...]) -> None:
    assert parse_paths(reply, LOOKUP, 5) == ParsedPaths((), unresolved)


def test_wrong_paths_are_kept_beside_right_ones() -> None:
    parsed = parse_paths(f"```\nsrc/flask/wrong.py\n{APP}\n```", LOOKUP, 5)
    assert parsed == ParsedPaths((APP,), ("src/flask/wrong.py",))


def test_no_more_than_the_limit() -> None:
    assert parse_paths("\n".join(PATHS), LOOKUP, 3).paths == PATHS[:3]
    assert parse_paths(", ".join(PATHS[:4]), LOOKUP, 2).paths == PATHS[:2]


def test_unresolved_paths_are_bounded() -> None:
    reply = "\n".join(f"wrong/file{i}.py" for i in range(1000))
    assert len(parse_paths(reply, LOOKUP, 5).unresolved) == MAX_UNRESOLVED


@pytest.mark.parametrize("piece", ["a", "a/", "```\n", "x.py ", "- ", "((((", "a.", "`~", "1. "])
def test_ten_megabytes_take_no_time(piece: str) -> None:
    started = time.perf_counter()
    parsed = parse_paths(piece * (10_000_000 // len(piece)) + "\n\n" + GOOD, LOOKUP, 5)
    assert time.perf_counter() - started < 3.0
    assert parsed.paths[:1] == (BLUEPRINTS,) or piece == "```\n"


@pytest.mark.parametrize(
    "line", ["a/" * 100_000, "a/" * 99_990 + "__init__.py", "\n".join(["a/" * 500 + "__init__.py"] * 190)]
)
def test_a_degenerate_path_takes_no_time(line: str) -> None:
    many = PathLookup.of([*PATHS, *(f"package{number}/__init__.py" for number in range(2000))])
    started = time.perf_counter()
    assert parse_paths(f"{GOOD}\n```\n{line}\n```", many, 5).paths in ((), (BLUEPRINTS, APP))
    assert time.perf_counter() - started < 0.5


def test_long_lines_are_no_path_but_may_name_one() -> None:
    assert parse_paths("x/" * MAX_LINE + APP, LOOKUP, 5).paths == ()
    assert parse_paths(f"{APP} is wrong" + " because" * 300, LOOKUP, 5).paths == (APP,)


def test_many_invented_folders_are_dropped() -> None:
    assert LOOKUP.resolve("x/" * 100 + APP) == APP
    assert LOOKUP.resolve("x/" * 100 + "flask/app.py") == APP
    assert LOOKUP.resolve("x/" * 100 + "setup.py") == ""


def test_blocks_in_order_and_the_open_one_last() -> None:
    text = "a\n```x\none\n```\nb\n~~~\ntwo\n```\n~~~\n```\nthree"
    assert fenced_blocks(text) == [["one"], ["two", "```"], ["three"]]


@given(st.text(max_size=400), st.integers(1, 6))
def test_any_text_gives_known_paths_at_most_the_limit_each_once(reply: str, limit: int) -> None:
    parsed = parse_paths(reply, LOOKUP, limit)
    assert set(parsed.paths) <= set(PATHS)
    assert len(parsed.paths) == len(set(parsed.paths)) <= limit


NOISE = st.text(alphabet=" \t-*`#>.\n", max_size=12)


@given(st.lists(st.sampled_from(PATHS[:6]), min_size=1, max_size=5, unique=True), NOISE)
def test_a_clean_list_survives_whatever_stands_before_it(paths: list[str], noise: str) -> None:
    reply = f"{noise.replace('`', '')}\n```\n" + "\n".join(paths) + "\n```"
    assert parse_paths(reply, LOOKUP, 6).paths == tuple(paths)


@given(st.sampled_from(PATHS), st.text(alphabet="abc/.\\", max_size=20))
def test_what_resolves_shares_the_file_name(path: str, prefix: str) -> None:
    found = LOOKUP.resolve(prefix + "/" + path)
    assert found in ("", path) or found.endswith(path.rpartition("/")[2])
