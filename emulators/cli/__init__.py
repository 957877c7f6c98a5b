"""The commands and links of emulated devices: rows; a command's module is imported when called."""

from typing import Final

from ota_engine.cli.commands import CommandRow, Panel

DEMO: Final = CommandRow(
    "demo",
    "emulators.cli.demo",
    "Deliver an image to four emulated devices, here and now.",
    Panel.EMULATION,
)
SOAK: Final = CommandRow(
    "soak",
    "emulators.cli.soak",
    "Run thousands of emulated devices for virtual days.",
    Panel.EMULATION,
)
REHEARSE: Final = CommandRow(
    "rehearse",
    "emulators.cli.rehearse",
    "Rehearse a campaign on an emulated estate.",
    Panel.EMULATION,
)
PORTAL: Final = CommandRow(
    "portal",
    "emulators.cli.portal",
    "Try the portal on an example estate.",
    Panel.EMULATION,
)
NCP: Final = CommandRow(
    "ncp",
    "emulators.cli.ncp",
    "Be a virtual dongle with emulated devices around it.",
    Panel.EMULATION,
)
RECEIVER: Final = CommandRow(
    "receiver",
    "emulators.cli.receiver",
    "Receive outcomes over HTTP, or send what waits.",
    Panel.EVIDENCE,
)
HEAD_END: Final = CommandRow(
    "head-end",
    "emulators.cli.head_end",
    "The former name of receiver.",
    Panel.EVIDENCE,
    hidden=True,
)
