"""``zota rehearse``: runs a campaign against an emulated estate, shows how it went."""

import json
import secrets
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images.files import read_bounded
from ota_engine.cli.exits import Exit
from ota_engine.errors import LocalError

if TYPE_CHECKING:
    from emulators.estate.rehearsal import Rehearsal
    from emulators.estate.rehearsed import Rehearsed

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EVERY_S = 5.0  # seconds between two lines of progress
MAX_SCENARIO = 1 << 20  # octets


@app.command()
def rehearse(
    scenario: Annotated[Path, typer.Argument(help="A TOML file; docs/examples has one.")],
    homes: Annotated[int, typer.Option(min=1, help="How many.")] = 10_000,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of every draw; chosen and shown when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a campaign against an emulated estate, months in minutes.

    Exits with 0 when the last campaign ends open for homes to come, with 2 otherwise.
    """
    from emulators.estate.rehearsal import Rehearsal
    from emulators.estate.scenario import read_scenario
    from emulators.simulation.journal import Journal
    from ota_engine.fleet.fleet import Fleet
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.store.fleet.book import FleetStore

    drawn = secrets.randbelow(2**32) if seed is None else seed
    if seed is None:
        _say(f"seed {drawn}")
    try:
        text = read_bounded(scenario, MAX_SCENARIO).decode()
    except UnicodeDecodeError as error:
        raise LocalError(f"{scenario}: not UTF-8: save it as UTF-8") from error
    plan = read_scenario(text, homes, drawn)
    with tempfile.TemporaryDirectory(prefix="zota-") as folder:
        store = FleetStore.open(Path(folder) / "fleet.sqlite")
        try:
            result = Rehearsal(plan, FleetDesk(Fleet(), store), Journal()).run(_Progress())
        except KeyboardInterrupt:
            _say(f"stopped; nothing is left. To run it again: --homes {homes} --seed {drawn}")
            raise typer.Exit(Exit.INTERRUPTED) from None
        finally:
            store.close()
    _show(result, as_json)
    raise typer.Exit(Exit.OK if result.complete else Exit.ERRORS)


class _Progress:
    def __init__(self) -> None:
        self._next = time.monotonic() + EVERY_S

    def __call__(self, rehearsal: "Rehearsal") -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_S
        campaign, phases = rehearsal.campaign
        name = phases[campaign.phase - 1].name if campaign.phase else "notice"
        _say(f"{_day(rehearsal.utc)}: {campaign.campaign}, {name}, {campaign.state}")


def _show(result: "Rehearsed", as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.as_values(), indent=2))  # noqa: T201 - the result
        return
    lines = [f"{'phase':<32}{'homes':>9}{'activated':>11}{'failed':>9}  gate"]
    for phase in result.phases:
        name = f"{phase.campaign} {phase.name}"
        lines.append(
            f"{name:<32}{phase.homes:>9,}{phase.activated:>11,}{phase.failed:>9,}  {phase.gate}"
        )
    if result.ends_utc is not None:
        lines.append(f"ended {_day(result.ends_utc)}")
    lines.append(f"seed {result.seed}, journal {result.journal_sha256}")
    print("\n".join(lines))  # noqa: T201 - the result


def _day(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _say(text: str) -> None:
    print(f"zota: {text}", file=sys.stderr, flush=True)  # noqa: T201 - beside the result
