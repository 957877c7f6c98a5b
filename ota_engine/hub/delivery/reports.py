"""What devices say of themselves: versions, revision, power. Their word decides what is true."""

from collections.abc import Iterable, Mapping

from images.eui64 import format_eui64
from ota_engine.events import BASIC_CLUSTER, Packet
from ota_engine.hub.delivery.contacts import ON_ITS_WAY, Contacts
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.session import HOLDING, SessionStep
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.kernel.happenings import NamesTold
from ota_engine.hub.kernel.images import UNKNOWN_VERSION
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.hub.kernel.quirks import quirk_for
from ota_engine.records import Activation, FirmwareSource, SessionState, VersionPolicy
from ota_engine.times import Monotonic
from ota_engine.wording import one_line
from ota_engine.zcl.basic import BasicAttribute
from ota_engine.zcl.commands import Attribute, QueryNextImageRequest
from ota_engine.zcl.general import AttributeRecord

HOLDS = range(2, 7)  # ImageUpgradeStatus: has the whole image, and runs it later
NORMAL = 0  # ImageUpgradeStatus: nothing is under way, nothing is held
COUNTDOWN = 4  # ImageUpgradeStatus: has been told when, and waits for it
EXTERNAL_EVENT = 6  # ImageUpgradeStatus: waiting to upgrade via external event
SOONEST_RESTART = 5.0  # seconds: clients let acknowledgements drain before they restart
UNORDERED = "activated without an order from here"
UNKNOWN_IDENTITY = 0xFFFF  # ManufacturerID, ImageTypeID: the client does not say


class Reports:
    """Believes what devices answer and report."""

    def __init__(self, kernel: Kernel, transfers: Transfers, contacts: Contacts) -> None:
        self._kernel = kernel
        self._transfers = transfers
        self._contacts = contacts

    def announced(self, peer: Peer, now: Monotonic) -> None:
        """A device (re)joined: those told to apply have restarted, all are asked what they run."""
        for session in peer.sessions.values():
            session.announced()
        self._contacts.ask(peer, now)

    def attributes(
        self, packet: Packet, peer: Peer, records: Iterable[AttributeRecord], *, asked: bool
    ) -> None:
        """Take attributes, ``asked`` for or reported of the device's own accord."""
        now, told = packet.time, list(records)
        values = {record.attribute: record.value for record in told if record.value is not None}
        if packet.cluster == BASIC_CLUSTER:
            changed = BasicAttribute.POWER_SOURCE in values and self._power(
                peer, values[BasicAttribute.POWER_SOURCE], now
            )
            changed |= self._names(peer, told, now)
        else:
            revision = values.get(Attribute.CLUSTER_REVISION, peer.device.cluster_revision)
            changed = peer.device.describes(cluster_revision=revision)
            if asked:
                peer.answered()
            self._versions(packet, peer, values, asked)
        if changed:
            self._kernel.devices.touch(peer.device, now)

    def _versions(self, packet: Packet, peer: Peer, values: Mapping[int, int], asked: bool) -> None:
        """Take a version for a fact of the firmware it is of; without saying which, it is a hint."""
        version = values.get(Attribute.CURRENT_FILE_VERSION, UNKNOWN_VERSION)
        if version == UNKNOWN_VERSION:
            return
        client, now = Client(packet.source_endpoint, packet.profile), packet.time
        code = values.get(Attribute.MANUFACTURER_ID, UNKNOWN_IDENTITY)
        kind = values.get(Attribute.IMAGE_TYPE_ID, UNKNOWN_IDENTITY)
        if UNKNOWN_IDENTITY in (code, kind):
            self._kernel.output.count("version_without_identity")
            self._contacts.verify(peer, client, now, asked=asked)
            return
        session = peer.session_for((code, kind))
        self._kernel.devices.told(
            peer.device,
            (code, kind),
            client,
            version,
            None,
            FirmwareSource.ATTRIBUTES,
            now,
            wanted=session is not None,
        )
        if session is not None:
            status = values.get(Attribute.IMAGE_UPGRADE_STATUS)
            if not asked and status == NORMAL:
                status = None  # unasked, that may be the word before it held anything
            if asked and status in HOLDS and session.holds_still() and status != COUNTDOWN:
                # The word to apply has not reached it.
                self._kernel.deadlines.at_latest(now, Alarm.TELL_AGAIN, peer.eui64)
            self._confirm(peer, session, version, status, now)
            if asked and status == EXTERNAL_EVENT:
                self._parked(peer, session, now)

    def _names(self, peer: Peer, records: Iterable[AttributeRecord], now: Monotonic) -> bool:
        """Take model and maker; one that the device does not support is known to be none."""
        told = {record.attribute: _name(record) for record in records}
        before = peer.device.model, peer.device.maker
        model = told.get(BasicAttribute.MODEL_IDENTIFIER, before[0])
        maker = told.get(BasicAttribute.MANUFACTURER_NAME, before[1])
        if (model, maker) == before:
            return False
        peer.device.named(model, maker)
        self._kernel.happen(NamesTold(peer.eui64))
        if self._transfers.minds_names(peer):
            self._transfers.contact_anew(peer, now)
        return True

    def _power(self, peer: Peer, source: int, now: Monotonic) -> bool:
        if not peer.device.describes(power_source=source):
            return False
        self._transfers.explain_idle(peer)
        if peer.sessions:
            self._transfers.contact_anew(peer, now)
        return True

    def queried(self, peer: Peer, session: Session, running: int, now: Monotonic) -> None:
        """A query names the version the device runs, which may confirm or deny an activation."""
        ordered = session.ordered
        if ordered:
            # It would not query while it is about to restart, unless the query was under way.
            session.spoke_after(session.since + SOONEST_RESTART, now)
            if self._must_say_more(peer, session, running, now):
                return
        self._confirm(peer, session, running, NORMAL if ordered else None, now)

    def _must_say_more(self, peer: Peer, session: Session, running: int, now: Monotonic) -> bool:
        """Whether a device that was told to apply has yet to say if it holds the image still.

        It queries with the version that it ran: it has come back from its restart, or the word to apply
        has not reached it, and it queries all the same. Only its ImageUpgradeStatus tells (ZCL 11.10.7);
        of one that does not answer, the query is believed.
        """
        proves = session.came_back and running == session.version_before
        given_up = session.silent and running != self._kernel.images.reported(session.image)
        if not proves or given_up:
            return False
        session.queried(running)
        self._kernel.deadlines.at_latest(now + ON_ITS_WAY, Alarm.OVERDUE, peer.eui64)
        return True

    def ask_more(self, peer: Peer, now: Monotonic) -> bool:
        """Ask a device what its query left open, unless its answer may be on its way; returns whether it did."""
        left_open = any(one.queried_with is not None for one in peer.sessions.values())
        return left_open and now >= peer.asked_at + ON_ITS_WAY and self._contacts.ask(peer, now)

    def _believe_query(self, peer: Peer, session: Session, running: int, now: Monotonic) -> None:
        """Nothing but a query has come of a device that was asked for more, unless it was asked again."""
        due = peer.asked_at + ON_ITS_WAY
        if now < due:
            self._kernel.deadlines.at_latest(due, Alarm.OVERDUE, peer.eui64)
        else:
            session.queried(None)
            self._confirm(peer, session, running, NORMAL, now)

    def owes_word(self, peer: Peer, session: Session, running: int, now: Monotonic) -> bool:
        """Whether a device came back that held what it runs, and has yet to say whether it holds it still.

        To offer it the image anew would have it say that it downloads, and nobody would know.
        """
        if session.queried_with is not None:
            return True  # it is asked behind the answer to its query
        runs_it = running == self._kernel.images.reported(session.image)
        reinstall = runs_it and session.version_before == running and session.complete
        asked = peer.asked_at >= session.since and now < peer.asked_at + ON_ITS_WAY
        return reinstall and session.came_back and asked

    def proven(self, peer: Peer, query: QueryNextImageRequest, now: Monotonic) -> None:
        """A query that is news proves a delivery done before anybody chooses the next by it."""
        session = peer.session_for((query.manufacturer_code, query.image_type))
        if session is None or not session.complete:
            return
        if query.current_file_version == self._kernel.images.reported(session.image):
            self.queried(peer, session, query.current_file_version, now)

    def _confirm(
        self, peer: Peer, session: Session, version: int, status: int | None, now: Monotonic
    ) -> None:
        """Compare a version with the assignment; ``status`` as far as the device tells it."""
        expected = self._kernel.images.reported(session.image)
        if version != expected:
            if not (session.state in HOLDING and session.came_back and status == NORMAL):
                return
            if _in_other_words(session, version, expected):
                reason = f"the device reports 0x{version:08X}, as its maker's firmware writes it"
                self._succeeded(peer, session, version, reason, now)
            else:
                self._came_back_without(peer, session, version, now)
        elif session.state is SessionState.RESTARTING:
            if session.version_before != version or self._restarted(session, status, now):
                self._succeeded(peer, session, version, "the device reports it", now)
        else:
            self._runs_it(peer, session, version, status, now)

    def _parked(self, peer: Peer, session: Session, now: Monotonic) -> None:
        """A device whose activation is not ours to order says that it holds the verified image."""
        if session.complete and session.state in (SessionState.VERIFYING, SessionState.STALLED):
            reason = "holds the image; waits for a command to activate"
            self._transfers.step(peer, session, SessionStep.EXTERN, now, reason)

    def _succeeded(
        self, peer: Peer, session: Session, version: int, reason: str, now: Monotonic
    ) -> None:
        session.runs(version)
        self._transfers.step(peer, session, SessionStep.REPORTED_NEW, now, reason)
        if any(one.state is SessionState.WAIT_FOR_MORE for one in peer.sessions.values()):
            self._contacts.ask(peer, now)  # it held other files for this one, and may run them now

    def _came_back_without(
        self, peer: Peer, session: Session, version: int, now: Monotonic
    ) -> None:
        session.runs(version)
        reason = f"the device came back with 0x{version:08X}"
        self._transfers.step(peer, session, SessionStep.REPORTED_OLD, now, reason)

    def relapsed(self, peer: Peer, session: Session, version: int, now: Monotonic) -> None:
        """A device that was taken to run the image asks for it: its attempt has not done after all."""
        session.runs(version)
        reason = f"the device was taken to run the image, and reports 0x{version:08X}"
        self._transfers.step(peer, session, SessionStep.RELAPSE, now, reason)

    def _runs_it(
        self, peer: Peer, session: Session, version: int, status: int | None, now: Monotonic
    ) -> None:
        """The device runs the image though we did not tell it to apply: say how that came about."""
        transfers = self._transfers
        if session.state is SessionState.UPDATED or session.version_after == version:
            return
        if session.state is SessionState.ABORTED:
            session.runs(version)
            transfers.save(peer, session)
            self._audit_unordered(peer, version, now)
            return
        if not session.complete:
            if session.assignment.policy is not VersionPolicy.REINSTALL:
                session.runs_already(version)
                transfers.step(
                    peer, session, SessionStep.REPORTED_NEW, now, "the device already runs it"
                )
                if session.doubtful:
                    transfers.contact_anew(peer, now)  # its query tells whether that was so
            return
        if session.version_before == version and not self._restarted(session, status, now):
            return
        ordered, reason = self._order_behind(session, now)
        session.runs(version)
        self._succeeded(peer, session, version, reason, now)
        if not ordered:
            self._audit_unordered(peer, version, now)

    def _audit_unordered(self, peer: Peer, version: int, now: Monotonic) -> None:
        self._kernel.output.count("activation_without_order")
        self._kernel.output.audit(
            "device", UNORDERED, format_eui64(peer.eui64), now, file_version=version
        )

    def _order_behind(self, session: Session, now: Monotonic) -> tuple[bool, str]:
        """Whether anybody ordered an activation that did not go through us, and in which words."""
        wish = session.assignment.activation
        if session.state is SessionState.WAIT_FOR_MORE:
            return True, "applied with the device's last file"
        if wish is Activation.EXTERNAL:
            return True, "activated by a command"
        if wish is not Activation.IMMEDIATE and self._was_due(session, now):
            return True, "activated at its time"
        if session.ordered:
            return True, "the device reports it, later than it was given up"
        if wish is Activation.IMMEDIATE:
            return True, "activated while its Upgrade End was unanswered"
        return False, UNORDERED

    def _restarted(self, session: Session, status: int | None, now: Monotonic) -> bool:
        """Whether a device that runs what it ran has installed it again, which no version tells.

        To come back alone may be a power cut: it takes an order to restart, given or due, or that the
        device says that it holds nothing any more.
        """
        if status is None:
            due = session.state is SessionState.SCHEDULED and self._was_due(session, now)
            return session.came_back and (session.ordered or due)
        if status != NORMAL:
            return False  # it holds the image still
        late = session.ordered and now >= session.since + SOONEST_RESTART
        return session.came_back or session.missed or late

    def _was_due(self, session: Session, now: Monotonic) -> bool:
        return session.due_utc is not None and self._kernel.clock.utc(now) >= session.due_utc

    def overdue(self, peer: Peer, now: Monotonic) -> None:
        """A device may have taken longer to check the image, or to restart, than it may."""
        for session in peer.sessions.values():
            if session.queried_with is not None:
                self._believe_query(peer, session, session.queried_with, now)
            if session.state is SessionState.VERIFYING:
                self._overdue(peer, session, "no word since the last block", now)
            elif session.state is SessionState.RESTARTING:
                reason = _no_word(peer, session, now)
                self._overdue(peer, session, reason, now)

    def _overdue(self, peer: Peer, session: Session, reason: str, now: Monotonic) -> None:
        if now < session.deadline:
            self._kernel.deadlines.at_latest(session.deadline, Alarm.OVERDUE, peer.eui64)
        else:
            session.overrun()
            self._transfers.step(peer, session, SessionStep.OVERDUE, now, reason)


def _in_other_words(session: Session, version: int, expected: int) -> bool:
    """Whether a version is new to the device and its vendor's way to write the expected one."""
    new = version != session.version_before
    return new and quirk_for(*session.target).resembles(version, expected)


def _no_word(peer: Peer, session: Session, now: Monotonic) -> str:
    """What is known of a device that has not told what it runs since it was told to apply."""
    if peer.last_heard <= session.since:
        return "the device did not come back after it was told to apply"
    ago = f"heard {now - peer.last_heard:.0f} s ago"
    return f"the device has not told what it runs since it was told to apply; {ago}"


def _name(record: AttributeRecord) -> str:
    """A name as people can compare it: without the padding some devices fill it with."""
    text = (record.string or b"").decode("utf-8", "replace")
    return one_line(text.rstrip("\x00 ").strip())
