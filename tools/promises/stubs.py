"""Gives a promised name as its bare declaration: signature, fields, members, and not how it does it.

Reads source and imports nothing. Knows Python's syntax, and nothing of what a name is for.
"""

import ast
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

LONGEST_VALUE: Final = 60  # characters of a constant that are shown; longer ones are tables
WIDTH: Final = "88"  # columns of what is shown
SHOWN_SPECIAL: Final = frozenset(("__init__", "__call__", "__aenter__", "__enter__"))

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Declaration(NamedTuple):
    """A name as it is declared.

    Attributes:
        text: Python, with ``...`` for what it does.
        said: its docstring, or nothing.
        methods: of a class, each with its docstring.
    """

    text: str
    said: str
    methods: tuple[tuple[str, str], ...]


@cache
def declaration(root: Path, module: str, name: str) -> Declaration:
    """Find where a name is declared, through whatever imports it, and give its declaration.

    Args:
        root: where the packages are.
        module: from which it is imported.
        name: of a function, class or constant.

    Raises:
        LookupError: the module has no such name.
    """
    tree = parsed(root, module)
    nodes = [node for node in _top(tree) if name in _names(node)]
    if not nodes:
        return _imported(root, module, name, tree)
    text = "\n".join(ast.unparse(bare(node)) for node in nodes)
    node = nodes[-1]
    if isinstance(node, ast.ClassDef):
        return Declaration(text, ast.get_docstring(node) or "", tuple(_methods(node)))
    said = ast.get_docstring(node) if isinstance(node, Function) else None
    return Declaration(text, said or "", ())


@cache
def parsed(root: Path, module: str) -> ast.Module:
    """Read the source of a module.

    Raises:
        LookupError: there is none.
    """
    path = root.joinpath(*module.split("."))
    for place in (path / "__init__.py", path.with_suffix(".py")):
        if place.is_file():
            return ast.parse(place.read_text("utf-8"))
    raise LookupError(f"{module}: there is no such module")


def formatted(texts: Sequence[str]) -> list[str]:
    """Lay out declarations for readers, as stubs are."""
    with tempfile.TemporaryDirectory(prefix="zota-stubs-") as name:
        paths = [Path(name) / f"{number}.pyi" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, "utf-8")
        program = [sys.executable, "-m", "ruff", "format", "--quiet", "--isolated"]
        subprocess.run([*program, "--line-length", WIDTH, name], check=True)
        return [path.read_text("utf-8").rstrip() for path in paths]


def bare(node: ast.stmt) -> ast.stmt:
    """A declaration without what it does; the tree that it is taken from stays as it is."""
    node = ast.parse(ast.unparse(node)).body[0]
    if isinstance(node, Function):
        node.body = [ast.Expr(ast.Constant(...))]
    elif isinstance(node, ast.ClassDef):
        kept = [bare(child) for child in node.body if _is_shown(child)]
        node.body = kept or [ast.Expr(ast.Constant(...))]
    elif isinstance(node, ast.Assign | ast.AnnAssign) and _is_long(node.value):
        node.value = ast.Constant(...)
    return node


def _is_long(value: ast.expr | None) -> bool:
    return value is not None and len(ast.unparse(value)) > LONGEST_VALUE


def _imported(root: Path, module: str, name: str, tree: ast.Module) -> Declaration:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return declaration(root, node.module, alias.name)
    raise LookupError(f"{module}: it has no {name}, which is promised")


def _top(tree: ast.Module) -> list[ast.stmt]:
    """What a type checker sees at the top of a module, imports apart."""
    nodes: list[ast.stmt] = []
    for node in tree.body:
        checked = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        nodes += node.body if isinstance(node, ast.If) and checked else [node]
    return [node for node in nodes if not isinstance(node, ast.ImportFrom | ast.Import)]


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, Function | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.AnnAssign):
        return {ast.unparse(node.target)}
    if isinstance(node, ast.Assign):
        return {ast.unparse(target) for target in node.targets}
    return set()


def _is_shown(node: ast.stmt) -> bool:
    names = _names(node)
    return bool(names) and all(not name.startswith("_") or name in SHOWN_SPECIAL for name in names)


def _methods(node: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (child.name, ast.get_docstring(child) or "")
        for child in node.body
        if isinstance(child, Function) and _is_shown(child) and not child.name.startswith("_")
    ]
