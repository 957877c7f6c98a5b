"""``zota doctor``: shows what a radio's examination found; decides nothing."""

import json
import platform
import shlex
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import trio
import typer

from hw.cli.radio import radio_settings
from images.eui64 import format_eui64
from ota_engine.cli.columns import Room, folded
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import project_version
from ota_engine.cli.files import write_whole
from ota_engine.cli.remarks import put_fact, remark
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import utc_text

if TYPE_CHECKING:
    from hw.diagnosis import Diagnosis
    from hw.settings import RadioSettings

app = typer.Typer()

LABELS: Final = 19  # columns of grade and subject


@app.command()
def doctor(
    link: Annotated[
        str | None,
        typer.Option(
            "--link", metavar="URL", help="e.g. ezsp:///dev/ttyACM0; without: what ports there are."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what a first try of a dongle should send back: versions, settings, "
            "findings and timings, no keys.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look a radio over: port, permissions, lock, firmware, network, payload, energy.

    Writes nothing but the report, neither to the radio nor to a folder. Exit code 0: fit for a
    delivery, or without --link there is a port to use; 2: not, and each problem says what to do.
    """
    if link is None:
        if report is not None:
            raise LocalError("--report goes with --link: a report is of one radio")
        raise typer.Exit(Exit.OK if _tell_ports(as_json) else Exit.ERRORS)
    settings = radio_settings(link, None)
    from hw.diagnosis import examine

    if report is not None and report.exists():
        raise LocalError(f"{report}: exists already; name a new file for the report")
    began = this_machine()
    diagnosis = trio.run(examine, settings)
    summary = _summary(settings.url, diagnosis)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _tell(diagnosis)
    if report is not None:
        text = json.dumps(_report(settings, began) | summary, indent=2) + "\n"
        write_whole(report, text.encode(), force=False)
        remark(f"report for whoever helps with this dongle: {report}")
    raise typer.Exit(Exit.OK if diagnosis.healthy else Exit.ERRORS)


def _tell(diagnosis: "Diagnosis") -> None:
    width = Room.of(sys.stdout).columns
    for finding in diagnosis.findings:
        first, *more = folded(finding.text, None if width is None else width - LABELS)
        typer.echo(f"{finding.grade.value:8} {finding.subject:9} {first}")
        for line in more:
            typer.echo(f"{'':{LABELS}}{line}")
        if finding.remedy:
            put_fact(f"{'':{LABELS - 1}}->", finding.remedy, LABELS + len("> "))


def _tell_ports(as_json: bool) -> bool:
    """Say which ports there are and how each is looked over; whether one can be used."""
    from hw.port import seen_ports

    ports = seen_ports()
    usable = any(not port.obstacle for port in ports)
    if as_json:
        typer.echo(json.dumps({"ports": [port._asdict() for port in ports]}, indent=2))
        return usable
    for port in ports:
        typer.echo(f"{port.path}: {port.obstacle or 'may be used'}")
        if not port.obstacle:
            typer.echo(f"{'':4}zota doctor --link ezsp://{port.path}")
    if not ports:
        remark(
            "no serial port: is the dongle plugged in? Without one there is a virtual one: "
            "zota ncp --pty ./virtual-dongle"
        )
    return usable


def _report(settings: "RadioSettings", began: Utc) -> dict[str, object]:
    """What a report says besides the findings; nothing of it is secret."""
    libraries = {library: version(library) for library in ("zigpy", settings.library.module)}
    return {
        "command": shlex.join(["zota", "doctor", "--link", settings.url]),
        "date": utc_text(began),
        "zota": project_version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": libraries,
        "baudrate": None if settings.tcp else settings.baudrate,
        "flow_control": settings.flow_control,
        "aps_security": settings.aps_security,
        "endpoints": list(settings.endpoints),
    }


def _summary(url: str, diagnosis: "Diagnosis") -> dict[str, object]:
    facts = diagnosis.facts
    radio = None
    if facts is not None:
        radio = asdict(facts) | {
            "eui64": format_eui64(facts.eui64),
            "extended_pan_id": format_eui64(facts.extended_pan_id),
        }
    return {
        "link": url,
        "healthy": diagnosis.healthy,
        "findings": [
            asdict(finding) | {"grade": finding.grade.value} for finding in diagnosis.findings
        ],
        "radio": radio,
        "energy": {str(channel): value for channel, value in sorted(diagnosis.energy.items())},
    }
