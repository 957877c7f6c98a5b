"""What we change in a zigpy radio: four hooks through which our traffic goes past zigpy.

Knows zigpy's packets and our events; decides nothing about devices or images. Which frame is for
whom is ``hw.conversations``' to say. The hooks are guarded by tests/hw/test_contracts.py.
"""

from collections import Counter
from typing import Protocol, cast

import trio
import zigpy.application
import zigpy.device
import zigpy.types as t
from zigpy.profiles import zha
from zigpy.zdo.types import ZDOCmd

from hw.conversations import FRAME_TYPE, Conversations, Owner
from hw.discovery import MATCH_DESC_REQ, MATCH_DESC_RSP, answer_match
from hw.endpoints import further_endpoints, smart_energy_endpoint
from hw.failures import LOST
from hw.packets import SettledAddress, device_object_packet, to_ours
from images.eui64 import Eui64
from ota_engine.errors import LinkError
from ota_engine.events import (
    BASIC_CLUSTER,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    Packet,
)
from ota_engine.times import Monotonic

ZDO_ENDPOINT = 0
TAKEN = (1, 2, OTA_SERVER_ENDPOINT)  # zigpy's own, and that of Smart Energy
ANNOUNCEMENT = 12  # octets of a Device_annce: sequence, address, EUI-64, capability
RECEIVER_ON_WHEN_IDLE = 0x08  # capability bit, Zigbee 2.4.3.1.11


class RadioListener(Protocol):
    """Who is told what the radio hears."""

    def packet(self, packet: Packet) -> None:
        """A frame for the engine arrived."""

    def announced(self, device: Eui64, network_address: int, *, sleepy: bool) -> None:
        """A device announced itself."""


class NoListener:
    """Of a radio that nobody serves with."""

    def packet(self, packet: Packet) -> None:
        """Nobody serves."""

    def announced(self, device: Eui64, network_address: int, *, sleepy: bool) -> None:
        """Nobody listens."""


class OtaApplication(zigpy.application.ControllerApplication):
    """A zigpy controller that leaves clusters 0x0019, 0x0704 and 0x0708 to the engine.

    Mixed in before a radio library's own controller by ``ota_application``.

    Attributes:
        listener: told of every frame and announcement.
        counters: what was kept from zigpy or from the air, by reason.
        conversations: who asked which device what.
        asked_endpoints: on which images are to be served beside the usual ones.
    """

    def __init__(self, config: dict[str, object]) -> None:
        super().__init__(config)
        self.listener: RadioListener = NoListener()
        self.counters: Counter[str] = Counter()
        self.conversations = Conversations()
        self.asked_endpoints: tuple[int, ...] = ()

    # --- hooks -----------------------------------------------------------------------------------

    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Take what is the engine's; hand zigpy the rest."""
        if packet.profile_id == 0 or ZDO_ENDPOINT in (packet.src_ep, packet.dst_ep):
            self._device_object(packet)
            return
        if Owner.ZIGPY in self._divert(packet):
            if packet.profile_id == SMART_ENERGY:
                # zigpy interviews these devices but then takes answers of the HA profile only
                packet = packet.replace(profile_id=zha.PROFILE_ID)
            super().packet_received(packet)

    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        """Send a frame of zigpy's own, unless it is a command of the cluster we serve.

        zigpy notifies devices of images it has not got; ``ota.enabled`` does not stop it.
        """
        if packet.profile_id and packet.cluster_id in (OTA_UPGRADE_CLUSTER, BASIC_CLUSTER):
            frame = packet.data.serialize()
            if packet.cluster_id == OTA_UPGRADE_CLUSTER and frame[0] & FRAME_TYPE:
                self.counters["silenced"] += 1
                return
            self._asked(packet, frame, Owner.ZIGPY)
        await super().send_packet(packet)  # type: ignore[safe-super] # the radio library's

    def get_device_with_address(self, address: t.AddrModeAddress) -> zigpy.device.BaseDevice:
        """Hide a device from bellows' ``send_packet`` when it has nothing to set for it.

        For a device it knows, bellows asks the NCP before every frame whether the device's timeout
        is extended. Those whose receiver is always on never have it extended, and a sixth of the
        serial line is worth having.
        """
        if isinstance(address, SettledAddress):
            raise KeyError("nothing has to be set for this device")
        return super().get_device_with_address(address)

    async def register_endpoints(self) -> None:
        """Add the endpoints on which devices look for images.

        One that only some makers' devices call may be refused: a radio has room for few.

        Raises:
            LinkError: the radio has no room for an endpoint that the link names.
        """
        await super().register_endpoints()
        await self.add_endpoint(smart_energy_endpoint())
        for descriptor in further_endpoints(self.asked_endpoints, TAKEN):
            try:
                await self.add_endpoint(descriptor)
            except LOST:
                raise
            except Exception as error:
                if descriptor.endpoint in self.asked_endpoints:
                    raise LinkError(
                        f"the radio has no room for endpoint {descriptor.endpoint}; take it out of"
                        " endpoints="
                    ) from error
                self.counters[f"endpoint {descriptor.endpoint} refused"] += 1

    # --- ours ------------------------------------------------------------------------------------

    async def send_ours(self, packet: t.ZigbeePacket) -> None:
        """Send a frame of the engine."""
        self._asked(packet, packet.data.serialize(), Owner.ENGINE)
        await super().send_packet(packet)  # type: ignore[safe-super] # the radio library's

    def _asked(self, packet: t.ZigbeePacket, frame: bytes, owner: Owner) -> None:
        address = _network_address(packet.dst)
        if address is not None:
            self.conversations.asked(address, packet.cluster_id, frame, owner)

    def _divert(self, packet: t.ZigbeePacket) -> Owner:
        """Tell the engine of a frame that is its; returns who else, if not only, takes it."""
        address, frame = _network_address(packet.src), packet.data.serialize()
        if address is None:
            return Owner.ZIGPY
        owner = self.conversations.owner(address, packet.profile_id, packet.cluster_id, frame)
        if Owner.ENGINE not in owner:
            return owner
        try:
            device = to_ours(self.get_device(nwk=address).ieee)
        except KeyError:
            self.counters["unknown_sender"] += 1
            return owner | Owner.ZIGPY  # it will ask the unknown device who it is
        self.listener.packet(
            Packet(
                device,
                address,
                packet.src_ep or 0,
                packet.dst_ep or 0,
                int(packet.profile_id),
                int(packet.cluster_id),
                int(packet.tsn),
                frame,
                packet.lqi or 0,
                Monotonic(trio.current_time()),
            )
        )
        return owner

    def _device_object(self, packet: t.ZigbeePacket) -> None:
        """Take a frame of the device object: zigpy's, unless it looks for what we serve."""
        frame = packet.data.serialize()
        answer = answer_match(frame) if packet.cluster_id == MATCH_DESC_REQ else None
        if answer is not None and packet.src is not None:
            reply = device_object_packet(packet.src, MATCH_DESC_RSP, answer)
            sending = super().send_packet(reply)  # type: ignore[safe-super] # the radio library's
            self.create_task(sending, "match_desc_rsp")  # type: ignore[misc] # zigpy's own types
            return
        super().packet_received(packet)
        if packet.cluster_id == ZDOCmd.Device_annce:
            self._announced(frame)

    def _announced(self, frame: bytes) -> None:
        """Tell of a Device_annce, Zigbee 2.4.3.1.11."""
        if len(frame) < ANNOUNCEMENT:
            return
        address = int.from_bytes(frame[1:3], "little")
        eui64 = Eui64(int.from_bytes(frame[3:11], "little"))
        self.listener.announced(eui64, address, sleepy=not frame[11] & RECEIVER_ON_WHEN_IDLE)


def _network_address(address: t.AddrModeAddress | None) -> int | None:
    if address is None or address.addr_mode != t.AddrMode.NWK:
        return None
    return int(cast("t.NWK", address.address))


def ota_application(
    controller: type[zigpy.application.ControllerApplication],
) -> type[OtaApplication]:
    """Put our hooks in front of a radio library's controller."""
    mixed = type("ZotaApplication", (OtaApplication, controller), {})
    return cast("type[OtaApplication]", mixed)
