"""The commands there are: one row each; a command's module is imported when it is called.

``emulators`` and ``hw`` bring theirs as entry points, so that nothing here names them.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from ota_engine.cli.plugins import Group, load, names
from ota_engine.errors import LocalError


class Panel(StrEnum):
    """Under which heading of ``zota --help`` a command stands: what its user is about."""

    IMAGES = "Images and the catalogue"
    DELIVERY = "Radios and delivery"
    ORDERS = "Signed orders"
    EVIDENCE = "Outcomes and evidence"
    FLEET = "A network of hubs"
    EMULATION = "Emulation"


class CommandRow(NamedTuple):
    """One command or group of commands.

    Attributes:
        name: the word after ``zota``.
        module: what holds a typer app named ``app``.
        help: one line, for the list of commands.
        panel: its heading there.
        hidden: an old name that goes on working and is not listed.
    """

    name: str
    module: str
    help: str
    panel: Panel
    hidden: bool = False


OWN: Final = (
    CommandRow(
        "image",
        "ota_engine.cli.image",
        "Build, inspect, validate and verify OTA images.",
        Panel.IMAGES,
    ),
    CommandRow(
        "catalogue",
        "ota_engine.cli.catalogue",
        "Keep, approve and release OTA images.",
        Panel.IMAGES,
    ),
    CommandRow(
        "push",
        "ota_engine.cli.push",
        "Deliver images to devices over a radio, and see them land.",
        Panel.DELIVERY,
    ),
    CommandRow(
        "premises",
        "ota_engine.cli.premises",
        "Tell a home that its occupier or supplier changes.",
        Panel.DELIVERY,
    ),
    CommandRow(
        "activate",
        "ota_engine.cli.activate",
        "Order a device by signed command to run its image.",
        Panel.ORDERS,
    ),
    CommandRow(
        "orders",
        "ota_engine.cli.orders",
        "Show orders to activate, and take them back.",
        Panel.ORDERS,
    ),
    CommandRow(
        "version",
        "ota_engine.cli.version",
        "Ask a device by protected message what it runs.",
        Panel.ORDERS,
    ),
    CommandRow(
        "gbcs",
        "ota_engine.cli.gbcs",
        "Read GBCS messages, and check who made them.",
        Panel.ORDERS,
    ),
    CommandRow(
        "pki",
        "ota_engine.cli.pki",
        "Make the certificates and keys of a test PKI.",
        Panel.ORDERS,
    ),
    CommandRow(
        "store",
        "ota_engine.cli.store",
        "Check an engine's database, move it; see to dead letters.",
        Panel.EVIDENCE,
    ),
    CommandRow(
        "audit",
        "ota_engine.cli.audit",
        "Verify the hash-chained audit trail.",
        Panel.EVIDENCE,
    ),
    CommandRow(
        "estate",
        "ota_engine.cli.fleet_estate",
        "Begin a fleet; keep its parties, persons and homes.",
        Panel.FLEET,
    ),
    CommandRow(
        "release",
        "ota_engine.cli.fleet_release",
        "Enter, test, approve and retire releases.",
        Panel.FLEET,
    ),
    CommandRow(
        "campaign",
        "ota_engine.cli.fleet_campaign",
        "Propose, approve, run, watch and stop roll-outs.",
        Panel.FLEET,
    ),
    CommandRow(
        "incident",
        "ota_engine.cli.fleet_incident",
        "Raise, own and resolve what goes wrong in one.",
        Panel.FLEET,
    ),
    CommandRow(
        "notices",
        "ota_engine.cli.fleet_notices",
        "See what parties are told, and bring it to them.",
        Panel.FLEET,
    ),
    CommandRow(
        "evidence",
        "ota_engine.cli.fleet_evidence",
        "Export the evidence of a campaign, and verify it.",
        Panel.FLEET,
    ),
    CommandRow(
        "serve",
        "ota_engine.cli.serve",
        "Serve a fleet: portal, API and gateways' door in one.",
        Panel.FLEET,
    ),
    CommandRow(
        "user",
        "ota_engine.cli.user",
        "Let persons sign in at a server, and programs.",
        Panel.FLEET,
    ),
    CommandRow(
        "api",
        "ota_engine.cli.api",
        "Describe the API of a fleet's server.",
        Panel.FLEET,
    ),
    CommandRow(
        "gateway",
        "ota_engine.cli.fleet_gateway",
        "Admit gateways that bring firmware to homes, and be one.",
        Panel.FLEET,
    ),
    CommandRow(
        "duis",
        "ota_engine.cli.duis",
        "Serve Service Users by DUIS, or be one of them.",
        Panel.FLEET,
    ),
)

_OWN: Final = {command.name: command for command in OWN}


def find(name: str) -> CommandRow | None:
    """Find a command by its name: ours without looking further, then what packages bring.

    Raises:
        LocalError: a package brings it and is broken.
    """
    return _OWN.get(name) or _brought(name)


def all_commands() -> tuple[CommandRow, ...]:
    """List every command, ours first.

    Raises:
        LocalError: a package that brings one is broken.
    """
    others = (_brought(name) for name in names(Group.COMMANDS) if name not in _OWN)
    return (*OWN, *(command for command in others if command is not None))


def _brought(name: str) -> CommandRow | None:
    found = load(Group.COMMANDS, name)
    if found is not None and not isinstance(found, CommandRow):
        raise LocalError(f"{name}: what a package brings under this name is no command")
    return found
