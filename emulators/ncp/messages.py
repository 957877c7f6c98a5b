"""Messages of the emulated stack: what the host sends, what becomes of it, and what comes in.

Pure. A frame goes over the emulated air as any server's does; ``messageSentHandler`` then tells
what the stack could know: with APS retry that the device acknowledged it, without that the next
hop took it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from emulators.air.port import Port
from emulators.air.radio import APS_ACK_WAIT, APS_RETRIES, INDIRECT_TIMEOUT
from emulators.ncp import device_object
from emulators.ncp.addresses import ALL_NODES, Addresses
from emulators.ncp.core import Core, Handlers
from emulators.ncp.layouts import ApsFrame, FieldValues
from emulators.ncp.member import NetworkMember
from emulators.ncp.status import EmberStatus
from images.airtime import APS_SECURITY_OCTETS
from images.eui64 import Eui64
from ota_engine.events import BROADCAST_ALL, BROADCAST_RX_ON, Joined, Packet, Send, SendFailed

DIRECT, VIA_ADDRESS_TABLE, MULTICAST, BROADCAST = 0, 1, 3, 6  # EmberOutgoingMessageType
UNICAST_IN, BROADCAST_IN = 0, 4  # EmberIncomingMessageType
OPTION_ENCRYPTION, OPTION_RETRY = 0x0020, 0x0040  # EmberApsOption
INCOMING_OPTIONS = 0x0140  # retry, route discovery
NO_INDEX = 0xFF
MAX_PAYLOAD = 82  # octets of APS payload with network security
IN_FLIGHT = 32  # unicasts under way at once
NO_ROUTE = 1.0  # seconds a route discovery takes to fail
MARGIN = 0.05  # seconds, for what may lag on the air
PATIENCE = (APS_RETRIES + 1) * APS_ACK_WAIT + 1.0  # seconds for a silent device, APS retry on

# EmberCounterType
RX_BROADCAST, TX_BROADCAST, RX_UNICAST, TX_SUCCESS, TX_FAILED, JOINS = 6, 7, 8, 9, 11, 16


class Pending(NamedTuple):
    """A unicast whose end the host has not been told of."""

    type: int
    destination: int
    aps: ApsFrame
    tag: int
    member: NetworkMember
    acknowledged: bool


class Messages:
    """Everything that carries payloads.

    Args:
        core: what the parts share.
        port: the stack's own place in the air.
        addresses: the table through which a unicast may name its destination.
    """

    def __init__(self, core: Core, port: Port, addresses: Addresses) -> None:
        self._core = core
        self._port = port
        self._addresses = addresses
        self._pending: dict[int, Pending] = {}
        self._token = 0
        self._aps_sequence = 0
        self._announcements = 0

    def handlers(self) -> Handlers:
        """The commands answered here."""
        return {
            "sendUnicast": self._send_unicast,
            "sendBroadcast": self._send_broadcast,
            "sendMulticast": self._send_multicast,
            "sendReply": lambda values: {"status": EmberStatus.OK},
            "maximumPayloadLength": lambda values: {"octets": MAX_PAYLOAD},
        }

    def reset(self) -> None:
        """Forget what is under way."""
        self._pending.clear()

    # --- out --------------------------------------------------------------------------------------

    def _send_unicast(self, values: FieldValues) -> Mapping[str, Any]:
        kind, target = values["type"], values["nwk"]
        if kind == VIA_ADDRESS_TABLE:
            target = self._addresses.at(target)
        elif kind != DIRECT:
            return {"status": EmberStatus.INVALID_PARAMETER, "sequence": 0}
        aps, message = self._numbered(values["aps"]), values["message"]
        member = self._core.by_address(target)
        status = self._refusal(member, aps, message)
        if status is not EmberStatus.OK:
            return {"status": status, "sequence": 0}
        if target == 0:
            self._loop_back(values, aps)
        elif member is None:
            self._core.later(
                NO_ROUTE,
                lambda now: self._sent(
                    kind, values["nwk"], aps, values["tag"], EmberStatus.DELIVERY_FAILED
                ),
            )
        else:
            acknowledged = bool(aps.options & OPTION_RETRY)
            pending = Pending(kind, values["nwk"], aps, values["tag"], member, acknowledged)
            self._transmit(pending, message)
        return {"status": EmberStatus.OK, "sequence": aps.sequence}

    def _refusal(self, member: NetworkMember | None, aps: ApsFrame, message: bytes) -> EmberStatus:
        """Why a unicast cannot even be queued; OK when it can."""
        if not self._core.up:
            return EmberStatus.NETWORK_DOWN
        room = MAX_PAYLOAD
        if member is not None:
            room = len(self._core.network.stations[member.eui64].path.down) - 1
        if aps.options & OPTION_ENCRYPTION:
            room -= APS_SECURITY_OCTETS
        if len(message) > room:
            return EmberStatus.MESSAGE_TOO_LONG
        if len(self._pending) >= IN_FLIGHT:
            return EmberStatus.MAX_MESSAGE_LIMIT_REACHED
        return EmberStatus.OK

    def _transmit(self, pending: Pending, message: bytes) -> None:
        self._token += 1
        token, core, aps, member = self._token, self._core, pending.aps, pending.member
        self._pending[token] = pending
        send = _send(member.eui64, aps, message, token, pending.acknowledged, member.sleepy)
        core.network.submit(self._port, (send,), core.now)
        core.later(self._patience(pending), lambda now: self._give_up(token))

    def _patience(self, pending: Pending) -> float:
        """Seconds until the stack knows how a frame ended, if nothing tells before."""
        station = self._core.network.stations[pending.member.eui64]
        child = pending.member.sleepy and not station.placement.relays
        if pending.acknowledged:
            return PATIENCE + (INDIRECT_TIMEOUT if pending.member.sleepy else 0.0)
        if child:
            return INDIRECT_TIMEOUT + MARGIN
        return max(station.medium.busy_until - self._core.now, 0.0) + MARGIN

    def _give_up(self, token: int) -> None:
        """Time has run out: say what the stack could know by now."""
        pending = self._pending.get(token)
        if pending is None:
            return
        station = self._core.network.stations[pending.member.eui64]
        relayed = bool(station.placement.relays)
        heard = station.online and station.reachable and pending.member.device.powered
        taken = heard and not pending.member.sleepy
        unknowing = not pending.acknowledged and (taken or relayed)
        self._finish(token, EmberStatus.OK if unknowing else EmberStatus.DELIVERY_FAILED)

    def arrived(self, token: int, now: float) -> None:
        """A frame reached its device."""
        pending = self._pending.get(token)
        if pending is None:
            return
        if pending.acknowledged:
            way = self._core.network.stations[pending.member.eui64].path
            self._core.later(way.ack, lambda then: self._finish(token, EmberStatus.OK))
        else:
            self._finish(token, EmberStatus.OK)

    def failed(self, event: SendFailed) -> None:
        """The air gave a frame up."""
        if event.send.token:
            self._finish(event.send.token, EmberStatus.DELIVERY_FAILED)

    def _finish(self, token: int, status: EmberStatus) -> None:
        pending = self._pending.pop(token, None)
        if pending is not None:
            self._sent(pending.type, pending.destination, pending.aps, pending.tag, status)

    def _sent(
        self, kind: int, destination: int, aps: ApsFrame, tag: int, status: EmberStatus
    ) -> None:
        self._core.counters[TX_SUCCESS if status is EmberStatus.OK else TX_FAILED] += 1
        self._core.say(
            "messageSentHandler",
            type=kind,
            nwk=destination,
            aps=aps,
            tag=tag,
            status=status,
            message=b"",
        )

    def _send_broadcast(self, values: FieldValues) -> Mapping[str, Any]:
        aps = self._numbered(values["aps"])
        destination = BROADCAST_ALL if values["nwk"] == ALL_NODES else BROADCAST_RX_ON
        return self._flood(values, aps, BROADCAST, destination)

    def _send_multicast(self, values: FieldValues) -> Mapping[str, Any]:
        """No emulated device is in a group; the frame costs air and is heard by nobody."""
        aps = self._numbered(values["aps"])
        return self._flood(values | {"nwk": aps.group}, aps, MULTICAST, None)

    def _flood(
        self, values: FieldValues, aps: ApsFrame, kind: int, destination: Eui64 | None
    ) -> Mapping[str, Any]:
        core, message = self._core, values["message"]
        if not core.up:
            return {"status": EmberStatus.NETWORK_DOWN, "sequence": 0}
        if len(message) > MAX_PAYLOAD:
            return {"status": EmberStatus.MESSAGE_TOO_LONG, "sequence": 0}
        if destination is not None:
            send = _send(destination, aps, message, 0, acknowledged=False, sleepy=False)
            core.network.submit(self._port, (send,), core.now)
        core.counters[TX_BROADCAST] += 1
        nwk, tag = values["nwk"], values["tag"]
        core.later(MARGIN, lambda now: self._sent(kind, nwk, aps, tag, EmberStatus.OK))
        return {"status": EmberStatus.OK, "sequence": aps.sequence}

    def _numbered(self, aps: ApsFrame) -> ApsFrame:
        self._aps_sequence = (self._aps_sequence + 1) & 0xFF
        return aps._replace(sequence=self._aps_sequence)

    # --- in ---------------------------------------------------------------------------------------

    def _loop_back(self, values: FieldValues, aps: ApsFrame) -> None:
        """The host speaks to its own coordinator."""
        core = self._core
        self._sent(values["type"], values["nwk"], aps, values["tag"], EmberStatus.OK)
        if aps.profile != device_object.PROFILE:
            return
        response = device_object.answer(core.identity, aps.cluster, values["message"])
        if response is not None:
            cluster, payload = response
            self._say_incoming(
                UNICAST_IN,
                aps._replace(cluster=cluster, options=0),
                0x0000,
                core.memory.eui64,
                255,
                payload,
            )

    def packet(self, packet: Packet) -> None:
        """A frame came over the air.

        It is handed over whatever endpoint it is for: EmberZNet leaves it to the host to know its
        endpoints, and bellows speaks from numbers that nobody registered (those of the device).
        """
        core, endpoint = self._core, packet.destination_endpoint
        core.counters[RX_UNICAST] += 1
        aps = ApsFrame(
            packet.profile,
            packet.cluster,
            packet.source_endpoint,
            endpoint,
            INCOMING_OPTIONS,
            0,
            packet.aps_counter,
        )
        self._say_incoming(
            UNICAST_IN,
            aps,
            packet.network_address,
            packet.source,
            packet.link_quality,
            packet.payload,
        )

    def announced(self, event: Joined) -> None:
        """A device broadcast that it is here."""
        core = self._core
        member = core.members[event.device]
        core.counters[RX_BROADCAST] += 1
        self._announcements = (self._announcements + 1) & 0xFF
        payload = device_object.announcement(
            self._announcements, event.network_address, event.device, member.identity.capability
        )
        aps = ApsFrame(0, device_object.DEVICE_ANNCE, 0, 0, 0, 0, self._announcements)
        self._say_incoming(
            BROADCAST_IN,
            aps,
            event.network_address,
            event.device,
            core.network.stations[event.device].placement.link_quality,
            payload,
        )

    def _say_incoming(
        self, kind: int, aps: ApsFrame, nwk: int, eui64: int, quality: int, payload: bytes
    ) -> None:
        self._core.say(
            "incomingMessageHandler",
            type=kind,
            aps=aps,
            nwk=nwk,
            eui64=eui64,
            binding=NO_INDEX,
            address=NO_INDEX,
            lqi=quality,
            rssi=quality // 3 - 95,
            time=int(self._core.now * 1000) & 0xFFFF_FFFF,
            message=payload,
        )


def _send(
    destination: Eui64, aps: ApsFrame, payload: bytes, token: int, acknowledged: bool, sleepy: bool
) -> Send:
    return Send(
        destination,
        aps.source_endpoint,
        aps.destination_endpoint,
        aps.profile,
        aps.cluster,
        payload,
        acknowledged,
        sleepy,
        0,
        token,
    )
