"""Who is where, as the emulated stack knows: the address table and extended timeouts. Pure."""

from collections.abc import Mapping
from typing import Any

from emulators.ncp.core import Core, Handlers
from emulators.ncp.layouts import FieldValues
from emulators.ncp.status import EmberStatus

ALL_NODES = 0xFFFF  # also stands for an address that is not known


class Addresses:
    """Addresses in RAM, and the lookups over the members of the network.

    Args:
        core: what the parts share.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._extended: set[int] = set()
        self._table: dict[int, tuple[int, int]] = {}

    def handlers(self) -> Handlers:
        """The commands answered here."""
        return {
            "getExtendedTimeout": self._get_extended,
            "setExtendedTimeout": self._set_extended,
            "lookupNodeIdByEui64": self._lookup_address,
            "lookupEui64ByNodeId": self._lookup_eui64,
            "replaceAddressTableEntry": self._replace_address,
            "addressTableEntryIsActive": lambda values: {"active": False},
            "setAddressTableInfo": self._set_address,
            "getAddressTableInfo": self._get_address,
            "setAddressTableRemoteEui64": self._set_address,
            "setAddressTableRemoteNodeId": self._set_address,
            "getAddressTableRemoteEui64": self._get_address,
            "getAddressTableRemoteNodeId": self._get_address,
        }

    def reset(self) -> None:
        """Forget the table and who has an extended timeout."""
        self._extended.clear()
        self._table.clear()

    def at(self, index: int) -> int:
        """The network address in one entry of the table."""
        return self._table.get(index, (0, ALL_NODES))[1]

    def _get_extended(self, values: FieldValues) -> Mapping[str, Any]:
        extended = values["eui64"] in self._extended
        return {"extended": extended, "status": EmberStatus.OK if extended else EmberStatus.FAIL}

    def _set_extended(self, values: FieldValues) -> Mapping[str, Any]:
        (self._extended.add if values["extended"] else self._extended.discard)(values["eui64"])
        return {"status": EmberStatus.OK}

    def _lookup_address(self, values: FieldValues) -> Mapping[str, Any]:
        member = self._core.members.get(values["eui64"])
        if member is None or not member.joined:
            return {"status": EmberStatus.NOT_FOUND, "nwk": ALL_NODES}
        return {"status": EmberStatus.OK, "nwk": member.network_address}

    def _lookup_eui64(self, values: FieldValues) -> Mapping[str, Any]:
        if values["nwk"] == 0:
            return {"status": EmberStatus.OK, "eui64": self._core.memory.eui64}
        member = self._core.by_address(values["nwk"])
        if member is None:
            return {"status": EmberStatus.NOT_FOUND, "eui64": 0}
        return {"status": EmberStatus.OK, "eui64": member.eui64}

    def _replace_address(self, values: FieldValues) -> Mapping[str, Any]:
        old_eui64, old_nwk = self._table.get(values["index"], (0, ALL_NODES))
        old_extended = old_eui64 in self._extended
        self._table[values["index"]] = values["eui64"], values["nwk"]
        self._set_extended(values)
        return {
            "status": EmberStatus.OK,
            "old_eui64": old_eui64,
            "old_nwk": old_nwk,
            "old_extended": old_extended,
        }

    def _set_address(self, values: FieldValues) -> Mapping[str, Any]:
        eui64, nwk = self._table.get(values["index"], (0, ALL_NODES))
        self._table[values["index"]] = values.get("eui64", eui64), values.get("nwk", nwk)
        return {"status": EmberStatus.OK}

    def _get_address(self, values: FieldValues) -> Mapping[str, Any]:
        eui64, nwk = self._table.get(values["index"], (0, ALL_NODES))
        known = values["index"] in self._table
        return {
            "status": EmberStatus.OK if known else EmberStatus.INVALID_INDEX,
            "eui64": eui64,
            "nwk": nwk,
        }
