"""The commands and links of real radios: rows; a command's module is imported when called."""

from typing import Final

from ota_engine.cli.commands import CommandRow, Panel

RADIO: Final = CommandRow(
    "radio",
    "hw.cli.radio",
    "Form a network, let devices join, see them, leave it.",
    Panel.DELIVERY,
)
DOCTOR: Final = CommandRow(
    "doctor",
    "hw.cli.doctor",
    "Look a radio over and say what to do about it.",
    Panel.DELIVERY,
)
