"""Whom the server speaks to of its own accord: Image Notify, and the reading of attributes.

Knows who is in line on each channel and how to word a frame; what the answers mean is ``offers``'
and ``reports``' to know. One device of a channel is contacted per ``notify_spacing``, and none is
notified while its download would have to wait for a place.
"""

from collections.abc import Sequence
from functools import lru_cache

from ota_engine.errors import LocalError
from ota_engine.events import (
    ALL_ENDPOINTS,
    BASIC_CLUSTER,
    BROADCAST_RX_ON,
    HOME_AUTOMATION,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SERVER_ENDPOINTS,
    SMART_ENERGY,
    Priority,
    Send,
)
from ota_engine.hub.delivery.commands import Inquire, NotifyBroadcast, NotifyDevice
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.session import FINAL, IDLE, UNDER_WAY
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.kernel.images import UNKNOWN_VERSION, ServedImage
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import SessionState
from ota_engine.times import Monotonic
from ota_engine.zcl.basic import BasicAttribute
from ota_engine.zcl.commands import Attribute, Command, ImageNotify
from ota_engine.zcl.frame import cluster_frame, general_frame
from ota_engine.zcl.general import READ_ATTRIBUTES, ReadAttributes
from ota_engine.zcl.general import encode as encode_general
from ota_engine.zcl.ota import encode

EVERYONE = 100  # per cent of clients that answer a notify
PAYLOAD_TYPES = range(4)  # of Image Notify
ASK_AGAIN = 30.0  # seconds without an answer until a device is asked again
ON_ITS_WAY = 5.0  # seconds in which an answer to what was asked may still come
NAMES = (BasicAttribute.MANUFACTURER_NAME, BasicAttribute.MODEL_IDENTIFIER)
#: What a client says of a firmware: a version is worth nothing without whose it is.
IDENTITY = (
    Attribute.CURRENT_FILE_VERSION,
    Attribute.IMAGE_UPGRADE_STATUS,
    Attribute.CLUSTER_REVISION,
    Attribute.MANUFACTURER_ID,
    Attribute.IMAGE_TYPE_ID,
)


class Contacts:
    """Speaks to devices unasked, one after the other."""

    def __init__(self, kernel: Kernel, transfers: Transfers) -> None:
        self._kernel = kernel
        self._transfers = transfers

    # --- in line -----------------------------------------------------------------------------

    def next(self, number: int, now: Monotonic) -> None:
        """Contact the next device of a channel."""
        transfers = self._transfers
        channel = transfers.channel(number)
        if self._kernel.radio.down is not None:
            return  # everybody is put in line again when it is up
        contacted = False
        while not contacted and now >= channel.contact_at:
            line = channel.contacts
            if channel.crowded_out and not channel.places.crowded:
                line = channel.crowded_out
            if not line:
                break
            device = next(iter(line))
            del line[device]
            contacted = self._contact(transfers.remember(device), number, now)
        if contacted:
            channel.contacted(now + transfers.config.notify_spacing)
        if channel.contacts or (channel.crowded_out and not channel.places.crowded):
            self._kernel.deadlines.at_latest(channel.contact_at, Alarm.CONTACT, number)

    def _contact(self, peer: Peer, number: int, now: Monotonic) -> bool:
        """Say to a device what there is to say, if anything; returns whether there was."""
        if peer.channel != number:
            self._transfers.contact_soon(peer, now)
            return False
        asked = self.ask_if_new(peer, now)
        idle = self._idle(peer)
        if peer.notified_at is not None or not idle:
            return asked
        channel = self._transfers.channel_of(peer)
        if channel.places.crowded:
            channel.crowded_out[peer.eui64] = None
            return asked
        self._notify(peer, ImageNotify(0, EVERYONE), idle, now)
        return True

    def _idle(self, peer: Peer) -> list[Session]:
        """The sessions for which a query of the device would be welcome, if nothing is under way."""
        sessions = peer.sessions.values()
        if any(session.state in UNDER_WAY for session in sessions):
            return []  # its firmwares are updated one at a time
        most = self._transfers.config.max_attempts
        failed = SessionState.FAILED
        return [one for one in sessions if one.state in IDLE or one.doubtful] or [
            one for one in sessions if one.state is failed and one.attempt < most
        ]

    def turn(self, peer: Peer, sha256: str, now: Monotonic) -> None:
        """The session of this image is done with for now: another one may have waited for it."""
        others = (one for one in self._idle(peer) if one.image.sha256 != sha256)
        if any(session.state in IDLE or session.doubtful for session in others):
            self._transfers.contact_anew(peer, now)

    def again(self, peer: Peer, now: Monotonic) -> None:
        """A notified device that still has nothing under way goes back in line."""
        if peer.notified_at is None or not self._idle(peer):
            return
        due = peer.notified_at + self._transfers.config.notify_again
        if now < due:
            self._kernel.deadlines.at_latest(due, Alarm.NOTIFY_AGAIN, peer.eui64)
        else:
            self._transfers.contact_anew(peer, now)

    # --- frames ------------------------------------------------------------------------------

    def ask_if_new(self, peer: Peer, now: Monotonic) -> bool:
        """Ask a device that has something to wait for, unless it has answered or was asked just now."""
        if not peer.to_ask or now < peer.asked_at + ASK_AGAIN:
            return False
        waiting = any(session.state not in FINAL for session in peer.sessions.values())
        return waiting and self.ask(peer, now)

    def ask(self, peer: Peer, now: Monotonic) -> bool:
        """Ask every client of a device what it is and runs, and the device for its power source."""
        if peer.device.endpoint == ALL_ENDPOINTS:
            return False
        peer.asked(now)
        clients = peer.device.clients()
        for client in clients:
            self._read(peer, client, OTA_UPGRADE_CLUSTER, IDENTITY)
        self._read_basic(peer, clients[0], names=self._transfers.minds_names(peer))
        return True

    def ask_names(self, peer: Peer) -> None:
        """Ask a device for its model and maker, if an image is for some only and it tells neither."""
        if peer.device.model is None and self._transfers.minds_names(peer):
            self._read(peer, peer.device.clients()[0], BASIC_CLUSTER, NAMES)

    def inquire(self, peer: Peer, order: Inquire) -> None:
        """Ask a device what it is and runs, where its clients are known and where the radio says."""
        device, told = peer.device, Client(order.endpoint, order.profile)
        if device.endpoint == ALL_ENDPOINTS:
            device.lives_at(*told)
        clients = device.clients()
        if told.endpoint not in {ALL_ENDPOINTS, *(client.endpoint for client in clients)}:
            clients.append(told)
        for client in clients:
            profiles = (client.profile,) if client.profile else (SMART_ENERGY, HOME_AUTOMATION)
            for known in profiles:
                self._read(peer, client._replace(profile=known), OTA_UPGRADE_CLUSTER, IDENTITY)
        if clients[0].profile and not order.version_only:
            names = order.names or self._transfers.minds_names(peer)
            self._read_basic(peer, clients[0], names=names)

    def _read_basic(self, peer: Peer, client: Client, *, names: bool) -> None:
        wanted = (BasicAttribute.POWER_SOURCE, *NAMES) if names else (BasicAttribute.POWER_SOURCE,)
        self._read(peer, client, BASIC_CLUSTER, wanted)

    def verify(self, peer: Peer, client: Client, now: Monotonic, *, asked: bool) -> None:
        """A device gave a version but not of what: have it say what it meant.

        Args:
            peer: the device.
            client: where the word came from.
            now: monotonic seconds.
            asked: it was asked for its identity too and does not tell it; only a query will.
        """
        waiting = [one for one in peer.sessions.values() if one.state not in FINAL]
        if not waiting or now < peer.hinted_at + ASK_AGAIN:
            return
        if not asked and now < peer.asked_at + ON_ITS_WAY:
            return
        peer.hinted(now)
        if not asked:
            self._read(peer, client, OTA_UPGRADE_CLUSTER, IDENTITY)
        elif not any(one.about_to_restart for one in waiting):
            self._transfers.frame(peer, client, self._notify_frame(ImageNotify(0, EVERYONE)))

    def _read(self, peer: Peer, client: Client, cluster: int, attributes: tuple[int, ...]) -> None:
        frame = general_frame(
            READ_ATTRIBUTES,
            self._transfers.next_sequence(),
            encode_general(ReadAttributes(attributes)),
            from_server=cluster == OTA_UPGRADE_CLUSTER,  # these are the client's attributes
        )
        self._transfers.frame(peer, client, frame, cluster=cluster)

    def notify(self, order: NotifyDevice, peer: Peer, now: Monotonic) -> None:
        """Send a unicast Image Notify at once, as an operator asks.

        Raises:
            LocalError: as ``broadcast``.
        """
        notify = self._worded(order.payload_type, EVERYONE, order.sha256)
        named = peer.sessions.get(order.sha256 or "")
        self._notify(peer, notify, [named] if named is not None else [], now)

    def _notify(
        self, peer: Peer, notify: ImageNotify, sessions: Sequence[Session], now: Monotonic
    ) -> None:
        """Notify the clients that these sessions are for, all of the device without any."""
        self._kernel.output.count("notify")
        self._transfers.notify_later(peer, now)
        device = peer.device
        clients = [one for session in sessions for one in device.clients(session.target)]
        for client in dict.fromkeys(clients or device.clients()):
            self._transfers.frame(peer, client, self._notify_frame(notify))

    def broadcast(self, order: NotifyBroadcast) -> None:
        """Broadcast an Image Notify on one profile to every client that is awake.

        Raises:
            LocalError: the payload type or jitter is out of range, or needs an image.
        """
        notify = self._worded(order.payload_type, order.jitter, order.sha256)
        if order.any_version and notify.new_file_version is not None:
            notify = notify._replace(new_file_version=UNKNOWN_VERSION)
        self._kernel.output.send(
            Send(
                BROADCAST_RX_ON,
                SERVER_ENDPOINTS.get(order.profile, OTA_SERVER_ENDPOINT),
                ALL_ENDPOINTS,
                order.profile,
                OTA_UPGRADE_CLUSTER,
                self._notify_frame(notify),
                False,
                False,
                Priority.NORMAL,
                0,
            )
        )

    def _worded(self, payload_type: int, jitter: int, sha256: str | None) -> ImageNotify:
        if payload_type not in PAYLOAD_TYPES or not 1 <= jitter <= EVERYONE:
            raise LocalError("an Image Notify has payload type 0..3 and jitter 1..100")
        image = self._image(payload_type, sha256)
        named = image.key[:payload_type] if image is not None else ()
        return ImageNotify(payload_type, jitter, *named)

    def _image(self, payload_type: int, sha256: str | None) -> ServedImage | None:
        image = self._kernel.images.get(sha256 or "")
        if image is None and payload_type:
            raise LocalError(f"payload type {payload_type} needs an image; add it first")
        return image

    def _notify_frame(self, notify: ImageNotify) -> bytes:
        payload = _encoded(notify)
        return cluster_frame(
            Command.IMAGE_NOTIFY, self._transfers.next_sequence(), payload, from_server=True
        )


@lru_cache(maxsize=64)
def _encoded(notify: ImageNotify) -> bytes:
    """Write the payload of an Image Notify; devices without number are notified in the same words."""
    return encode(notify)
