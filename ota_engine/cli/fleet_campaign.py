"""``zota campaign``: proposes, approves, runs, watches and stops roll-outs."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.cli.campaign_screen import home_lines, status_lines
from ota_engine.cli.columns import Column, Room, TableRow, show, show_table
from ota_engine.cli.exits import Exit
from ota_engine.cli.fleet_acts import add_acts
from ota_engine.cli.fleet_desk import (
    As,
    Deciding,
    DecisionKey,
    FleetPlace,
    Json,
    Key,
    Reason,
    alone,
    courier_of,
    fleet_at,
    fleet_in,
    folder_of,
    give,
    opened,
    show_reply,
    whole,
)
from ota_engine.cli.fleet_fields import read_policy
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.steering import StopAll
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import counted, utc_text

if TYPE_CHECKING:
    from ota_engine.cli.stopping import Stop
    from ota_engine.head_end.courier import CourierRound, NoticeCourier
    from ota_engine.head_end.rooms import DeskRoom
    from ota_engine.head_end.running import CalendarClock, Looked

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id of the campaign.")]


@app.callback()
def campaign() -> None:
    """Propose, approve, run, watch and stop roll-outs."""


@app.command("list")
@grouped
def list_command(place: FleetPlace, as_json: Json = False) -> None:
    """List campaigns and where they stand."""
    from ota_engine.head_end.questions.campaigns import AskCampaigns

    with fleet_at(place) as fleet:
        rows = fleet.ask(AskCampaigns()).items
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rows], indent=2))
        return
    if not rows:
        put("no campaign was proposed")
        return
    columns = (
        Column("campaign"),
        Column("release"),
        Column("state"),
        Column("phase", right=True),
        Column("rev", right=True),
        Column("since", gives_way=1),
    )
    lines = [
        TableRow(
            (
                one.campaign,
                one.release,
                one.state,
                str(one.phase),
                str(one.revision),
                utc_text(Utc(one.since_utc)),
            ),
            one.reason,
        )
        for one in rows
    ]
    show_table(columns, lines)


@app.command("show")
@grouped
def show_command(name: Campaign, place: FleetPlace, as_json: Json = False) -> None:
    """Show how a campaign stands: phases, gates with what they lack, waiting homes, forecast."""
    from ota_engine.head_end.questions.campaigns import AskCampaign

    with fleet_at(place) as fleet:
        status = fleet.ask(AskCampaign(name))
    if as_json:
        typer.echo(json.dumps(status.as_values(), indent=2))
    else:
        show(status_lines(status, Room.of(sys.stdout).columns))


@app.command("homes")
@grouped
def homes_command(
    name: Campaign,
    place: FleetPlace,
    where: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="STATE", help="waiting, failed, ...; repeatable, else all."),
    ] = None,
    why: Annotated[
        str | None, typer.Option(metavar="TEXT", help="For this reason alone, as it is shown.")
    ] = None,
    phase: Annotated[int, typer.Option(min=0, metavar="N", help="Of this phase; 0 for all.")] = 0,
    supplier: Annotated[
        str, typer.Option(metavar="PARTY", help="For which this party answers now.")
    ] = "",
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="N", help="The first N, longest there first.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """List homes of a campaign: where each stands, why, and since when."""
    from ota_engine.head_end.questions.homes_in_campaigns import AskCampaignHomes

    with fleet_at(place) as fleet:
        wanted = AskCampaignHomes(name, tuple(where or ()), why, phase, supplier)
        homes, total = whole(fleet, wanted, most)
    if as_json:
        told = [one.as_values() for one in homes]
        typer.echo(json.dumps({"total": total, "homes": told}, indent=2))
        return
    show(home_lines(homes, Room.of(sys.stdout).columns))
    put(f"{len(homes):,} of {counted(total, 'home')}")


@app.command("replacements")
@grouped
def replacements_command(name: Campaign, place: FleetPlace, as_json: Json = False) -> None:
    """List devices that firmware does not reach or does not mend: somebody has to go there."""
    from images.eui64 import format_eui64
    from ota_engine.head_end.questions.homes_in_campaigns import AskReplacements

    with fleet_at(place) as fleet:
        rows, _ = whole(fleet, AskReplacements(name))
    if as_json:
        told = [asdict(one) | {"device": format_eui64(one.device)} for one in rows]
        typer.echo(json.dumps(told, indent=2))
        return
    if not rows:
        put("no device is to be replaced")
        return
    columns = (Column("device"), Column("home"), Column("since", gives_way=1))
    lines = [
        TableRow((format_eui64(one.device), one.home, utc_text(Utc(one.since_utc))), one.reason)
        for one in rows
    ]
    show_table(columns, lines)


@app.command("policy")
def policy_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy (TOML).")],
) -> None:
    """Print a policy as people read it before they agree to it."""
    from ota_engine.fleet.campaigns.plan.document import policy_document

    typer.echo(policy_document(read_policy(file)), nl=False)


@app.command("stop")
@grouped
def stop_command(
    place: FleetPlace,
    person: As,
    everything: Annotated[bool, typer.Option("--all", help="Every campaign: needed.")] = False,
    key: Key = None,
    reason: Reason = "",
    decision_key: DecisionKey = "",
    as_json: Json = False,
) -> None:
    """Stop every campaign: nothing new starts after its commit; homes under way are listed."""
    from ota_engine.head_end.questions.homes_in_campaigns import AskUnderWay

    if not everything:
        raise LocalError(
            "stop what? give --all for every campaign, or pause one: zota campaign pause CAMPAIGN"
        )
    how = Deciding(place, person, key, reason, None, decision_key, as_json)
    with fleet_at(place) as fleet:
        told = give(fleet, StopAll(), how)
        busy = fleet.ask(AskUnderWay()).items
    if as_json:
        told["under_way"] = [one.as_values() for one in busy]
    show_reply(told, as_json=as_json)
    if busy and not as_json:
        show(home_lines(busy, Room.of(sys.stdout).columns))


@app.command("tick")
@grouped
def tick_command(place: FleetPlace, as_json: Json = False) -> None:
    """Look once at whatever is due, bring notices, and say when to look again.

    Exit code 0 when every notice is delivered, 2 when some wait or were refused.
    """
    import trio

    from ota_engine.head_end.rooms import DeskRoom
    from ota_engine.head_end.running import look
    from ota_engine.store.fleet.opening import turns_at

    state = folder_of(place)
    with opened(state) as desk, alone(state, "zota campaign tick"):
        room = DeskRoom(desk, turns_at(fleet_in(state)))
        done = trio.run(look, room, courier_of(room, state), this_machine())
    notices = done.notices
    if as_json:
        typer.echo(json.dumps(done._asdict() | {"notices": notices._asdict()}, indent=2))
    else:
        put(_told(notices))
        after = "nothing is to be looked at later"
        if done.next_utc is not None:
            after = f"to be looked at again at {utc_text(done.next_utc)}"
        put(f"{counted(done.due, 'row')} whose time had come; {after}")
    raise typer.Exit(Exit.ERRORS if notices.waiting or notices.given_up else Exit.OK)


@app.command("run")
@grouped
def run_command(place: FleetPlace) -> None:
    """Let time pass for the campaigns of a fleet, until stopped: by Ctrl-C, or by SIGTERM.

    Looks at whatever is due and brings notices. Persons decide beside it, by commands of their own.
    Not beside zota serve or zota duis serve, which do it themselves; where the fleet's database is
    on a PostgreSQL server, beside as many of them as there are: each does its share.
    """
    import trio

    from ota_engine.cli.stopping import Stop
    from ota_engine.head_end.rooms import DeskRoom
    from ota_engine.head_end.trial_clock import clock_of
    from ota_engine.store.fleet.opening import turns_at

    state = folder_of(place)
    with opened(state) as desk, alone(state, "zota campaign run"):
        room, clock = DeskRoom(desk, turns_at(fleet_in(state))), clock_of(state)
        courier = courier_of(room, state, clock)
        remark(f"running the fleet in {state}; Ctrl-C ends it")
        stop = Stop(remark)
        try:
            trio.run(_run, room, courier, clock, stop)
        except BaseException as error:
            if not stop.failed_for_that(error):
                raise
    if stop.number == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


async def _run(
    room: "DeskRoom", courier: "NoticeCourier", clock: "CalendarClock", stop: "Stop"
) -> None:
    import trio

    from ota_engine.head_end.running import run

    with stop.receive() as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, room, courier, clock, _report, _trouble)
            await anext(signals)
            nursery.cancel_scope.cancel()


def _report(done: "Looked") -> None:
    told = [counted(done.due, "row") + " whose time had come"] if done.due else []
    told += [_told(done.notices)] if any(done.notices) else []
    if told:
        put(f"{utc_text(done.utc)}: {'; '.join(told)}", sys.stderr)


def _trouble(trouble: str) -> None:
    remark(f"{trouble}; it is waited for, and all goes on then")


def _told(notices: "CourierRound") -> str:
    return (
        f"notices: {notices.delivered:,} delivered, {notices.waiting:,} waiting,"
        f" {notices.given_up:,} given up"
    )


add_acts(app, "campaign", {})
