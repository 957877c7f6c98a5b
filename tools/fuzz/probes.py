"""Compiles modules of ours so that they mark the places they run through; knows nothing of inputs.

A place is a statement inside a function, or the way past an ``if`` that has no ``else``. Marks stay:
an input that adds one went where none before it went, and asking whether it did costs one ``len``.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, NamedTuple, TypeAlias

NAME: Final = "__went_by__"  # of the marks, in every module compiled with them

Constant: TypeAlias = str | bytes | int


class ProbedPlace(NamedTuple):
    """Where a mark stands.

    Attributes:
        module: dotted name.
        line: of the statement, or of the ``if``.
        past: not the ``if`` itself, but the way on where its condition does not hold.
    """

    module: str
    line: int
    past: bool = False


class Probes:
    """Marks of all modules loaded through them.

    Attributes:
        marks: a key for each place that was run through.
        places: all there are, in the order of their numbers.
        constants: numbers and texts that stand in a module's code, which its inputs may hold.
    """

    def __init__(self) -> None:
        self.marks: dict[int, int] = {}
        self.places: list[ProbedPlace] = []
        self.constants: dict[str, frozenset[Constant]] = {}
        self._digests: dict[str, str] = {}

    def within(self, modules: Sequence[str]) -> frozenset[int]:
        """The numbers of all places in some modules, and in what lies below them."""
        names = set(_below(modules, {place.module for place in self.places}))
        places = enumerate(self.places)
        return frozenset(number for number, place in places if place.module in names)

    def words(self, modules: Sequence[str]) -> Iterator[Constant]:
        """What stands in the code of some modules, and of what lies below them."""
        for module in _below(modules, self.constants):
            yield from sorted(self.constants[module], key=repr)

    def sources(self, modules: Sequence[str]) -> str:
        """A digest over the code of some modules, and of what lies below them."""
        whole = "".join(self._digests[module] for module in _below(modules, self._digests))
        return hashlib.sha256(whole.encode()).hexdigest()

    def compile(self, source: bytes, path: str, module: str) -> CodeType:
        """Compile a module with a mark at every place."""
        tree = ast.parse(source, path)
        self._digests[module] = hashlib.sha256(source).hexdigest()
        self.constants[module] = frozenset(_constants(tree))
        marked = ast.fix_missing_locations(_Marking(self.places, module).visit(tree))
        code: CodeType = compile(marked, path, "exec", dont_inherit=True)
        return code

    def install(self, root: Path, packages: Sequence[str]) -> None:
        """Load these packages below ``root`` with marks from now on; none may be loaded yet."""
        loaded = sorted(set(packages) & set(sys.modules))
        if loaded:
            raise RuntimeError(f"{', '.join(loaded)}: loaded before its marks")
        sys.meta_path.insert(0, _Finder(self, root, packages))


def _below(modules: Sequence[str], known: Iterable[str]) -> list[str]:
    prefixes = tuple(f"{module}." for module in modules)
    return sorted(module for module in known if f"{module}.".startswith(prefixes))


def _constants(tree: ast.AST) -> Iterator[Constant]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str | bytes | int) and not isinstance(value, bool):
            yield value


class _Marking(ast.NodeTransformer):
    """Puts marks before the statements of functions."""

    def __init__(self, places: list[ProbedPlace], module: str) -> None:
        self._places = places
        self._module = module
        self._inside = 0

    def generic_visit(self, node: ast.AST) -> ast.AST:
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        self._inside += function
        super().generic_visit(node)
        if self._inside and not isinstance(node, ast.ClassDef | ast.Lambda | ast.IfExp):
            for name in ("body", "orelse", "finalbody"):
                self._mark_all(getattr(node, name, []))
        if self._inside and isinstance(node, ast.If) and not node.orelse:
            node.orelse = [self._mark(node, past=True)]
        self._inside -= function
        return node

    def _mark_all(self, block: list[ast.stmt]) -> None:
        marked = []
        for statement in block:
            marked += (
                [statement] if _says_nothing(statement) else [self._mark(statement), statement]
            )
        block[:] = marked

    def _mark(self, node: ast.stmt, *, past: bool = False) -> ast.stmt:
        number = len(self._places)
        self._places.append(ProbedPlace(self._module, node.lineno, past))
        marks = ast.Name(NAME, ast.Load())
        mark = ast.Subscript(marks, ast.Constant(number), ast.Store())
        return ast.copy_location(ast.Assign([mark], ast.Constant(1)), node)


def _says_nothing(node: ast.stmt) -> bool:
    """A docstring, and what only declares."""
    doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return doc or isinstance(node, ast.Global | ast.Nonlocal | ast.Pass)


class _Loader(SourceFileLoader):
    """Loads a module with marks; neither reads nor writes compiled files."""

    probes: Probes

    def get_code(self, fullname: str) -> CodeType:
        return self.probes.compile(self.get_data(self.path), self.path, fullname)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__[NAME] = self.probes.marks
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Finds sources even where a compiled module lies beside them."""

    def __init__(self, probes: Probes, root: Path, packages: Sequence[str]) -> None:
        self._loader = type("_MarkingLoader", (_Loader,), {"probes": probes})
        self._root = str(root)
        self._packages = frozenset(packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self._packages:
            return None
        for folder in path or (self._root,):
            found = FileFinder(folder, (self._loader, [".py"])).find_spec(fullname)
            if found is not None:
                return found
        return None
