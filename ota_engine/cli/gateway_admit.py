"""``zota gateway admit``: draws the code by which a gateway registers, and decides that it may."""

import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from images.files import write_secret
from ota_engine.cli.fleet_desk import (
    As,
    Deciding,
    DecisionKey,
    FleetPlace,
    Json,
    Key,
    Reason,
    Revision,
    StateOrUrl,
    TokenFile,
    Url,
    fleet_at,
    give,
    show_reply,
)
from ota_engine.cli.push_options import duration
from ota_engine.cli.remarks import put
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.head_end.remote.place import ReachedFleet

CODE_OCTETS: Final = 32
DEFAULT_FOR: Final = "1d"


def admit_command(
    gateway: Annotated[str, typer.Argument(metavar="NAME", help="Its name, as homes are given.")],
    person: As,
    code_file: Annotated[
        Path | None,
        typer.Option(
            "--code-file", metavar="FILE", help="Write the code there, for its owner alone."
        ),
    ] = None,
    lasts: Annotated[
        float,
        typer.Option(
            "--for", parser=duration, metavar="TIME", help="How long the code counts, up to 7d."
        ),
    ] = DEFAULT_FOR,  # type: ignore[assignment] # typer has it read
    state: StateOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
    key: Key = None,
    reason: Reason = "",
    revision: Revision = None,
    decision_key: DecisionKey = "",
    as_json: Json = False,
) -> None:
    """Let a gateway register, once, by a code that is shown here and nowhere else.

    Give what is shown, NAME:CODE, to whoever sets the gateway up: zota gateway run --code-file.
    """
    place = FleetPlace(state, url, token_file)
    how = Deciding(place, person, key, reason, revision, decision_key, as_json)
    with fleet_at(place) as fleet:
        told, code = draw_and_admit(fleet, gateway, lasts, how)
    if told["accepted"]:
        shown = f"{gateway}:{code}\n"
        if code_file is not None:
            write_secret(code_file, shown.encode("ascii"))
        elif as_json:
            told = {**told, "code": shown.strip()}
        else:
            put(shown.strip())
    show_reply(told, as_json=as_json)


def draw_and_admit(
    fleet: "ReachedFleet", gateway: str, lasts: float, how: Deciding
) -> tuple[dict[str, Any], str]:
    """Draw a code, and have a gateway admitted by it.

    Args:
        fleet: that it is to work for.
        gateway: its name.
        lasts: seconds that the code counts.
        how: who decides, and why.

    Returns:
        the answer to the decision, and the code.
    """
    from ota_engine.fleet.gateways.acts import AdmitGateway
    from ota_engine.head_end.trial_clock import clock_of

    code = secrets.token_urlsafe(CODE_OCTETS)
    digest = hashlib.sha256(code.encode("ascii")).hexdigest()
    clock = this_machine if how.place.state is None else clock_of(how.place.state)
    return give(fleet, AdmitGateway(gateway, digest, clock() + lasts), how), code
