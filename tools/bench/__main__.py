"""Run benchmarks by path, ``python tools/bench [ROW]...``: a table, and ``build/bench.json``."""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
sys.path.insert(0, str(REPOSITORY))  # the packages measured are those beside us

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from row import ROWS, Options, judge  # noqa: E402

from ota_engine.cores import PURE  # noqa: E402

PROGRAM = HERE.relative_to(REPOSITORY)
DEFAULT_OUTPUT = REPOSITORY / "build" / "bench.json"
COMPILED = REPOSITORY / "build" / "compiled"  # the other build of this checkout: make compiled
DEFAULT_SEED = 1
STANDARD_ERROR = 2  # a file descriptor
RIGHT = {"value", "peer", "ratio", "ratio there"}  # columns of figures

Result: TypeAlias = dict[str, Any]  # one row, as written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows named, or all; 0 when every goal is met, 1 when not, 2 for a wrong call."""
    choice = parser().parse_args(arguments)
    discover(choice.rows if choice.here else ())
    if choice.list:
        for row in ROWS.values():
            print(f"{row.name}: {row.unit}, {row.goal}")
        return 0
    trouble = wrong(choice)
    if trouble is not None:
        print(f"bench: {trouble}")
        return 2
    options = Options(choice.seed, choice.images, choice.quick)
    results: list[Result] = []
    for name in choice.rows or ROWS:
        row = ROWS[name]
        if choice.here:
            results.append(judge(row, row.measure(options), options.seed))
        else:
            results.append(run_apart(name, options, REPOSITORY))
            if choice.against is not None:
                results[-1]["against"] = run_apart(name, options, choice.against.resolve())
            if choice.compiled:
                results.append(run_apart(name, options, COMPILED))
        write(results, choice.output)
    if not choice.here:
        show(results)
    return 0 if all(result["met"] for result in results) else 1


def wrong(choice: argparse.Namespace) -> str | None:
    """Say what is wrong with a call, None if nothing is."""
    unknown = sorted(set(choice.rows) - set(ROWS))
    if unknown:
        return f"no row named {', '.join(unknown)}; there are {', '.join(ROWS)}"
    if choice.against is not None and not (choice.against / PROGRAM).is_dir():
        return f"{choice.against} holds no {PROGRAM}: name another checkout of zota"
    if choice.compiled and not (COMPILED / PROGRAM).is_dir():
        return "there is no compiled build of this checkout: run make compiled"
    return None


def discover(names: Sequence[str]) -> None:
    """Import modules of ``rows/``; each registers what it measures.

    Args:
        names: of rows that are wanted, so that memory is measured without what other rows load; all
            when none is named.
    """
    for path in sorted((HERE / "rows").glob("*.py")):
        text = path.read_text()
        if not names or any(f'@row("{name}"' in text for name in names):
            importlib.import_module(f"rows.{path.stem}")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    usage = argparse.ArgumentParser(prog="python tools/bench", description=__doc__)
    usage.add_argument("rows", nargs="*", metavar="ROW", help="rows to run; all when none is named")
    usage.add_argument("--list", action="store_true", help="name the rows and their goals")
    usage.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of every random choice")
    usage.add_argument("--images", type=Path, metavar="DIR", help="OTA files to parse and validate")
    usage.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, metavar="FILE")
    usage.add_argument("--quick", action="store_true", help="tiny sizes; figures mean nothing")
    usage.add_argument(
        "--against", type=Path, metavar="DIR", help="run each row in another checkout, too"
    )
    usage.add_argument(
        "--compiled", action="store_true", help="run each row with the compiled cores, too"
    )
    usage.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return usage


def run_apart(name: str, options: Options, checkout: Path) -> Result:
    """Measure one row in an interpreter of its own, whose memory no other row has touched.

    The row comes back through a file of the same form. A checkout measures its own code by its own
    rows, with the interpreter of its ``.venv`` where it has one.
    """
    where = "" if checkout == REPOSITORY else f" in {checkout}"
    print(f"bench: {name}{where} ...", file=sys.stderr, flush=True)
    own = checkout / ".venv" / "bin" / "python"
    python = str(own) if where and own.exists() else sys.executable
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "row.json"
        command = [python, str(checkout / PROGRAM), name, "--here"]
        command += ["--seed", str(options.seed), "--output", str(output)]
        command += ["--images", str(options.images.resolve())] if options.images else []
        command += ["--quick"] if options.quick else []
        ended = subprocess.run(command, stdout=STANDARD_ERROR, check=False, cwd=checkout)
        if not output.exists():
            sys.exit(f"bench: {name}{where} ended with exit code {ended.returncode}, no figure")
        (result,) = json.loads(output.read_text())
    return dict(result)


def write(results: list[Result], output: Path) -> None:
    """Write the results so far; a long run that is stopped keeps what it has."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=2) + "\n")


def show(results: list[Result]) -> None:
    """Print the results as a table."""
    builds = {cores_of(result) for result in results}
    table = Table(title=f"zota benchmarks: {' and '.join(sorted(builds))}")
    headings = ["row", "value", "peer", "ratio", "goal", "met"]
    compared = any("against" in result for result in results)
    for heading in [*headings, *(["ratio there"] if compared else [])]:
        justify: Any = "right" if heading in RIGHT else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for result in results:
        there = [ratio_there(result.get("against", {}))] if compared else []
        table.add_row(
            result["name"] if len(builds) == 1 else f"{result['name']}, {cores_of(result)}",
            f"{figure(result['value'])} {result['unit']}",
            figure(result["peer"]),
            figure(result["ratio"]),
            result["goal"],
            "yes" if result["met"] else "[bold red]NO[/]",
            *there,
        )
    console = Console()
    console.print(table)
    for result in results:
        if result["note"]:
            console.print(f"{result['name']}: {result['note']}", highlight=False)
        if "against" in result and result["against"].get("ratio") is None:
            console.print(without_ratio(result["against"]), highlight=False)


def cores_of(result: Result) -> str:
    """Which build a row was measured with."""
    return str(result["versions"].get("cores", PURE))


def ratio_there(row: Result) -> str:
    """The other checkout's ratio; a dash where its row has none."""
    ratio = row.get("ratio")
    return "-" if ratio is None else figure(ratio)


def without_ratio(row: Result) -> str:
    """Say in one line what a row of an older checkout has instead, whose goals were no ratios."""
    value = "nothing" if row.get("value") is None else f"{figure(row['value'])} {row['unit']}"
    return f"{row['name']}: the other checkout's row has no ratio, only {value}: compare by hand"


def figure(value: float) -> str:
    """Print a figure with four significant digits, thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
