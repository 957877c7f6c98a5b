"""Run benchmarks by path, ``python tools/bench [ROW]...``: a table, and ``build/bench.json``."""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
sys.path.insert(0, str(REPOSITORY))  # the packages measured are those beside us

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from row import ROWS, Options, Row, judge  # noqa: E402

DEFAULT_OUTPUT = REPOSITORY / "build" / "bench.json"
DEFAULT_SEED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows named, or all; 0 when every goal is met, 1 when not, 2 for a wrong call."""
    discover()
    choice = parser().parse_args(arguments)
    if choice.list:
        for row in ROWS.values():
            print(f"{row.name}: {row.unit}, {row.goal}")
        return 0
    unknown = sorted(set(choice.rows) - set(ROWS))
    if unknown:
        print(f"bench: no row named {', '.join(unknown)}; there are {', '.join(ROWS)}")
        return 2
    options = Options(choice.seed, choice.images, choice.quick)
    results = []
    for name in choice.rows or ROWS:
        results.append(run(ROWS[name], options, in_process=choice.in_process))
        write(results, choice.output)
    if not choice.in_process:
        show(results)
    return 0 if all(result["met"] for result in results) else 1


def discover() -> None:
    """Import every module of ``rows/``; each registers what it measures."""
    for path in sorted((HERE / "rows").glob("*.py")):
        importlib.import_module(f"rows.{path.stem}")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    usage = argparse.ArgumentParser(prog="python tools/bench", description=__doc__)
    usage.add_argument("rows", nargs="*", metavar="ROW", help="rows to run; all when none is named")
    usage.add_argument("--list", action="store_true", help="name the rows and their goals")
    usage.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of every random choice")
    usage.add_argument("--images", type=Path, metavar="DIR", help="OTA files for image-parse")
    usage.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, metavar="FILE")
    usage.add_argument("--quick", action="store_true", help="tiny sizes; figures mean nothing")
    usage.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    return usage


def run(row: Row, options: Options, *, in_process: bool) -> dict[str, Any]:
    """Measure one row, in a process of its own if it wants one."""
    print(f"bench: {row.name} ...", file=sys.stderr, flush=True)
    if row.fresh_process and not in_process:
        return run_apart(row, options)
    return judge(row, row.measure(options), options.seed)


def run_apart(row: Row, options: Options) -> dict[str, Any]:
    """Measure one row in a new interpreter; it reports through a file in the same form."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "row.json"
        command = [sys.executable, str(HERE), row.name, "--in-process"]
        command += ["--seed", str(options.seed), "--output", str(output)]
        command += ["--images", str(options.images)] if options.images else []
        command += ["--quick"] if options.quick else []
        ended = subprocess.run(command, stdout=sys.stderr, check=False)
        if not output.exists():
            sys.exit(f"bench: {row.name} ended with exit code {ended.returncode} and no figure")
        (result,) = json.loads(output.read_text())
    return dict(result)


def write(results: list[dict[str, Any]], output: Path) -> None:
    """Write the results so far; a long run that is stopped keeps what it has."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=2) + "\n")


def show(results: list[dict[str, Any]]) -> None:
    """Print the results as a table."""
    table = Table(title="zota benchmarks")
    for heading in ("row", "value", "peer", "ratio", "goal", "met", "note"):
        justify: Any = "right" if heading in {"value", "peer", "ratio"} else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for result in results:
        table.add_row(
            result["name"],
            f"{figure(result['value'])} {result['unit']}",
            figure(result["peer"]),
            figure(result["ratio"]),
            result["goal"],
            "yes" if result["met"] else "[bold red]NO[/]",
            result["note"],
        )
    Console().print(table)


def figure(value: float | None) -> str:
    """Print a figure with four significant digits, thousands separated."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
