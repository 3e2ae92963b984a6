"""The code budgets of docs/design/budgets: file and function lengths, nesting, names, tests per line of code.

Prints each offender and exits 1 when there is one.
"""

import ast
import sys
from pathlib import Path
from statistics import median, quantiles

FILE_STOP, FILE_MEDIAN = 300, 120
FUNCTION_STOP, FUNCTION_P95 = 60, 40
NESTING_STOP = 4
BANNED = {"util", "utils", "common", "helpers", "helper", "misc"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> int:
    """Measure the tree around this file and print the figures."""
    root = Path(__file__).resolve().parent.parent
    code = sorted(path for package in ("agentless", "harness") for path in (root / package).rglob("*.py"))
    tests = sorted((root / "tests").rglob("*.py"))
    problems = [line for path in code + tests for line in offences(path, path.relative_to(root))]
    lengths = [count(path) for path in code if count(path) > 3]
    functions = [length for path in code for _, length, _ in measured(path)]
    ratio = sum(map(count, tests)) / max(1, sum(map(count, code)))
    p95 = quantiles(functions, n=20)[-1] if len(functions) > 1 else 0.0
    if median(lengths) > FILE_MEDIAN:
        problems.append(f"the median file has {median(lengths):.0f} lines, more than {FILE_MEDIAN}")
    if p95 > FUNCTION_P95:
        problems.append(f"the 95th percentile of functions has {p95:.0f} lines, more than {FUNCTION_P95}")
    if ratio < 1.0:
        problems.append(f"{ratio:.2f} lines of tests per line of code, fewer than 1.0")
    sys.stdout.write("".join(f"{line}\n" for line in problems))
    sys.stdout.write(
        f"budgets: {len(code)} files, median {median(lengths):.0f}, max {max(lengths)} lines; "
        f"{len(functions)} functions, p95 {p95:.0f}, max {max(functions)}; tests : code {ratio:.2f}; "
        f"{len(problems)} offenders\n"
    )
    return bool(problems)


def count(path: Path) -> int:
    """Lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def offences(path: Path, shown: Path) -> list[str]:
    """One line for each hard limit that the file breaks."""
    found = []
    if BANNED & {shown.stem, *shown.parts[:-1]}:
        found.append(f"{shown}: a name that says nothing")
    if count(path) > FILE_STOP:
        found.append(f"{shown}: {count(path)} lines, more than {FILE_STOP}")
    for name, length, depth in measured(path):
        if length > FUNCTION_STOP:
            found.append(f"{shown}: {name} has {length} lines, more than {FUNCTION_STOP}")
        if depth > NESTING_STOP:
            found.append(f"{shown}: {name} is nested {depth} deep, more than {NESTING_STOP}")
    return found


def measured(path: Path) -> list[tuple[str, int, int]]:
    """Name, lines and nesting depth of every function of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return [(node.name, (node.end_lineno or 0) - node.lineno + 1, nesting(node)) for node in functions]


def nesting(node: ast.AST) -> int:
    """Depth of the deepest block inside a node; `elif` does not count as deeper, nor does a nested function."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child) + (isinstance(child, BLOCKS) and not chained))
    return deepest


if __name__ == "__main__":
    sys.exit(main())
