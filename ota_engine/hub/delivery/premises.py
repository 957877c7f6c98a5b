"""The estate as a neighbouring room sees it: devices, images and journal, no session; keeps nothing."""

from images.eui64 import Eui64
from ota_engine.hub.delivery.clock import WallClock
from ota_engine.hub.delivery.estate import Estate
from ota_engine.hub.delivery.peer import UNKNOWN_ADDRESS
from ota_engine.hub.delivery.timers import Alarm
from ota_engine.hub.tunnel.hub import Route
from ota_engine.records import ImageRecord


class Premises:
    """One estate, shared with those who need the same devices, clock and journal."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.persist = estate.persist
        self.report = estate.report
        self.event = estate.event
        self.audit = estate.audit
        self.count = estate.count
        self.send = estate.send

    @property
    def clock(self) -> WallClock:
        """The one wall clock."""
        return self._estate.clock

    @property
    def link_down(self) -> str | None:
        """Why there is no radio, None while there is one."""
        return self._estate.link_down

    def route(self, device: Eui64) -> Route | None:
        """How a device is reached; None for one that was never seen."""
        estate = self._estate
        peer = estate.peers.get(device) or estate.strangers.get(device)
        if peer is None or peer.network_address == UNKNOWN_ADDRESS:
            return None
        profile = peer.profile or estate.config.profile
        return Route(peer.endpoint, profile, peer.sleepy, estate.room(peer))

    def remember(self, device: Eui64, now: float) -> None:
        """Keep what is known of a device for good, because somebody named it."""
        if device not in self._estate.peers:
            self._estate.touch(self._estate.known(device), now)

    def image(self, sha256: str) -> ImageRecord | None:
        """Look an image up in the catalogue."""
        image = self._estate.images.get(sha256)
        return None if image is None else image.record

    def image_of(self, manufacturer_image_hash: bytes) -> ImageRecord | None:
        """Look up the newest image of the catalogue that has this hash."""
        digest = manufacturer_image_hash.hex()
        records = (image.record for image in self._estate.images.values())
        found = [record for record in records if record.manufacturer_image_hash == digest]
        return max(found, key=lambda record: record.added_utc, default=None)

    def hardware_version(self, device: Eui64) -> int | None:
        """The hardware version a device told, None if it told none."""
        peer = self._estate.peers.get(device) or self._estate.strangers.get(device)
        return None if peer is None else peer.hardware_version

    def ring_at(self, due: float) -> None:
        """Ask to be woken at monotonic ``due``, or earlier if that was asked for before."""
        self._estate.timers.at(due, Alarm.NEIGHBOUR, 0)
