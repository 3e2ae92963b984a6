import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentless.repo.paths import is_auxiliary_path, is_test_path, language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("a/b.pyi", "python"),
        ("A.PY", "python"),
        ("a.js", "javascript"),
        ("a.mjs", "javascript"),
        ("a.ts", "typescript"),
        ("a.d.ts", "typescript"),
        ("a.tsx", "tsx"),
        ("a.java", "java"),
        ("a.go", "go"),
        ("a.rs", "rust"),
        ("a.c", "c"),
        ("a.h", "c"),
        ("a.cpp", "cpp"),
        ("a.hpp", "cpp"),
        ("a.pyx", "cython"),
        ("Makefile", ""),
        ("py", ""),
        (".py", ""),
        ("a.py.txt", ""),
        ("dir.py/file", ""),
        ("a.", ""),
        ("", ""),
    ],
)
def test_language_by_name(path: str, language: str) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize(
    "path",
    [
        "tests/a.py",
        "pkg/tests/a.py",
        "pkg/tests/data/x.json",
        "test/a.py",
        "testing/test_x.py",
        "testing/python/fixtures.py",
        "src/test/java/A.java",
        "a/__tests__/b.js",
        "test_a.py",
        "pkg/test_a.py",
        "pkg/a_test.go",
        "a_tests.py",
        "a.test.ts",
        "a.spec.js",
        "conftest.py",
        "pkg/conftest.py",
        "pkg/tests.py",
        "FooTest.java",
        "FooTests.java",
        "spec/a_spec.rb",
        "Tests/a.py",
    ],
)
def test_tests(path: str) -> None:
    assert is_test_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "django/test/client.py",
        "django/test/testcases.py",
        "sympy/testing/runtests.py",
        "django/core/management/commands/test.py",
        "sphinx/testing/util.py",
        "src/_pytest/unittest.py",
        "pkg/attest.py",
        "pkg/latest.py",
        "contest/a.py",
        "pkg/testimony.py",
        "sklearn/utils/testing.py",
        "pkg/a.py",
        "test.py",
        "pytest.ini",
        "src/main/java/A.java",
        "Contest.java.txt",
        "",
    ],
)
def test_products_that_look_like_tests(path: str) -> None:
    assert not is_test_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "docs/conf.py",
        "doc/a.rst",
        "examples/x.py",
        "pkg/examples/y.py",
        "benchmarks/b.py",
        "scripts/s.sh",
        "tools/t.py",
        ".github/workflows/ci.yml",
        "asv_bench/a.py",
        "Docs/a.py",
        "node_modules/x/index.js",
    ],
)
def test_beside_the_point(path: str) -> None:
    assert is_auxiliary_path(path)


@pytest.mark.parametrize(
    "path", ["setup.py", "docs.py", "pkg/docs.py", "src/a.py", "pkg/document/a.py", ".travis.yml"]
)
def test_to_the_point(path: str) -> None:
    assert not is_auxiliary_path(path)


@given(st.text(max_size=40))
def test_any_text_has_an_answer(path: str) -> None:
    assert is_test_path(path) in (True, False)
    assert is_auxiliary_path(path) in (True, False)
    assert isinstance(language_of(path), str)


@given(st.lists(st.sampled_from(["a", "pkg", "test", "x.py", "docs"]), min_size=1, max_size=5))
def test_everything_below_a_tests_folder_is_a_test(parts: list[str]) -> None:
    assert is_test_path("/".join(["tests", *parts]))
    assert is_auxiliary_path("/".join(["docs", *parts]))
