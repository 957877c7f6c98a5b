"""Turns what a link heard and sent into the packets of a capture; octets out, no files. Pure.

A link tells application frames; the headers below are made up from what is known of the devices.
Acknowledgements, polls and relays are not seen here and so not recorded.
"""

from collections.abc import Callable
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.capture.frames import (
    ALL_DEVICES,
    COORDINATOR,
    DEVICE_ANNOUNCE,
    RECEIVERS_ON,
    ZDO_ENDPOINT,
    ZDO_PROFILE,
    Application,
    FrameEnd,
    device_announce,
    zigbee_frame,
)
from ota_engine.capture.pcapng import SNAPLEN, interface, packet, section
from ota_engine.events import BROADCAST_ALL, BROADCAST_RX_ON, Joined, LinkEvent, Packet, Send
from ota_engine.times import Monotonic, Utc

APPLICATION = "zota"
CHECK_SEQUENCE = 2  # octets that a frame has on the air and not in the file
UNKNOWN_ADDRESS = 0xFFFE  # a device whose network address was never heard
BROADCASTS = {BROADCAST_ALL: ALL_DEVICES, BROADCAST_RX_ON: RECEIVERS_ON}


class CaptureMedium(NamedTuple):
    """Whose frames are recorded: the coordinator and its network, and what to call the link."""

    name: str
    own: Eui64
    pan_id: int


class Recorder:
    """Writes the packets of one network.

    Args:
        medium: the network.
        sink: takes the octets of the file, in order.
        utc: turns the monotonic time of an event into seconds since 1970-01-01.

    Attributes:
        recorded: frames written.
        left_out: frames too large for the radio, which therefore never left.
    """

    def __init__(
        self,
        medium: CaptureMedium,
        sink: Callable[[bytes], object],
        utc: Callable[[Monotonic], Utc],
    ) -> None:
        self.recorded = 0
        self.left_out = 0
        self._own = FrameEnd(COORDINATOR, medium.own)
        self._pan_id = medium.pan_id
        self._sink = sink
        self._utc = utc
        self._addresses: dict[Eui64, int] = {}
        self._sequences: dict[Eui64 | None, int] = {}
        self._counter = 0
        sink(section(APPLICATION) + interface(medium.name))

    def heard(self, event: LinkEvent) -> None:
        """Record a packet or an announcement; other events are not frames."""
        if isinstance(event, Packet):
            self._heard_packet(event)
        elif isinstance(event, Joined):
            self._heard_announce(event)

    def sent(self, send: Send, time: Monotonic) -> None:
        """Record a frame handed to the radio at ``time`` (monotonic seconds)."""
        self._counter = (self._counter + 1) & 0xFF
        application = Application(
            send.source_endpoint,
            send.destination_endpoint,
            send.profile,
            send.cluster,
            self._counter,
            send.ack,
            send.payload,
        )
        self._write(self._own, self._party(send.destination), application, time, outbound=True)

    def introduce(self, device: Eui64, network_address: int) -> None:
        """Learn the network address of a device that has not been heard yet."""
        self._addresses.setdefault(device, network_address)

    def _heard_packet(self, heard: Packet) -> None:
        self._addresses[heard.source] = heard.network_address
        application = Application(
            heard.source_endpoint,
            heard.destination_endpoint,
            heard.profile,
            heard.cluster,
            heard.aps_counter,
            ack=True,
            payload=heard.payload,
        )
        source = FrameEnd(heard.network_address, heard.source)
        self._write(source, self._own, application, heard.time, outbound=False)

    def _heard_announce(self, joined: Joined) -> None:
        self._addresses[joined.device] = joined.network_address
        source = FrameEnd(joined.network_address, joined.device)
        sequence = self._sequences.get(joined.device, 0)
        payload = device_announce(sequence, source, sleepy=joined.sleepy)
        application = Application(
            ZDO_ENDPOINT,
            ZDO_ENDPOINT,
            ZDO_PROFILE,
            DEVICE_ANNOUNCE,
            sequence,
            ack=False,
            payload=payload,
        )
        everyone = FrameEnd(RECEIVERS_ON, None)
        self._write(source, everyone, application, joined.time, outbound=False)

    def _party(self, device: Eui64) -> FrameEnd:
        broadcast = BROADCASTS.get(device)
        if broadcast is not None:
            return FrameEnd(broadcast, None)
        return FrameEnd(self._addresses.get(device, UNKNOWN_ADDRESS), device)

    def _write(
        self,
        source: FrameEnd,
        destination: FrameEnd,
        application: Application,
        time: Monotonic,
        *,
        outbound: bool,
    ) -> None:
        sequence = self._sequences.get(source.eui64, 0)
        frame = zigbee_frame(source, destination, self._pan_id, sequence, application)
        if len(frame) + CHECK_SEQUENCE > SNAPLEN:
            self.left_out += 1
            return
        self._sequences[source.eui64] = (sequence + 1) & 0xFF
        self.recorded += 1
        self._sink(packet(frame, self._utc(time), outbound=outbound))
