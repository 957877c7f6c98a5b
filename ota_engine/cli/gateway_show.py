"""``zota gateway list`` and ``show``: how gateways stand."""

import json
from typing import Annotated

import typer

from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.fleet_desk import FleetPlace, Json, fleet_at
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text


@grouped
def list_command(place: FleetPlace, as_json: Json = False) -> None:
    """List gateways: how each stands, its homes, what waits for it, what is wrong."""
    from ota_engine.head_end.questions.gateways import AskGateways
    from ota_engine.head_end.questions.values import plain

    items, after = [], ""
    with fleet_at(place) as fleet:
        while True:
            page = fleet.ask(AskGateways(most=1_000, after=after))
            items += page.items
            after = page.more
            if not after:
                break
    if as_json:
        typer.echo(json.dumps([plain(one) for one in items], indent=2))
        return
    if not items:
        put("no gateway was admitted: zota gateway admit lets one register")
        return
    columns = (
        Column("gateway"),
        Column("stands"),
        Column("homes", right=True),
        Column("waiting", right=True),
        Column("clock", right=True, gives_way=2),
        Column("seen", gives_way=1),
    )
    lines = [
        TableRow(
            (
                one.gateway,
                one.standing,
                str(one.homes),
                str(one.waiting),
                f"{round(one.clock_off_s):+d} s",
                "never" if one.seen_utc is None else utc_text(Utc(one.seen_utc)),
            ),
            one.trouble,
        )
        for one in items
    ]
    show_table(columns, lines, "trouble")


@grouped
def show_command(
    gateway: Annotated[str, typer.Argument(help="Name of the gateway.")],
    place: FleetPlace,
    as_json: Json = False,
) -> None:
    """Show one gateway: its homes, what it has not taken yet, what is strange about it."""
    from ota_engine.head_end.questions.gateways import AskGateway
    from ota_engine.head_end.questions.values import plain

    with fleet_at(place) as fleet:
        found = fleet.ask(AskGateway(gateway))
    if as_json:
        typer.echo(json.dumps(plain(found), indent=2))
        return
    line = found.line
    put(f"{gateway}: {line.standing}; {found.changed}")
    if found.revoked:
        put(f"  revoked: {found.revoked}")
    if line.seen_utc is not None:
        put(f"  seen {utc_text(Utc(line.seen_utc))} at {found.address}, {line.software}")
        put(f"  protocol {line.protocol}, clock {round(line.clock_off_s):+d} s, heard {line.heard}")
    if line.trouble:
        put(f"  in trouble: {line.trouble}")
    put(f"  {counted(line.homes, 'home')}, {counted(line.waiting, 'instruction')} not taken")
    for home in found.homes:
        goes = found.leaving.get(home)
        put(f"  home {home}" + (f" leaves for {goes}" if goes else ""))
    for one in found.waiting:
        put(
            f"  waits: {one.verb} for home {one.home}"
            + (f" of {one.campaign}" if one.campaign else "")
        )
    for alert in found.alerts:
        put(f"  alert: {alert.text}" + (f" ({alert.times} times)" if alert.times > 1 else ""))
