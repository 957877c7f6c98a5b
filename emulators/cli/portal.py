"""``zota portal``: an example estate to try the portal with; decides nothing."""

import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ota_engine.cli.columns import Column, Room, TableRow, folded, lay_out, show
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.remarks import put, remark
from ota_engine.cli.serving_options import Http
from ota_engine.errors import LinkError
from ota_engine.paced_clock import MOST_RATE

if TYPE_CHECKING:
    from emulators.demo.portal.founding import ExampleFacts
    from ota_engine.cli.service import Hubs, HubsHere, ServiceChoice
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.head_end.running import CalendarClock
    from ota_engine.telling.serving import Place

EXTRA: Final = "server"
DEFAULT_PLACE: Final = "127.0.0.1:8080"
HOMES: Final = 3_000
RATE: Final = 600.0  # a day in two and a half minutes
LOG_NAME: Final = "server.log"  # in the state folder

SayOpen = Callable[[Mapping[str, str], "ServiceChoice", str], None]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def portal() -> None:
    """Try the portal on an example estate."""


@app.command("try")
def try_command(
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="DIR",
            help="Keep the estate here, or go on with the one that is here.",
        ),
    ] = None,
    http: Http = DEFAULT_PLACE,
    homes: Annotated[
        int, typer.Option(min=700, max=1_000_000, help="How many, where a new estate is founded.")
    ] = HOMES,
    rate: Annotated[
        float, typer.Option(min=1.0, max=MOST_RATE, help="How much faster its calendar runs.")
    ] = RATE,
    as_json: AsJson = False,
) -> None:
    """Serve an example estate, with a campaign under way and a person for every role; until Ctrl-C.

    Prints where it is and everybody's password. Its calendar runs faster than yours and its hubs are
    emulated. Without --state nothing is left of it.
    """
    require(EXTRA, "portal try")
    from ota_engine.cli.serving_options import place_of

    place = _free(place_of(http, None, behind_proxy=False), http == DEFAULT_PLACE)
    with _folder(state) as folder:
        say = _say_json if as_json else _say
        ended_by = _serve(folder, place, homes, rate, say)
        if state is not None:
            remark(f"kept in {state}: the same command goes on with it")
    if ended_by == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def _serve(state: Path, place: "Place", homes: int, rate: float, say: SayOpen) -> int:
    from emulators.demo.portal.founding import (
        FACTS_NAME,
        FLEET_NAME,
        found,
        give_passwords,
        read_facts,
    )
    from ota_engine.cli.json_log import json_log
    from ota_engine.cli.service import ServiceChoice, serve_until_stopped
    from ota_engine.head_end.trial_clock import set_pace

    known = (state / FACTS_NAME).exists() or (state / FLEET_NAME).exists()
    facts = read_facts(state) if known else None
    clock = set_pace(state, rate)
    if facts is None:
        remark(f"founding an estate of {homes:,} homes")
        facts = found(state, homes, clock())
    given = give_passwords(state, facts, clock())
    choice = ServiceChoice(state=state, place=place, rate=rate, hubs_here=_hubs(facts))
    with (state / LOG_NAME).open("a", buffering=1) as log:
        return serve_until_stopped(choice, "zota portal try", partial(say, given), json_log(log))


def _hubs(facts: "ExampleFacts") -> "HubsHere":
    from emulators.demo.portal.hubs import EstateGateway, under_way
    from emulators.estate.population import GATEWAY

    def make(desk: "FleetDesk", clock: "CalendarClock") -> "Hubs":
        hubs = EstateGateway(facts.scenario.model, facts.seed, clock)
        hubs.resume(under_way(desk, GATEWAY))
        return {GATEWAY: hubs}

    return make


def _say(given: Mapping[str, str], choice: "ServiceChoice", url: str) -> None:
    """Print where the portal is, and who signs in how."""
    from emulators.demo.portal.people import PEOPLE

    width = Room.of(sys.stdout).columns
    put("")
    rows = [TableRow((one.person, given[one.person], one.part), one.task) for one in PEOPLE]
    columns = (Column("sign in as"), Column("password"), Column("is"))
    show(lay_out(columns, rows, width, "what waits").lines())
    put("")
    show(folded(f"the calendar runs {choice.rate:g} times as fast; Ctrl-C ends it", width))
    put(f"open {url}")


def _say_json(given: Mapping[str, str], choice: "ServiceChoice", url: str) -> None:
    """Print the same as one JSON object in one line."""
    from emulators.demo.portal.people import PEOPLE

    people = [one._asdict() | {"password": given[one.person]} for one in PEOPLE]
    typer.echo(json.dumps({"url": url, "rate": choice.rate, "people": people}))
    sys.stdout.flush()


@contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    """A folder for the estate: the one that was named, or one that is gone afterwards."""
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="zota-portal-") as folder:
        yield Path(folder)


def _free(place: "Place", may_move: bool) -> "Place":
    """The place, or any free port where nobody asked for this one and it is taken.

    Raises:
        LinkError: it cannot be listened at.
    """
    from ota_engine.telling.serving import refuse_taken

    try:
        refuse_taken(place)
    except LinkError:
        if not may_move:
            raise
        return _free(place._replace(port=0), may_move=False)
    return place
