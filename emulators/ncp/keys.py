"""Keys of the emulated stack: what the host stores and asks for. Nothing is encrypted. Pure."""

from collections.abc import Mapping
from typing import Any

from emulators.ncp.core import Core, Handlers
from emulators.ncp.layouts import FieldValues, SecurityState
from emulators.ncp.settings import KEY_TABLE, NcpSettings
from emulators.ncp.status import EmberStatus

NETWORK_KEY, TRUST_CENTER_KEY = 1, 2  # sl_zb_sec_man_key_type_t
HAVE_TRUST_CENTER_EUI64 = 0x0040  # EmberInitialSecurityBitmask
HASHED_LINK_KEY = 0x0084  # the same bits in the initial and in the current state
GLOBAL_LINK_KEY = 0x0004
NO_KEY = bytes(16)
NO_CONTEXT, NO_KEY_DATA = bytes(18), bytes(12)
NO_INDEX = 0xFF


class Keys:
    """Network key, trust centre link key and the table of link keys.

    Args:
        core: what the parts share.
        settings: for the size of the table.
    """

    def __init__(self, core: Core, settings: NcpSettings) -> None:
        self._core = core
        self._settings = settings

    def handlers(self) -> Handlers:
        """The commands answered here."""
        return {
            "setInitialSecurityState": self._set_initial,
            "getCurrentSecurityState": self._get_current,
            "exportKey": self._export,
            "importKey": lambda values: {"status": EmberStatus.OK, "context": values["context"]},
            "getNetworkKeyInfo": self._network_key_info,
            "importLinkKey": self._import_link_key,
            "exportLinkKeyByIndex": self._export_link_key,
            "importTransientKey": lambda values: {"status": EmberStatus.OK},
            "clearTransientLinkKeys": lambda values: {},
            "clearKeyTable": self._clear_table,
            "findKeyTableEntry": self._find,
            "eraseKeyTableEntry": self._erase,
        }

    @property
    def _security(self) -> SecurityState | None:
        return self._core.memory.security

    def _set_initial(self, values: FieldValues) -> Mapping[str, Any]:
        if self._core.up:
            return {"status": EmberStatus.INVALID_STATE}
        self._core.memory.security = values["state"]
        return {"status": EmberStatus.OK}

    def _get_current(self, _: FieldValues) -> Mapping[str, Any]:
        security = self._security
        if security is None or not self._core.up:
            return {"status": EmberStatus.NOT_JOINED, "bitmask": 0, "trust_center": 0}
        known = security.bitmask & HAVE_TRUST_CENTER_EUI64 and security.trust_center
        return {
            "status": EmberStatus.OK,
            "bitmask": security.bitmask & HASHED_LINK_KEY | GLOBAL_LINK_KEY,
            "trust_center": known or self._core.memory.eui64,
        }

    def _export(self, values: FieldValues) -> Mapping[str, Any]:
        key, context = self._key(values["context"][0]), values["context"]
        if key is None:
            return {"status": EmberStatus.NOT_FOUND, "key": NO_KEY, "context": context}
        return {"status": EmberStatus.OK, "key": key, "context": context}

    def _key(self, kind: int) -> bytes | None:
        if self._security is None:
            return None
        return {
            NETWORK_KEY: self._security.network_key,
            TRUST_CENTER_KEY: self._security.preconfigured_key,
        }.get(kind)

    def _network_key_info(self, _: FieldValues) -> Mapping[str, Any]:
        security = self._security
        return {
            "status": EmberStatus.OK,
            "set": security is not None and self._core.memory.parameters is not None,
            "alternate_set": False,
            "sequence": security.network_key_sequence if security is not None else 0,
            "alternate_sequence": 0,
            "counter": self._core.memory.counter,
        }

    # --- link keys --------------------------------------------------------------------------------

    def _import_link_key(self, values: FieldValues) -> Mapping[str, Any]:
        if values["index"] >= self._settings.configuration[KEY_TABLE]:
            return {"status": EmberStatus.INVALID_INDEX}
        self._core.memory.link_keys[values["index"]] = values["eui64"], values["key"]
        return {"status": EmberStatus.OK}

    def _export_link_key(self, values: FieldValues) -> Mapping[str, Any]:
        entry = self._core.memory.link_keys.get(values["index"])
        eui64, key = entry or (0, NO_KEY)
        context = NO_CONTEXT[:4] + eui64.to_bytes(8, "little") + NO_CONTEXT[12:]
        return {
            "status": EmberStatus.NOT_FOUND if entry is None else EmberStatus.OK,
            "context": context,
            "eui64": eui64,
            "key": key,
            "metadata": NO_KEY_DATA,
        }

    def _clear_table(self, _: FieldValues) -> Mapping[str, Any]:
        self._core.memory.link_keys.clear()
        return {"status": EmberStatus.OK}

    def _find(self, values: FieldValues) -> Mapping[str, Any]:
        for index, (eui64, _) in sorted(self._core.memory.link_keys.items()):
            if eui64 == values["eui64"]:
                return {"index": index}
        return {"index": NO_INDEX}

    def _erase(self, values: FieldValues) -> Mapping[str, Any]:
        if self._core.memory.link_keys.pop(values["index"], None) is None:
            return {"status": EmberStatus.INVALID_INDEX}
        return {"status": EmberStatus.OK}
