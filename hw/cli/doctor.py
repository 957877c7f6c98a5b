"""``zota doctor``: shows what a radio's examination found; decides nothing."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import trio
import typer

from hw.cli.radio import radio_settings
from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit

if TYPE_CHECKING:
    from hw.diagnosis import Diagnosis

app = typer.Typer()


@app.command()
def doctor(
    link: Annotated[str, typer.Option("--link", metavar="URL", help="e.g. ezsp:///dev/ttyACM0")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look a radio over: port, permissions, lock, firmware, network, payload, energy.

    Writes nothing, neither to the radio nor to a folder. Exit code 0: fit for a delivery; 2: not,
    and each problem says what to do.
    """
    settings = radio_settings(link, None)
    from hw.diagnosis import examine

    diagnosis = trio.run(examine, settings)
    if as_json:
        typer.echo(json.dumps(_summary(settings.url, diagnosis), indent=2))
    else:
        for finding in diagnosis.findings:
            typer.echo(f"{finding.grade.value:8} {finding.subject:9} {finding.text}")
            if finding.remedy:
                typer.echo(f"{'':18} -> {finding.remedy}")
    raise typer.Exit(Exit.OK if diagnosis.healthy else Exit.ERRORS)


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
