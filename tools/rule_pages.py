"""Write a page per rule from the code that checks it, or check that the pages are up to date.

    python tools/rule_pages.py           # rewrite docs/rules/
    python tools/rule_pages.py --check   # exit 1 if that would change anything

A page is read out of the rule's own functions: every ``Hit`` they make, with its severity, message,
expectation and cure. Knows how such a call is written, and nothing of what the rules mean.
"""

import argparse
import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))  # the rules described are those beside us

from images.rules.findings import rule_id  # noqa: E402
from images.rules.repository import manifest_hits  # noqa: E402
from images.rules.table import FILE_RULES, INDEX_RULE, RULES  # noqa: E402
from images.rules.vendors import VENDORS  # noqa: E402

FOLDER = REPOSITORY / "docs" / "rules"
SEVERITIES: Final = {"E": "error", "W": "warning", "I": "information"}
PARTS: Final = ("severity", "message", "offset", "expected", "actual", "cure")  # order of Hit
GAP: Final = "…"  # stands for what depends on the file


class Check(NamedTuple):
    """One function of a rule: its name in words, and what it may say."""

    name: str
    hits: tuple[dict[str, str], ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or say which are stale."""
    usage = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    usage.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    usage.add_argument("--folder", type=Path, default=FOLDER)
    choice = usage.parse_args(arguments)
    wanted = pages()
    there = {path.name: path.read_text("utf-8") for path in choice.folder.glob("*.md")}
    stale = sorted(
        name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)
    )
    if choice.check:
        for name in stale:
            print(f"{choice.folder / name} is stale: run python tools/rule_pages.py")
        return 1 if stale else 0
    choice.folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (choice.folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (choice.folder / name).unlink()
    return 0


def pages() -> dict[str, str]:
    """File name -> content, for every rule and for the list of them."""
    whys: dict[int, str] = {}
    checks: dict[int, list[Check]] = {}
    for row in (*FILE_RULES, *RULES):
        whys.setdefault(row.number, row.why)
        checks.setdefault(row.number, []).append(described(row.check))
    checks[INDEX_RULE.number].append(described(manifest_hits))
    found = {f"{rule_id(n)}.md": page(n, whys[n], checks[n]) for n in sorted(checks)}
    lines = [f"* [{rule_id(n)}]({rule_id(n)}.md): {whys[n]}" for n in sorted(checks)]
    head = "# Rules of `zota image validate`\n\nWritten from the code by `make docs`.\n\n"
    return {**found, "README.md": head + "\n".join(lines) + "\n"}


def page(number: int, why: str, checks: Sequence[Check]) -> str:
    """The page of one rule."""
    lines = [f"# {rule_id(number)}", "", f"Why it matters: {why}.", ""]
    for check in checks:
        lines += [f"## {check.name}", "", "| severity | finding | expected | cure |"]
        lines += ["|---|---|---|---|"]
        for hit in check.hits:
            cells = (hit.get(part, "") for part in ("severity", "message", "expected", "cure"))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    habits = sorted(name for name, vendor in VENDORS.items() if number in vendor.habits)
    if habits:
        named = ", ".join(f"`vendor:{name}`" for name in habits)
        lines += [f"Warnings are information under {named}.", ""]
    return "\n".join(lines)


def described(check: Callable[..., Any]) -> Check:
    """Read what a check may say, in itself and in the functions of its module that it calls."""
    module = sys.modules[check.__module__]
    calls = hit_calls(check, module, set())
    hits = tuple(rendered(call, vars(module)) for call in calls)
    return Check(check.__name__.replace("_", " ").capitalize(), hits)


def hit_calls(
    function: Callable[..., Any], module: ModuleType, seen: set[str]
) -> Iterator[ast.Call]:
    """Every call of ``Hit`` in a function and in those it calls."""
    seen.add(function.__name__)
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        called: Any = getattr(module, node.func.id, None)
        if node.func.id == "Hit":
            yield node
        elif is_own(called, module) and called.__name__ not in seen:
            yield from hit_calls(called, module, seen)


def is_own(called: Any, module: ModuleType) -> bool:
    """Whether it is a function of this very module."""
    return inspect.isfunction(called) and called.__module__ == module.__name__


def rendered(call: ast.Call, names: Mapping[str, Any]) -> dict[str, str]:
    """The parts of one ``Hit`` as text; ``names`` are those of its module."""
    parts = dict(zip(PARTS, call.args, strict=False))
    parts.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg})
    found = {name: text(node, names) for name, node in parts.items() if name != "severity"}
    return {**found, "severity": severity(parts["severity"])}


def severity(node: ast.expr) -> str:
    """A severity, one per profile, or several by a condition."""
    if isinstance(node, ast.Name):
        return SEVERITIES.get(node.id, "error or warning")
    if isinstance(node, ast.IfExp):
        return " or ".join(dict.fromkeys((severity(node.body), severity(node.orelse))))
    if isinstance(node, ast.Call):
        return ", ".join(
            f"{keyword.arg}: {severity(keyword.value)}"
            for keyword in node.keywords
            if not isinstance(keyword.value, ast.Constant)
        )
    return GAP


def text(node: ast.expr, names: Mapping[str, Any]) -> str:
    """A text with gaps where it depends on the file."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name) and isinstance(names.get(node.id), str):
        return str(names[node.id])
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part, names) for part in node.values)
    if isinstance(node, ast.IfExp):
        ways = (text(node.body, names), text(node.orelse, names))
        return " / ".join(dict.fromkeys(filter(None, ways)))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text(node.left, names) + text(node.right, names)
    return GAP


if __name__ == "__main__":
    sys.exit(main())
