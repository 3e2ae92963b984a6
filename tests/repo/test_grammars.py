"""Every language of the `languages` extra through the same mechanism; texts are in order of position."""

import pytest

from agentless.repo import grammars
from agentless.repo.grammars import (
    GRAMMARS,
    captures,
    grammar_version,
    has_grammar,
    is_junk,
    load_query,
    parse,
    query_text,
)
from agentless.repo.symbols import read_symbols

JAVASCRIPT = """\
import a from "./m";
const fs = require("fs");
// a comment
export class Foo extends Bar {
  constructor(x) { this.x = x; }
  async load() {
    return 1;
  }
}
export const handler = async (x) => {
  return x;
};
const LIMIT = 3, OTHER = [1];
function top(a) {
  function inner() {}
}
export default function dflt() {}
"""
TYPESCRIPT = """\
import { A } from "m";
export interface I { a: string }
abstract class C<T> { abstract foo(): void; bar(): T { return 1 as any; } }
enum E { A, B }
type X = string;
namespace N { export function f(): void {} }
export const g = (x: number): number => x + 1;
"""
JAVA = """\
package a.b;
import java.util.List;
/** doc */
public class A<T> implements B {
  private int x;
  @Override
  public int f(int a) { return a; }
  A() {}
  class Inner { void g() {} }
}
interface Z { void h(); }
"""
GO = """\
package main
import ("fmt"; m "a/b")
const X = 1
var ( A = 1
 B = 2 )
type T struct { x int }
func (t *T) Get() int { return t.x }
func (l List[K]) Len() int { return 1 }
func main() {
}
"""
RUST = """\
use std::io::Read;
const X: u32 = 1;
struct S<T> { a: T }
impl<T> S<T> { pub async fn new() -> Self { } fn b(&self) {} }
impl Trait for Foo { fn c() {} }
trait Tr { fn d(&self); fn e() {} }
mod inner { fn f() {} }
fn main() {
}
"""
C = """\
#include <stdio.h>
#define N 3
struct P { int x; };
static int g = 1;
int *f(int a) { return 0; }
static void h(void)
{
}
"""
CPP = """\
#include <vector>
namespace n {
template <typename T>
class A : public B {
 public:
  ~A() {}
  int f() const { return 1; }
  A& operator=(const A& o) { return *this; }
};
int A::g() { return 2; }
}
int main() { return 0; }
"""
EXPECTED = {
    "javascript": (JAVASCRIPT, [
        ("class", "Foo", 4, 9), ("method", "Foo.constructor", 5, 5), ("async_method", "Foo.load", 6, 8),
        ("async_function", "handler", 10, 12), ("constant", "LIMIT", 13, 13), ("constant", "OTHER", 13, 13),
        ("function", "top", 14, 16), ("function", "top.inner", 15, 15), ("function", "dflt", 17, 17),
    ], ["./m", "fs"]),
    "typescript": (TYPESCRIPT, [
        ("class", "I", 2, 2), ("class", "C", 3, 3), ("method", "C.foo", 3, 3), ("method", "C.bar", 3, 3),
        ("class", "E", 4, 4), ("constant", "X", 5, 5), ("function", "N.f", 6, 6), ("function", "g", 7, 7),
    ], ["m"]),
    "tsx": ("export function App() { return <div/>; }\n", [("function", "App", 1, 1)], []),
    "java": (JAVA, [
        ("class", "A", 4, 10), ("method", "A.f", 6, 7), ("method", "A.A", 8, 8), ("class", "A.Inner", 9, 9),
        ("method", "A.Inner.g", 9, 9), ("class", "Z", 11, 11), ("method", "Z.h", 11, 11),
    ], ["java.util.List"]),
    "go": (GO, [
        ("constant", "X", 3, 3), ("constant", "A", 4, 5), ("constant", "B", 4, 5), ("class", "T", 6, 6),
        ("method", "T.Get", 7, 7), ("method", "List.Len", 8, 8), ("function", "main", 9, 10),
    ], ["fmt", "a/b"]),
    "rust": (RUST, [
        ("constant", "X", 2, 2), ("class", "S", 3, 3), ("async_method", "S.new", 4, 4), ("method", "S.b", 4, 4),
        ("method", "Foo.c", 5, 5), ("class", "Tr", 6, 6), ("method", "Tr.d", 6, 6), ("method", "Tr.e", 6, 6),
        ("function", "inner.f", 7, 7), ("function", "main", 8, 9),
    ], ["std::io::Read"]),
    "c": (C, [
        ("constant", "N", 2, 2), ("class", "P", 3, 3), ("constant", "g", 4, 4), ("function", "f", 5, 5),
        ("function", "h", 6, 8),
    ], ["<stdio.h>"]),
    "cpp": (CPP, [
        ("class", "n.A", 3, 9), ("method", "n.A.~A", 6, 6), ("method", "n.A.f", 7, 7),
        ("method", "n.A.operator=", 8, 8),
        ("function", "n.A.g", 10, 10), ("function", "main", 12, 12),
    ], ["<vector>"]),
}  # fmt: skip


@pytest.mark.parametrize("language", EXPECTED)
def test_definitions_and_imports(language: str) -> None:
    text, expected, imports = EXPECTED[language]
    parsed = read_symbols(text.encode(), language)
    found = [
        (symbol.kind, symbol.name, symbol.start_line, symbol.end_line)
        for symbol in parsed.symbols
        if symbol.kind != "import" and symbol.name != "fs"
    ]
    assert found == expected
    assert list(parsed.imports) == imports


def test_every_language_is_tested() -> None:
    assert {*EXPECTED, "python"} == set(GRAMMARS)


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_every_query_fits_its_grammar(language: str) -> None:
    assert load_query(language).capture_count > 0
    assert "; See python.scm" in query_text(language) or language == "python"


@pytest.mark.parametrize("language", sorted(GRAMMARS))
@pytest.mark.parametrize("text", ["", "}", "((((", "\x00", "\u00fc", "/*", '"', "{" * 200])
def test_odd_texts_do_not_crash(language: str, text: str) -> None:
    read_symbols(text.encode(), language)


def test_a_language_without_its_package_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = grammars.Grammar("tree_sitter_that_nobody_installed", "python")
    monkeypatch.setitem(GRAMMARS, "imaginary", missing)
    assert not has_grammar("imaginary")
    assert grammar_version("imaginary") == ""
    assert read_symbols(b"def f(): pass\n", "imaginary").symbols == ()


def test_versions_differ_by_language_and_name_the_package() -> None:
    versions = {language: grammar_version(language) for language in GRAMMARS}
    assert len({versions["python"], versions["javascript"], versions["go"]}) == 3
    assert all("+" in version for version in versions.values())
    assert grammar_version("ruby") == ""


def test_captures_come_in_order_and_outer_ones_first() -> None:
    tree = parse(b"@d\ndef f():\n    pass\n", "python")
    found = [(name, node.start_byte) for name, node in captures(tree, "python")]
    assert [start for _, start in found] == sorted(start for _, start in found)
    assert [name for name, _ in found][:2] == ["outer", "function"]


def test_only_heaps_of_unnamed_tokens_are_junk() -> None:
    assert is_junk(parse(b"(" * 6000, "python").root_node)
    assert is_junk(parse(b"def f(): pass\nx = 1\n" + b"(" * 6000, "python").root_node)
    assert not is_junk(parse(b"x = [" + b"1, " * 20_000 + b"]\n", "python").root_node)
    assert not is_junk(parse(b"f(\n" * 10, "python").root_node)
    assert not is_junk(parse(b"x = 1\n" * 20_000, "python").root_node)


def test_a_long_list_of_numbers_keeps_its_file_readable() -> None:
    text = b"def f():\n    pass\nDATA = [" + b"1, " * 20_000 + b"]\ndef g():\n    pass\n"
    assert [symbol.name for symbol in read_symbols(text, "python").symbols] == ["f", "DATA", "g"]
