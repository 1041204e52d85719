"""Measures how densely Python files are written and how plainly their bindings are named.

Tokens are those of `tokenize` on Python 3.11, where an f-string is one token, without comments,
line ends, indents and docstrings. A nested function counts with the function around it.
Migrations are left out.
"""

import argparse
import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MANY_BRANCHES = 10
FEW_LINES = 5  # a shorter function says little about its tokens per line
VAGUE_NAMES = {
    "asked",
    "doing",
    "done",
    "found",
    "gone",
    "kept",
    "known",
    "looked",
    "made",
    "one",
    "put",
    "said",
    "seen",
    "taken",
    "told",
    "wanted",
    "went",
}
LAYOUT_TOKENS = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.match_case,
    ast.comprehension,
)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """A function or method with its nested functions."""

    path: Path
    line: int
    name: str
    tokens: int
    lines: int
    branches: int

    @property
    def tokens_per_line(self) -> float:
        """Tokens of a code line; 0 for a function of few lines."""
        return self.tokens / self.lines if self.lines >= FEW_LINES else 0.0


@dataclass(frozen=True, order=True)
class Binding:
    """A name that gets a value: assigned, looped over, caught, an argument, a pattern's capture."""

    path: Path
    line: int
    name: str
    in_comprehension: bool

    @property
    def is_vague(self) -> bool:
        """Whether the name says nothing about what it holds."""
        return self.name.strip("_").lower() in VAGUE_NAMES


@dataclass(frozen=True)
class FileMeasures:
    """What is counted in one file."""

    functions: Sequence[Function]
    bindings: Sequence[Binding]
    tokens: int
    code_lines: int  # with docstrings, without comments of their own
    comment_lines: int
    format_skips: int

    @property
    def vague_bindings(self) -> list[Binding]:
        """The bindings whose name says nothing."""
        return [binding for binding in self.bindings if binding.is_vague]


def measure_file(path: Path) -> FileMeasures:
    """Counts everything in one file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=str(path))
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    comment_lines = sum(token.line.lstrip().startswith("#") for token in comments)
    filled_lines = sum(bool(line.strip()) for line in text.splitlines())
    tokens_on = _tokens_on_lines(tokens, _docstring_lines(tree))
    return FileMeasures(
        functions=[_function(path, node, tokens_on) for node in _outer_functions(tree)],
        bindings=sorted(_bindings(path, tree)),
        tokens=tokens_on.total(),
        code_lines=filled_lines - comment_lines,
        comment_lines=comment_lines,
        format_skips=sum("fmt: skip" in comment.string for comment in comments),
    )


def _tokens_on_lines(
    tokens: Sequence[tokenize.TokenInfo], docstring_lines: set[int]
) -> Counter[int]:
    return Counter(
        token.start[0]
        for token in tokens
        if token.type not in LAYOUT_TOKENS
        and token.type != tokenize.COMMENT
        and token.start[0] not in docstring_lines
    )


def _docstring_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        match getattr(node, "body", None):
            case [ast.Expr(value=ast.Constant(value=str())) as docstring, *_]:
                lines.update(_lines_of(docstring))
    return lines


def _lines_of(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _outer_functions(node: ast.AST) -> Iterator[FunctionNode]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode):
            yield child
        else:
            yield from _outer_functions(child)


def _function(path: Path, node: FunctionNode, tokens_on: Counter[int]) -> Function:
    token_counts = [tokens_on[line] for line in _lines_of(node)]
    return Function(
        path=path,
        line=node.lineno,
        name=node.name,
        tokens=sum(token_counts),
        lines=sum(count > 0 for count in token_counts),
        branches=_branches(node),
    )


def _branches(function: FunctionNode) -> int:
    """Forks of the way through: statements, comprehensions and their conditions, every and/or."""
    count = 0
    for node in ast.walk(function):
        if isinstance(node, BRANCHES):
            count += 1
        if isinstance(node, ast.comprehension):
            count += len(node.ifs)
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
    return count


def _bindings(path: Path, tree: ast.Module) -> Iterator[Binding]:
    comprehensions = [node for node in ast.walk(tree) if isinstance(node, ast.comprehension)]
    inside = {id(name) for node in comprehensions for name in ast.walk(node.target)}
    for node in ast.walk(tree):
        name = _bound_name(node)
        if name not in {None, "self", "cls"}:
            yield Binding(path, getattr(node, "lineno", 0), str(name), id(node) in inside)


def _bound_name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(ctx=ast.Store()):
            return node.id
        case ast.arg():
            return node.arg
        case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
            return node.name
        case _:
            return None


def python_files(paths: Sequence[Path]) -> list[Path]:
    """The Python files under some paths, in order, without migrations."""
    files: set[Path] = set()
    for path in paths:
        files.update(path.rglob("*.py") if path.is_dir() else [path])
    return sorted(file for file in files if "migrations" not in file.parts)


def measure_files(paths: Sequence[Path]) -> list[FileMeasures]:
    """The measures of every Python file under some paths."""
    return [measure_file(path) for path in python_files(paths)]


def vague_bindings_outside(files: Sequence[FileMeasures]) -> list[Binding]:
    """The bindings with a vague name that are no comprehension's own."""
    return [
        binding for file in files for binding in file.vague_bindings if not binding.in_comprehension
    ]


def style_table(files: Sequence[FileMeasures]) -> list[tuple[str, str, str]]:
    """Rows of measure, figure and aim, as in house.md."""
    functions = [function for file in files for function in file.functions]
    format_skips = sum(file.format_skips for file in files)
    vague = sum(len(file.vague_bindings) for file in files)
    outside = len(vague_bindings_outside(files))
    return [
        ("function tokens, median / 90th percentile", _function_tokens(functions), "<= 50/170"),
        ("tokens per line", _tokens_per_line(files), "<= 7"),
        ("functions with more than 10 branches", _branching_share(functions), "<= 2 %"),
        ("comment lines of their own", _comment_share(files), "2 to 5 %"),
        ("`# fmt: skip`", str(format_skips), "0"),
        ("bindings with a vague name", _vague_share(files), "<= 1 %"),
        ("of these inside comprehensions", str(vague - outside), ""),
        ("of these outside comprehensions", str(outside), "0"),
    ]


def _function_tokens(functions: Sequence[Function]) -> str:
    tokens = sorted(function.tokens for function in functions)
    if not tokens:
        return "-"
    return f"{statistics.median_low(tokens)}/{tokens[len(tokens) * 9 // 10]}"


def _tokens_per_line(files: Sequence[FileMeasures]) -> str:
    tokens = sum(file.tokens for file in files)
    lines = sum(file.code_lines for file in files)
    return f"{tokens / lines:.1f}" if lines else "-"


def _branching_share(functions: Sequence[Function]) -> str:
    branching = [function for function in functions if function.branches > MANY_BRANCHES]
    return _percent(len(branching), len(functions))


def _comment_share(files: Sequence[FileMeasures]) -> str:
    comment_lines = sum(file.comment_lines for file in files)
    code_lines = sum(file.code_lines for file in files)
    return _percent(comment_lines, comment_lines + code_lines)


def _vague_share(files: Sequence[FileMeasures]) -> str:
    vague = sum(len(file.vague_bindings) for file in files)
    return _percent(vague, sum(len(file.bindings) for file in files))


def _percent(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "-"


def print_table(rows: Sequence[tuple[str, str, str]]) -> None:
    """A Markdown table."""
    print("| measure | here | aim |")
    print("|---|--:|--:|")
    for measure, figure, aim in rows:
        print(f"| {measure} | {figure} | {aim} |")


def print_worst(functions: Sequence[Function], count: int) -> None:
    """The functions with most tokens, most branches, most tokens per line."""
    measures: list[tuple[str, Callable[[Function], float]]] = [
        ("tokens", lambda function: function.tokens),
        ("branches", lambda function: function.branches),
        ("tokens per line", lambda function: function.tokens_per_line),
    ]
    for title, measure in measures:
        print(f"\nMost {title}:")
        for function in sorted(functions, key=measure, reverse=True)[:count]:
            print(f"{measure(function):7.4g}  {function.path}:{function.line}  {function.name}")


def print_names(bindings: Sequence[Binding]) -> None:
    """The vague names, each with file and line."""
    print("\nVague names outside comprehensions:")
    for binding in bindings:
        print(f"{binding.path}:{binding.line}: {binding.name}")


def main() -> int:
    """Prints the table, then what the options ask for; 1 where --names finds any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, default=[Path("src")], metavar="PATH")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="the N worst functions")
    parser.add_argument(
        "--names", action="store_true", help="vague names, each with file and line; status 1 if any"
    )
    options = parser.parse_args()
    files = measure_files(options.paths)
    print_table(style_table(files))
    if options.worst:
        print_worst([function for file in files for function in file.functions], options.worst)
    vague = vague_bindings_outside(files) if options.names else []
    if vague:
        print_names(vague)
    return 1 if vague else 0


if __name__ == "__main__":
    sys.exit(main())
