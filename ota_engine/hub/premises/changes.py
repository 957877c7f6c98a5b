"""The changes that were announced last, and what each device is known to know of them.

Knows the rules of announcements (Smart Energy 1.4, annex D.10.2.4): a higher issuer event id replaces
a lower one, and what has not taken effect may be taken back. Sends nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.hub.premises.requests import AnnounceChange
from ota_engine.records import (
    PremisesChangeRecord,
    PremisesReply,
    PremisesReplyRecord,
    PremisesSubject,
    Record,
)
from ota_engine.times import Utc
from ota_engine.zcl.device_management import (
    CANCELLED,
    NOW,
    PublishChangeOfSupplier,
    PublishChangeOfTenancy,
    encode,
)

ZIGBEE_EPOCH: Final = 946_684_800  # 2000-01-01 in seconds since 1970-01-01
MOST_EVENT_ID: Final = 0xFFFF_FFFF
MOST_DEVICES: Final = 1000  # whose replies are remembered


class PremisesStatus(NamedTuple):
    """One change, and what is known of each device that was told.

    Attributes:
        change: as it was announced, or taken back.
        replies: of devices that know it as it stands.
    """

    change: PremisesChangeRecord
    replies: tuple[PremisesReplyRecord, ...]


class PremisesChanges:
    """At most one change for each subject, and one reply for each subject and device.

    Args:
        changes: that an earlier run announced.
        replies: that it had of devices.
        persist: has a row written.
    """

    def __init__(
        self,
        changes: Iterable[PremisesChangeRecord],
        replies: Iterable[PremisesReplyRecord],
        persist: Callable[[Record], None],
    ) -> None:
        self._changes = {change.subject: change for change in changes}
        self._replies = {(reply.subject, reply.device): reply for reply in replies}
        self._persist = persist

    # --- what is announced -----------------------------------------------------------------------

    def announce(self, wanted: AnnounceChange, utc: Utc) -> PremisesChangeRecord | None:
        """Take an announcement; None if it is the one that stands.

        Raises:
            LocalError: a value does not fit its field, or a newer announcement stands.
        """
        last = self._changes.get(wanted.subject)
        change = _change_of(wanted, last, utc)
        encode(publication(change))  # or it says which value does not fit
        if last is not None and change.issuer_event_id == last.issuer_event_id:
            same = replace(last, announced_utc=utc, cancelled=False)
            if change == same and not last.cancelled:
                return None
            raise LocalError(
                f"event {change.issuer_event_id} of the {change.subject} is another announcement: "
                "give a higher event id"
            )
        if last is not None and change.issuer_event_id < last.issuer_event_id:
            raise LocalError(
                f"event {change.issuer_event_id} is older than {last.issuer_event_id}, which "
                f"devices know of the {change.subject}: give a higher event id"
            )
        return self._keep(change)

    def cancel(self, subject: PremisesSubject, utc: Utc) -> PremisesChangeRecord | None:
        """Take the last announcement back; None if it is already.

        Raises:
            LocalError: there is none, or it has taken effect.
        """
        last = self._changes.get(subject)
        if last is None:
            raise LocalError(f"no change of {subject} was announced: there is none to take back")
        if last.cancelled:
            return None
        if last.implementation_utc is None or last.implementation_utc <= utc:
            raise LocalError(
                f"the change of {subject} has taken effect: devices have cleared, or will as soon "
                "as they hear of it"
            )
        return self._keep(replace(last, cancelled=True))

    def _keep(self, change: PremisesChangeRecord) -> PremisesChangeRecord:
        self._changes[change.subject] = change
        self._persist(change)
        return change

    # --- what stands -----------------------------------------------------------------------------

    def standing(self, subject: PremisesSubject, utc: Utc) -> PremisesChangeRecord | None:
        """What there is to say of a subject.

        A change is told until the next, so that a device that was away for long does what it should
        have done. That one was taken back is told for as long as a device could wait for it.
        """
        change = self._changes.get(subject)
        if change is None or not change.cancelled:
            return change
        due = change.implementation_utc
        return change if due is None or utc < due else None

    def all_standing(self, utc: Utc) -> list[PremisesChangeRecord]:
        """What there is to say of every subject."""
        found = (self.standing(subject, utc) for subject in PremisesSubject)
        return [change for change in found if change is not None]

    def knows(self, device: Eui64, change: PremisesChangeRecord) -> bool:
        """Whether a device is known to know a change as it stands."""
        reply = self._replies.get((change.subject, device))
        return reply is not None and _is_of(reply, change)

    def status(self) -> tuple[PremisesStatus, ...]:
        """Everything that was announced last, with who knows it as it stands."""
        return tuple(
            PremisesStatus(
                change,
                tuple(
                    reply
                    for (subject, _), reply in sorted(self._replies.items())
                    if subject is change.subject and _is_of(reply, change)
                ),
            )
            for change in self._changes.values()
        )

    # --- what devices say ------------------------------------------------------------------------

    def replied(
        self,
        device: Eui64,
        change: PremisesChangeRecord,
        reply: PremisesReply,
        status: int,
        utc: Utc,
    ) -> bool:
        """Take what a device lets the hub know of a change; returns whether that is news."""
        key = change.subject, device
        full = key not in self._replies and len(self._replies) >= MOST_DEVICES
        before = self._replies.get(key)
        settled = before is not None and _is_of(before, change)
        if full or (settled and before is not None and before.reply is not PremisesReply.REFUSED):
            return False
        if settled and reply is PremisesReply.REFUSED:
            return False
        record = PremisesReplyRecord(
            change.subject, device, change.issuer_event_id, change.cancelled, reply, status, utc
        )
        self._replies[key] = record
        self._persist(record)
        return True


def publication(
    change: PremisesChangeRecord,
) -> PublishChangeOfTenancy | PublishChangeOfSupplier:
    """Word a change as the cluster publishes it."""
    time = CANCELLED if change.cancelled else zigbee_time(change.implementation_utc)
    head = change.provider, change.issuer_event_id, change.tariff_type
    if change.subject is PremisesSubject.TENANCY:
        return PublishChangeOfTenancy(*head, time, change.control)
    return PublishChangeOfSupplier(
        *head, change.proposed_provider, time, change.control, change.name, change.contact
    )


def zigbee_time(utc: Utc | None) -> int:
    """Seconds since 2000-01-01 of a moment; ``NOW`` for none.

    Raises:
        LocalError: the cluster cannot say it.
    """
    if utc is None:
        return NOW
    seconds = int(utc) - ZIGBEE_EPOCH
    if not NOW < seconds < CANCELLED:
        raise LocalError(
            f"{int(utc)} seconds since 1970 is no time a device understands: it has to be between "
            "2000 and 2136"
        )
    return seconds


def _change_of(
    wanted: AnnounceChange, last: PremisesChangeRecord | None, utc: Utc
) -> PremisesChangeRecord:
    number = wanted.issuer_event_id
    if number is None:
        # by the clock, as issuers do it, but after the last one in any case
        after = 0 if last is None else last.issuer_event_id
        number = min(max(after + 1, int(utc) - ZIGBEE_EPOCH), MOST_EVENT_ID)
    due = wanted.implementation_utc
    return PremisesChangeRecord(
        subject=wanted.subject,
        issuer_event_id=number,
        provider=wanted.provider,
        tariff_type=wanted.tariff_type,
        control=int(wanted.control),
        implementation_utc=None if due is None else Utc(float(int(due))),
        announced_utc=utc,
        proposed_provider=wanted.proposed_provider,
        name=wanted.name,
        contact=wanted.contact,
    )


def _is_of(reply: PremisesReplyRecord, change: PremisesChangeRecord) -> bool:
    return (reply.issuer_event_id, reply.cancelled) == (change.issuer_event_id, change.cancelled)
