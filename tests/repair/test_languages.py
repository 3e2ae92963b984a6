"""Elements of other languages than Python: asked for, forced, cut out and put back."""

from pathlib import Path

import pytest

from agentless.llm.fake import ScriptedModel
from agentless.records import Instance, Localization, Location, RankedFile, SampleOutcome
from agentless.repair.context import Context
from agentless.repair.grammar import rewrite_grammar
from agentless.repair.outcome import Refusal
from agentless.repair.plan import contexts_of
from agentless.repair.rewrite import Rewritten, rewrite
from agentless.repo import RepoSnapshot, language_of, parse_symbols, syntax_error
from agentless.repo.index import Index
from agentless.settings import RepairConfig
from tests.conftest import make_repo
from tests.repair.gbnf import accepts
from tests.repair.test_context import check_golden

GO = """\
package a

type Cart struct {
\tItems []Item
}

func (c *Cart) Total() int {
\ttext := `raw
  text`
\treturn len(text)
}

func First[T any](x T) T { return x }
"""
JAVASCRIPT = """\
export class Cart {
  static async total(x) {
    return `
${x}`;
  }

  #one() { return 1; }
}

export const twice = async (x) => {
  return 2 * x;
};

module.exports = {
  run(a) {
    return a;
  },
};
"""
TYPESCRIPT = """\
export abstract class Cart<T> implements Shown {
  private total(x: number): number {
    switch (x) {
      default:
        return 1;
    }
  }

  constructor(private a: string) {
    this.a = a;
  }
}
"""
JAVA = """\
public class Cart {
    @Override
    public int total(int x) throws Failure {
        return x;
    }

    public Cart(int a) {
        this.a = a;
    }
}
"""
CPP = """\
class Cart : public Base {
public:
    virtual int total() const override {
        return 1;
    }
    Cart() : a(1) {
    }
};

int Cart::sum(int x) {
    return x;
}
"""
C = "static int\ntotal(int *x)\n{\n    return *x;\n}\n"
RUST = "struct Cart { n: i32 }\n\nimpl Cart {\n    pub fn total(&self) -> i32 {\n        self.n\n    }\n}\n"
TEXTS = {
    "a.go": GO, "a.js": JAVASCRIPT, "a.ts": TYPESCRIPT, "Cart.java": JAVA, "a.cpp": CPP, "a.c": C, "a.rs": RUST,
}  # fmt: skip
HEADS = {
    ("a.go", "Cart"): "type Cart",
    ("a.go", "Cart.Total"): "func (c *Cart) Total",
    ("a.go", "First"): "func First",
    ("a.js", "Cart"): "export class Cart",
    ("a.js", "Cart.total"): "  static async total",
    ("a.js", "Cart.#one"): "  #one",
    ("a.js", "twice"): "export const twice",
    ("a.js", "run"): "  run",
    ("a.ts", "Cart"): "export abstract class Cart",
    ("a.ts", "Cart.total"): "  private total",
    ("a.ts", "Cart.constructor"): "  constructor",
    ("Cart.java", "Cart"): "public class Cart",
    ("Cart.java", "Cart.total"): "    @Override\n    public int total",
    ("Cart.java", "Cart.Cart"): "    public Cart",
    ("a.cpp", "Cart"): "class Cart",
    ("a.cpp", "Cart.total"): "    virtual int total",
    ("a.cpp", "Cart.Cart"): "    Cart",
    ("a.cpp", "Cart.sum"): "int Cart::sum",
    ("a.c", "total"): "static int\ntotal",
    ("a.rs", "Cart"): "struct Cart",
    ("a.rs", "Cart.total"): "    pub fn total",
}


def element(path: str, name: str) -> Location:
    symbols = parse_symbols(TEXTS[path], language_of(path))
    symbol = next(symbol for symbol in symbols if symbol.name == name)
    return Location(
        path=path, start_line=symbol.start_line, end_line=symbol.end_line, kind=symbol.kind, name=symbol.name
    )


def lines_of(path: str, name: str) -> list[str]:
    found = element(path, name)
    return TEXTS[path].split("\n")[found.start_line - 1 : found.end_line]


def reply_of(path: str, lines: list[str]) -> str:
    return "\n".join([f"```{language_of(path)}", *lines, "```"])


def read(reply: str, path: str, name: str) -> Rewritten | Refusal:
    return rewrite(reply, TEXTS[path], element(path, name), language_of(path))


@pytest.mark.parametrize(("path", "name"), HEADS)
def test_the_fence_and_the_head_are_the_files_own(path: str, name: str) -> None:
    grammar = rewrite_grammar(TEXTS[path], element(path, name))
    lines = lines_of(path, name)
    text = reply_of(path, lines)
    head = HEADS[path, name]
    assert "\n".join(lines).startswith(head)
    assert accepts(grammar, text)
    assert accepts(grammar, f"```{language_of(path)}\n{head}x\n```")
    assert not accepts(grammar, text.replace(language_of(path), "python", 1))
    assert not accepts(grammar, "\n".join([f"```{language_of(path)}", "x", *lines, "```"]))


@pytest.mark.parametrize(("path", "name"), HEADS)
def test_a_copy_changes_nothing_however_it_is_indented(path: str, name: str) -> None:
    lines = lines_of(path, name)
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    flat = [line.removeprefix(indent) for line in lines]
    deep = [f"        {line}" if line not in {"${x}`;", "  text`"} else line for line in flat]
    head_only = [lines[0].lstrip(), *lines[1:]]
    for variant in (lines, flat, deep, head_only):
        result = read(reply_of(path, variant), path, name)
        assert isinstance(result, Rewritten), result
        assert result.text == TEXTS[path]
        assert not syntax_error(path, result.text)


@pytest.mark.parametrize("before", ["```go\n", "```golang\n", "```\n", "~~~\n", "Here it is:\n```go\n", ""])
def test_any_fence_is_read(before: str) -> None:
    end = "~~~" if "~" in before else "```" if before else ""
    result = read(f"{before}func First[T any](y T) T {{\n    return y\n}}\n{end}", "a.go", "First")
    assert isinstance(result, Rewritten)
    assert "func First[T any](y T) T {\n" in result.text
    assert not syntax_error("a.go", result.text)


def test_blanks_become_the_tabs_of_the_file() -> None:
    result = read(
        "```go\nfunc (c *Cart) Total() int {\n    if c == nil {\n        return 0\n    }\n    return 1\n}\n```",
        "a.go",
        "Cart.Total",
    )
    assert isinstance(result, Rewritten)
    assert "{\n\tif c == nil {\n\t\treturn 0\n\t}\n\treturn 1\n}\n\nfunc First" in result.text


def test_what_stands_beside_the_element_is_dropped() -> None:
    code = "import x from 'x';\n\nclass Cart {\n  other() {}\n\n  static async total(x) {\n    return 1;\n  }\n}"
    result = read(f"```js\n{code}\n```", "a.js", "Cart.total")
    assert isinstance(result, Rewritten)
    assert result.text == JAVASCRIPT.replace("return `\n${x}`;", "return 1;")


LOST: dict[str, tuple[SampleOutcome, str]] = {
    "python": ("syntax_error", "```python\ndef total(x):\n    return 1\n```"),
    "another name": ("malformed_edit", "```js\nsum(x) {\n  return 1;\n}\n```"),
    "another function": ("malformed_edit", "```js\nfunction sum(x) {\n  return 1;\n}\n```"),
    "broken": ("syntax_error", "```js\nstatic async total(x) {\n  return (1;\n}\n```"),
    "ends the class": ("syntax_error", "```js\nstatic async total(x) {\n  return 1;\n}\n}\n}\n```"),
    "left out": ("malformed_edit", "```js\ntotal(x) {\n  // ... rest of the code\n  return 1;\n}\n```"),
    "prose": ("no_edit", "The total should be doubled."),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_reply_has_its_reason(name: str) -> None:
    outcome, reply = LOST[name]
    refused = read(reply, "a.js", "Cart.total")
    assert isinstance(refused, Refusal), refused
    assert refused.outcome == outcome


async def context(folder: Path, path: str, name: str) -> Context:
    """The prompt for one element of a repository of these files."""
    found = element(path, name)
    where = Localization(instance_id="a-1", files=(RankedFile(path=path, score=1.0),), elements=(found,))
    issue = Instance(instance_id="a-1", repo="a/a", base_commit="HEAD", problem_statement="total is 1")
    config = RepairConfig(max_tokens=1000, edit_format="rewrite_function")
    with RepoSnapshot.open(make_repo(folder, TEXTS), "HEAD") as snapshot:
        model = ScriptedModel([], context_tokens=16_000)
        (made,) = await contexts_of(issue, Index.build(snapshot), where, model, config)
    return made


async def test_golden_go_method_with_the_fields_of_its_type(tmp_path: Path) -> None:
    check_golden("rewrite_go", await context(tmp_path, "a.go", "Cart.Total"))


async def test_golden_typescript_method_with_the_head_of_its_class(tmp_path: Path) -> None:
    check_golden("rewrite_typescript", await context(tmp_path, "a.ts", "Cart.constructor"))


@pytest.mark.parametrize(
    ("path", "name", "spoken"), [("a.cpp", "Cart.sum", "C++"), ("a.rs", "Cart.total", "Rust")]
)
async def test_the_prompt_names_the_language(tmp_path: Path, path: str, name: str, spoken: str) -> None:
    system, user = (await context(tmp_path, path, name)).messages
    assert system.content.endswith(f"bugs in {spoken} code.")
    assert f"in one ```{language_of(path)} block" in user.content
