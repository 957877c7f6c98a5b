"""Which EZSP frames there are in each protocol version, as one table and what each version changed.

Pure data. Version 13 is the base; from 14 on statuses are four octets and come first.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from emulators.ncp.layouts import EzspLayout

VERSIONS = (13, 14, 16, 17, 18, 19)  # there was no EZSP 15
LATEST = VERSIONS[-1]


class EzspCommand(NamedTuple):
    """A frame of the table: its number, and the layouts of what goes either way."""

    number: int
    request: str
    reply: str


_S, _E = "status:status", "status:ezsp"
_APS_IN = "aps:aps lqi:u8 rssi:s8 nwk:u16 binding:u8 address:u8 message:bytes"

# Requests of the host, and what the NCP replies.
BASE: dict[str, EzspCommand] = {
    "version": EzspCommand(0x00, "desired:u8", "version:u8 stack_type:u8 stack_version:u16"),
    "getLibraryStatus": EzspCommand(0x01, "library:u8", "value:u8"),
    "addEndpoint": EzspCommand(
        0x02, "endpoint:u8 profile:u16 device:u16 version:u8 inputs:u8 outputs:u8 clusters:rest", _E
    ),
    "getExtendedValue": EzspCommand(0x03, "value_id:u8 detail:u32", _E + " value:bytes"),
    "nop": EzspCommand(0x05, "", ""),
    "callback": EzspCommand(0x06, "", ""),
    "setToken": EzspCommand(0x09, "token:u8 data:rest", _S),
    "getToken": EzspCommand(0x0A, "token:u8", _S + " data:rest"),
    "getMfgToken": EzspCommand(0x0B, "token:u8", "data:bytes"),
    "setMfgToken": EzspCommand(0x0C, "token:u8 data:bytes", _S),
    "setConcentrator": EzspCommand(
        0x10,
        "on:bool type:u16 min_time:u16 max_time:u16 route_errors:u8 failures:u8 max_hops:u8",
        _S,
    ),
    "getXncpInfo": EzspCommand(0x13, "", _S + " manufacturer:u16 version:u16"),
    "setManufacturerCode": EzspCommand(0x15, "code:u16", ""),
    "networkInit": EzspCommand(0x17, "bitmask:u16", _S),
    "networkState": EzspCommand(0x18, "", "state:u8"),
    "startScan": EzspCommand(0x1A, "type:u8 channels:u32 duration:u8", _S),
    "stopScan": EzspCommand(0x1D, "", _S),
    "formNetwork": EzspCommand(0x1E, "parameters:network", _S),
    "leaveNetwork": EzspCommand(0x20, "options?:u8", _S),
    "permitJoining": EzspCommand(0x22, "duration:u8", _S),
    "getEui64": EzspCommand(0x26, "", "eui64:eui64"),
    "getNodeId": EzspCommand(0x27, "", "nwk:u16"),
    "getNetworkParameters": EzspCommand(0x28, "", _S + " node_type:u8 parameters:network"),
    "getParentChildParameters": EzspCommand(0x29, "", "children:u8 parent:eui64 parent_nwk:u16"),
    "clearBindingTable": EzspCommand(0x2A, "", _S),
    "maximumPayloadLength": EzspCommand(0x33, "", "octets:u8"),
    "sendUnicast": EzspCommand(
        0x34, "type:u8 nwk:u16 aps:aps tag:u8 message:bytes", _S + " sequence:u8"
    ),
    "sendBroadcast": EzspCommand(
        0x36, "nwk:u16 aps:aps radius:u8 tag:u8 message:bytes", _S + " sequence:u8"
    ),
    "sendMulticast": EzspCommand(
        0x38, "aps:aps hops:u8 radius:u8 tag:u8 message:bytes", _S + " sequence:u8"
    ),
    "sendReply": EzspCommand(0x39, "nwk:u16 aps:aps message:bytes", _S),
    "sendManyToOneRouteRequest": EzspCommand(0x41, "type:u16 radius:u8", _S),
    "customFrame": EzspCommand(0x47, "payload:bytes", _S + " reply:bytes"),
    "getRandomNumber": EzspCommand(0x49, "", _S + " value:u16"),
    "getChildData": EzspCommand(
        0x4A,
        "index:u8",
        _S + " eui64:eui64 type:u8 nwk:u16 phy:u8 power:u8 timeout:u8 remaining:u32",
    ),
    "getConfigurationValue": EzspCommand(0x52, "config_id:u8", _E + " value:u16"),
    "setConfigurationValue": EzspCommand(0x53, "config_id:u8 value:u16", _E),
    "setPolicy": EzspCommand(0x55, "policy:u8 decision:u8", _E),
    "getPolicy": EzspCommand(0x56, "policy:u8", _E + " decision:u8"),
    "setSourceRouteDiscoveryMode": EzspCommand(0x5A, "mode:u8", "remaining:u32"),
    "addressTableEntryIsActive": EzspCommand(0x5B, "index:u8", "active:bool"),
    "setAddressTableRemoteEui64": EzspCommand(0x5C, "index:u8 eui64:eui64", _S),
    "setAddressTableRemoteNodeId": EzspCommand(0x5D, "index:u8 nwk:u16", ""),
    "getAddressTableRemoteEui64": EzspCommand(0x5E, "index:u8", "eui64:eui64"),
    "getAddressTableRemoteNodeId": EzspCommand(0x5F, "index:u8", "nwk:u16"),
    "lookupNodeIdByEui64": EzspCommand(0x60, "eui64:eui64", "nwk:u16"),
    "lookupEui64ByNodeId": EzspCommand(0x61, "nwk:u16", _S + " eui64:eui64"),
    "getMulticastTableEntry": EzspCommand(0x63, "index:u8", _S + " entry:multicast"),
    "setMulticastTableEntry": EzspCommand(0x64, "index:u8 entry:multicast", _S),
    "readAndClearCounters": EzspCommand(0x65, "", "counters:rest"),
    "setInitialSecurityState": EzspCommand(0x68, "state:security", _S),
    "getCurrentSecurityState": EzspCommand(0x69, "", _S + " bitmask:u16 trust_center:eui64"),
    "clearTransientLinkKeys": EzspCommand(0x6B, "", ""),
    "findKeyTableEntry": EzspCommand(0x75, "eui64:eui64 link_key:bool", "index:u8"),
    "eraseKeyTableEntry": EzspCommand(0x76, "index:u8", _S),
    "tokenFactoryReset": EzspCommand(0x77, "exclude_counters:bool exclude_boot:bool", ""),
    "getNeighbor": EzspCommand(
        0x79,
        "index:u8",
        _S + " nwk:u16 lqi:u8 in_cost:u8 out_cost:u8 age:u8 eui64:eui64",
    ),
    "neighborCount": EzspCommand(0x7A, "", "count:u8"),
    "getRouteTableEntry": EzspCommand(0x7B, "index:u8", _S + " entry:rest"),
    "setExtendedTimeout": EzspCommand(0x7E, "eui64:eui64 extended:bool", ""),
    "getExtendedTimeout": EzspCommand(0x7F, "eui64:eui64", "extended:bool"),
    "echo": EzspCommand(0x81, "data:bytes", "data:bytes"),
    "replaceAddressTableEntry": EzspCommand(
        0x82,
        "index:u8 eui64:eui64 nwk:u16 extended:bool",
        _S + " old_eui64:eui64 old_nwk:u16 old_extended:bool",
    ),
    "setRadioIeee802154CcaMode": EzspCommand(0x95, "mode:u8", _S),
    "setRadioPower": EzspCommand(0x99, "power:s8", _S),
    "delayTest": EzspCommand(0x9D, "delay:u16", ""),
    "removeDevice": EzspCommand(0xA8, "nwk:u16 eui64:eui64 target:eui64", _S),
    "getValue": EzspCommand(0xAA, "value_id:u8", _E + " value:bytes"),
    "setValue": EzspCommand(0xAB, "value_id:u8 value:bytes", _E),
    "setChildData": EzspCommand(0xAC, "index:u8 child:rest", _S),
    "setSourceRoute": EzspCommand(0xAE, "nwk:u16 relays:rest", _S),
    "clearKeyTable": EzspCommand(0xB1, "", _S),
    "getLogicalChannel": EzspCommand(0xBA, "", "channel:u8"),
    "getSourceRouteTableFilledSize": EzspCommand(0xC2, "", "size:u8"),
    "getSourceRouteTableTotalSize": EzspCommand(0xC3, "", "size:u8"),
    "gpSinkTableClearAll": EzspCommand(0xE2, "", ""),
    "readCounters": EzspCommand(0xF1, "", "counters:rest"),
    "getPhyInterfaceCount": EzspCommand(0xFC, "", "count:u8"),
    "getRadioParameters": EzspCommand(0xFD, "phy:u8", _S + " power:s8 page:u8 channel:u8"),
    "writeNodeData": EzspCommand(0xFE, "erase:bool", _S),
    "getTokenData": EzspCommand(0x102, "token:u32 index:u32", _S + " data?:bytes32"),
    "setTokenData": EzspCommand(0x103, "token:u32 index:u32 data:bytes32", _S),
    "resetNode": EzspCommand(0x104, "", ""),
    "childId": EzspCommand(0x106, "index:u8", "nwk:u16"),
    "importLinkKey": EzspCommand(0x10E, "index:u8 eui64:eui64 key:key", "status:sl"),
    "exportLinkKeyByIndex": EzspCommand(
        0x10F, "index:u8", "eui64:eui64 key:key metadata:key_data status:sl"
    ),
    "importTransientKey": EzspCommand(0x111, "eui64:eui64 key:key flags?:u8", "status:sl"),
    "exportKey": EzspCommand(0x114, "context:context", "key:key status:sl"),
    "importKey": EzspCommand(0x115, "context:context key:key", "status:sl"),
    "getNetworkKeyInfo": EzspCommand(
        0x116,
        "",
        "status:sl set:bool alternate_set:bool sequence:u8 alternate_sequence:u8 counter:u32",
    ),
    # What the NCP says unasked.
    "stackStatusHandler": EzspCommand(0x19, "", _S),
    "energyScanResultHandler": EzspCommand(0x48, "", "channel:u8 rssi:s8"),
    "scanCompleteHandler": EzspCommand(0x1C, "", "channel:u8 " + _S),
    "childJoinHandler": EzspCommand(
        0x23, "", "index:u8 joining:bool nwk:u16 eui64:eui64 node_type:u8"
    ),
    "trustCenterJoinHandler": EzspCommand(
        0x24, "", "nwk:u16 eui64:eui64 update:u8 decision:u8 parent:u16"
    ),
    "messageSentHandler": EzspCommand(
        0x3F, "", "type:u8 nwk:u16 aps:aps tag:u8 " + _S + " message:bytes"
    ),
    "incomingMessageHandler": EzspCommand(0x45, "", "type:u8 " + _APS_IN),
    "invalidCommand": EzspCommand(0x58, "", _E),
}

# What each version changed: another layout, or None for a frame that is gone.
CHANGES: dict[int, dict[str, EzspCommand | None]] = {
    14: {
        "setManufacturerCode": EzspCommand(0x15, "code:u16", _S),
        "sendUnicast": EzspCommand(
            0x34, "type:u8 nwk:u16 aps:aps tag:u16 message:bytes", _S + " sequence:u8"
        ),
        "sendBroadcast": EzspCommand(
            0x36,
            "alias:u16 nwk:u16 alias_sequence:u8 aps:aps radius:u8 tag:u16 message:bytes",
            _S + " sequence:u8",
        ),
        "sendMulticast": EzspCommand(
            0x38,
            "aps:aps hops:u8 nwk:u16 alias:u16 alias_sequence:u8 tag:u16 message:bytes",
            _S + " sequence:u8",
        ),
        "messageSentHandler": EzspCommand(
            0x3F, "", _S + " type:u8 nwk:u16 aps:aps tag:u16 message:bytes"
        ),
        "incomingMessageHandler": EzspCommand(
            0x45,
            "",
            "type:u8 aps:aps nwk:u16 eui64:eui64 binding:u8 address:u8 lqi:u8 rssi:s8 time:u32"
            " message:bytes",
        ),
        "setAddressTableRemoteEui64": None,
        "setAddressTableRemoteNodeId": None,
        "getAddressTableRemoteEui64": None,
        "getAddressTableRemoteNodeId": None,
        "setAddressTableInfo": EzspCommand(0x5C, "index:u8 eui64:eui64 nwk:u16", _S),
        "getAddressTableInfo": EzspCommand(0x5E, "index:u8", _S + " nwk:u16 eui64:eui64"),
        "lookupNodeIdByEui64": EzspCommand(0x60, "eui64:eui64", _S + " nwk:u16"),
        "setExtendedTimeout": EzspCommand(0x7E, "eui64:eui64 extended:bool", _S),
        "getExtendedTimeout": EzspCommand(0x7F, "eui64:eui64", _S),
        "exportLinkKeyByIndex": EzspCommand(
            0x10F, "index:u8", "status:sl context:context key:key metadata:key_data"
        ),
        "exportKey": EzspCommand(0x114, "context:context", "status:sl key:key context:context"),
        "importKey": EzspCommand(0x115, "context:context key:key", "status:sl context:context"),
    },
    17: {"gpClearProxyTable": EzspCommand(0x5F, "", "")},
    19: {"clearBindingTableOnLeave": EzspCommand(0x6D, "clear:bool", "")},
}


class CommandEntry(NamedTuple):
    """One frame, ready to be read and written."""

    name: str
    number: int
    request: EzspLayout
    reply: EzspLayout


@cache
def frames(version: int) -> Mapping[str, CommandEntry]:
    """Every frame that a protocol version knows, by name."""
    rows: dict[str, EzspCommand | None] = dict(BASE)
    for since, changes in sorted(CHANGES.items()):
        if since <= version:
            rows |= changes
    return {
        name: CommandEntry(
            name, row.number, EzspLayout(row.request, version), EzspLayout(row.reply, version)
        )
        for name, row in rows.items()
        if row is not None
    }
