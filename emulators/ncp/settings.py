"""Configuration, policies and values of the emulated stack; gone with a reset. Pure."""

from collections.abc import Mapping
from struct import pack
from typing import Any

from emulators.ncp.core import Core, Handlers
from emulators.ncp.layouts import FieldValues, MulticastEntry
from emulators.ncp.status import EmberStatus

# EzspConfigId: (identifier, what EmberZNet starts with)
CONFIGURATION = {
    0x01: 64,  # packet buffers
    0x02: 26,  # neighbour table
    0x03: 10,  # APS unicasts at once
    0x04: 32,  # binding table
    0x05: 16,  # address table
    0x06: 16,  # multicast table
    0x07: 16,  # route table
    0x08: 8,  # discovery table
    0x0C: 2,  # stack profile: Zigbee PRO
    0x0D: 5,  # security level
    0x10: 30,  # hops
    0x11: 32,  # end device children
    0x12: 3000,  # milliseconds a parent holds a frame for its child
    0x13: 8,  # end device poll timeout
    0x17: 0,  # transmit power mode
    0x18: 0,  # relaying disabled
    0x19: 2,  # trust centre address cache
    0x1A: 16,  # source routes
    0x1B: 6,  # poll timeout shift
    0x1C: 0,  # fragment window
    0x1D: 0,  # milliseconds between fragments
    0x1E: 12,  # key table
    0x1F: 1600,  # milliseconds to wait for an APS acknowledgement
    0x20: 3,  # active scan duration
    0x21: 60,  # end device bind timeout
    0x22: 1,  # PAN id conflicts to report
    0x24: 5,  # minutes to answer a key request
    0x29: 0,  # certificates
    0x2A: 0,  # device object requests passed to the host
    0x2B: 15,  # broadcast table
    0x2D: 1,  # networks
    0x34: 16,  # retry queue
    0x36: 300,  # seconds a transient key lives
    0x37: 1,  # broadcast acknowledgements
    0x38: 0,  # seconds of rejoins with the well-known key
}
KEY_TABLE, MULTICAST_TABLE = 0x1E, 0x06
VERSION_INFO, FREE_BUFFERS, NWK_COUNTER, APS_COUNTER = 0x11, 0x03, 0x23, 0x24  # EzspValueId
ENDPOINT_FLAGS = 0x00  # EzspExtendedValueId
# EzspVersion: build, major, minor, patch, special, type (general availability)
RELEASES = {
    13: (0, 7, 4, 4, 0),
    14: (0, 8, 0, 3, 0),
    16: (0, 8, 1, 1, 0),
    17: (0, 8, 2, 2, 0),
    18: (0, 9, 0, 1, 0),
    19: (0, 10, 0, 0, 0),
}
FACTORY_TOKENS = {0x01: b"zota", 0x02: b"virtual dongle"}  # manufacturer, board
TOKEN_SIZES = {0x00: 2, 0x01: 16, 0x02: 16, 0x03: 2, 0x04: 2, 0x06: 40, 0x0C: 8, 0x0D: 2}
ERASED = b"\xff"


class NcpSettings:
    """What a host configures after every reset.

    Args:
        core: what the parts share.
        version: of the protocol, for the firmware version that goes with it.
    """

    def __init__(self, core: Core, version: int) -> None:
        self._core = core
        self._version = version
        self.reset()

    def reset(self) -> None:
        """Start as EmberZNet does."""
        self.configuration = dict(CONFIGURATION)
        self._policies: dict[int, int] = {}
        self._values: dict[int, bytes] = {}
        self._multicast: dict[int, MulticastEntry] = {}

    def handlers(self) -> Handlers:
        """The commands answered here."""
        return {
            "getConfigurationValue": self._get_configuration,
            "setConfigurationValue": self._set_configuration,
            "getPolicy": self._get_policy,
            "setPolicy": self._set_policy,
            "getValue": self._get_value,
            "setValue": self._set_value,
            "getExtendedValue": self._get_extended_value,
            "getMulticastTableEntry": self._get_multicast,
            "setMulticastTableEntry": self._set_multicast,
            "getMfgToken": self._get_manufacturing,
            "setMfgToken": self._set_manufacturing,
            "getTokenData": self._get_token,
            "setTokenData": self._set_token,
            "getToken": lambda values: {"status": EmberStatus.OK, "data": bytes(8)},
            "setToken": _accept,
        }

    # --- configuration and policies ---------------------------------------------------------------

    def _get_configuration(self, values: FieldValues) -> Mapping[str, Any]:
        value = self.configuration.get(values["config_id"])
        if value is None:
            return {"status": EmberStatus.NOT_FOUND, "value": 0}
        return {"status": EmberStatus.OK, "value": value}

    def _set_configuration(self, values: FieldValues) -> Mapping[str, Any]:
        if values["config_id"] not in self.configuration:
            return {"status": EmberStatus.NOT_FOUND}
        self.configuration[values["config_id"]] = values["value"]
        return {"status": EmberStatus.OK}

    def _get_policy(self, values: FieldValues) -> Mapping[str, Any]:
        return {"status": EmberStatus.OK, "decision": self._policies.get(values["policy"], 0)}

    def _set_policy(self, values: FieldValues) -> Mapping[str, Any]:
        self._policies[values["policy"]] = values["decision"]
        return {"status": EmberStatus.OK}

    # --- values -----------------------------------------------------------------------------------

    def _get_value(self, values: FieldValues) -> Mapping[str, Any]:
        number = values["value_id"]
        known = {
            VERSION_INFO: pack("<HBBBBB", *RELEASES[self._version], 0xAA),
            FREE_BUFFERS: bytes((255,)),
            NWK_COUNTER: pack("<L", self._core.memory.counter),
        }
        value = known.get(number, self._values.get(number))
        if value is None:
            return {"status": EmberStatus.NOT_FOUND, "value": b""}
        return {"status": EmberStatus.OK, "value": value}

    def _set_value(self, values: FieldValues) -> Mapping[str, Any]:
        number, value = values["value_id"], values["value"]
        if number in (NWK_COUNTER, APS_COUNTER) and self._core.up:
            return {"status": EmberStatus.INVALID_STATE}
        if number == NWK_COUNTER:
            self._core.memory.counter = int.from_bytes(value[:4], "little")
        self._values[number] = value
        return {"status": EmberStatus.OK}

    def _get_extended_value(self, values: FieldValues) -> Mapping[str, Any]:
        if values["value_id"] != ENDPOINT_FLAGS:
            return {"status": EmberStatus.NOT_FOUND, "value": b""}
        known = values["detail"] in self._core.endpoints
        return {
            "status": EmberStatus.OK if known else EmberStatus.NOT_FOUND,
            "value": pack("<H", known),
        }

    # --- tables and tokens ------------------------------------------------------------------------

    def _get_multicast(self, values: FieldValues) -> Mapping[str, Any]:
        if values["index"] >= self.configuration[MULTICAST_TABLE]:
            return {"status": EmberStatus.INVALID_INDEX, "entry": MulticastEntry()}
        entry = self._multicast.get(values["index"], MulticastEntry())
        return {"status": EmberStatus.OK, "entry": entry}

    def _set_multicast(self, values: FieldValues) -> Mapping[str, Any]:
        if values["index"] >= self.configuration[MULTICAST_TABLE]:
            return {"status": EmberStatus.INVALID_INDEX}
        self._multicast[values["index"]] = values["entry"]
        return {"status": EmberStatus.OK}

    def _get_manufacturing(self, values: FieldValues) -> Mapping[str, Any]:
        token = values["token"]
        written = self._core.memory.manufacturing.get(token, FACTORY_TOKENS.get(token, b""))
        return {"data": written.ljust(TOKEN_SIZES.get(token, 0), ERASED)}

    def _set_manufacturing(self, values: FieldValues) -> Mapping[str, Any]:
        """Such a token can be written once; that is what makes it one."""
        if values["token"] in self._core.memory.manufacturing:
            return {"status": EmberStatus.INVALID_STATE}
        self._core.memory.manufacturing[values["token"]] = values["data"]
        return {"status": EmberStatus.OK}

    def _get_token(self, values: FieldValues) -> Mapping[str, Any]:
        data = self._core.memory.tokens.get((values["token"], values["index"]))
        return (
            {"status": EmberStatus.NOT_FOUND}
            if data is None
            else {"status": EmberStatus.OK, "data": data}
        )

    def _set_token(self, values: FieldValues) -> Mapping[str, Any]:
        self._core.memory.tokens[values["token"], values["index"]] = values["data"]
        return {"status": EmberStatus.OK}


def _accept(_: FieldValues) -> Mapping[str, Any]:
    return {"status": EmberStatus.OK}
