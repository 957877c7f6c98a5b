"""What an emulated hub holds without power, as text; pure."""

import json
from base64 import b64decode
from dataclasses import asdict, replace
from typing import Any, Final

from emulators.estate.hub import HubMemory, HubSpec
from emulators.home.memory import flash_row, read_flash_row
from emulators.platform.flash import FileIdentity
from ota_engine.errors import LocalError
from ota_engine.hub.own_firmware.life import OwnFirmwareRecord, OwnState

FORMAT: Final = "zota hub 1"


def dump_hub(spec: HubSpec, memory: HubMemory) -> str:
    """Write what a hub holds."""
    sectors: dict[str, str] = {}
    row = flash_row(FileIdentity(0, 0, spec.version), memory.flash, sectors)
    return json.dumps(
        {
            "format": FORMAT,
            "flash": row,
            "record": asdict(memory.record),
            "gpf": memory.gpf,
            "sectors": sectors,
        }
    )


def read_hub(text: str) -> HubMemory:
    """Read what ``dump_hub`` wrote.

    Raises:
        LocalError: it is something else.
    """
    try:
        document: dict[str, Any] = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError
        sectors = {key: b64decode(value) for key, value in document["sectors"].items()}
        _, flash = read_flash_row(document["flash"], sectors)
        record = OwnFirmwareRecord(**document["record"])
        record = replace(record, state=OwnState(record.state))
        return HubMemory(flash, record, int(document["gpf"]))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise LocalError("not the memory of an emulated hub: remove it to begin anew") from error
