"""Records to store: one maker per kind, and Hypothesis strategies over a small estate."""

import hashlib
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from images.catalogue import ImageStatus, Range, Terms
from images.eui64 import Eui64
from ota_engine.audience import OPERATORS
from ota_engine.gbcs.verification import CheckResult, Verification
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    AuditRecord,
    ClockRecord,
    CounterRecord,
    DeviceRecord,
    EventRecord,
    FirmwareRecord,
    FirmwareSource,
    ImageRecord,
    ImageTerms,
    OrderRecord,
    OrderState,
    OutcomeKind,
    OutcomeRecord,
    Override,
    PremisesChangeRecord,
    PremisesReply,
    PremisesReplyRecord,
    PremisesSubject,
    PushRecord,
    PushState,
    PushTargetRecord,
    PushWish,
    Record,
    SessionRecord,
    SessionState,
    Term,
    Unassigned,
    Verdict,
    VersionPolicy,
)
from ota_engine.store import migrate, schema
from ota_engine.store.seals import SEALER
from ota_engine.store.store import Store
from ota_engine.times import Utc

PPMID = Eui64(0x00DB_1234_5678_90A4)
HIGHEST = Eui64(0xFFFF_FFFF_FFFF_FFFE)  # more than a signed 64-bit column could hold
SUPPLIER = Eui64(0x90B3_D51F_3000_0001)


def image(data: bytes = b"firmware", **changes: Any) -> ImageRecord:
    made = ImageRecord(
        sha256=hashlib.sha256(data).hexdigest(),
        name="ppmid.ota",
        manufacturer_code=0x121D,
        image_type=0x0084,
        file_version=0xFFFF_FFFF,
        zigbee_stack_version=2,
        header_string="PPMID",
        minimum_hardware_version=None,
        maximum_hardware_version=None,
        upgrade_file_destination=None,
        manufacturer_image_hash="",
        added_utc=Utc(1.7e9),
        data=data,
    )
    return replace(made, **changes)


IMAGE = image()


def device(eui64: Eui64 = PPMID, **changes: Any) -> DeviceRecord:
    made = DeviceRecord(
        device=eui64,
        network_address=0x1234,
        endpoint=1,
        profile=0x0109,
        channel=11,
        relays=0,
        sleepy=False,
        cluster_revision=3,
        power_source=1,
        period_unit_ms=1,
        block_limit=None,
        last_seen_utc=Utc(1.7e9),
    )
    return replace(made, **changes)


def firmware(eui64: Eui64 = PPMID, **changes: Any) -> FirmwareRecord:
    made = FirmwareRecord(
        device=eui64,
        manufacturer_code=0x121D,
        image_type=0x0084,
        endpoint=1,
        profile=0x0109,
        file_version=0x01020304,
        hardware_version=None,
        source=FirmwareSource.QUERY,
        since_utc=Utc(1.7e9),
    )
    return replace(made, **changes)


def assignment(eui64: Eui64 = PPMID, **changes: Any) -> AssignmentRecord:
    made = AssignmentRecord(
        device=eui64,
        sha256=IMAGE.sha256,
        policy=VersionPolicy.UPGRADE,
        activation=Activation.IMMEDIATE,
        activation_delay=0,
        activation_utc=None,
        created_utc=Utc(1.7e9),
    )
    return replace(made, **changes)


def session(eui64: Eui64 = PPMID, **changes: Any) -> SessionRecord:
    made = SessionRecord(
        device=eui64,
        endpoint=1,
        sha256=IMAGE.sha256,
        attempt=1,
        state=SessionState.DOWNLOADING,
        reason="",
        since_utc=Utc(1.7e9),
        offset=0,
        blocks=0,
        retries=0,
        version_before=0x01020304,
        version_after=None,
        due_utc=None,
        started_utc=Utc(1.7e9),
    )
    return replace(made, **changes)


def outcome(key: str, eui64: Eui64 = PPMID, **changes: Any) -> OutcomeRecord:
    made = OutcomeRecord(
        key=key,
        utc=Utc(1.7e9),
        device=eui64,
        kind=OutcomeKind.TRANSFER,
        verdict=Verdict.SUCCEEDED,
        reason="",
        sha256=IMAGE.sha256,
        version_before=0x01020304,
        version_after=0x01020305,
    )
    return replace(made, **changes)


def order(number: int = 1, **changes: Any) -> OrderRecord:
    made = OrderRecord(
        number=number,
        originator=SUPPLIER,
        device=PPMID,
        manufacturer_image_hash=bytes(range(32)),
        sha256=IMAGE.sha256,
        execution_utc=None,
        created_utc=Utc(1.7e9),
        state=OrderState.DRAFTED,
        since_utc=Utc(1.7e9),
        reason="",
    )
    return replace(made, **changes)


def terms(sha256: str = IMAGE.sha256, **changes: Any) -> ImageTerms:
    return ImageTerms(sha256, ImageStatus.APPROVED, Terms(**changes))


def push(number: int = 1, **changes: Any) -> PushRecord:
    made = PushRecord(
        number=number,
        images=(IMAGE.sha256,),
        devices=(PPMID, HIGHEST),
        everyone=False,
        policy=VersionPolicy.UPGRADE,
        activation=Activation.IMMEDIATE,
        activation_utc=None,
        created_utc=Utc(1.7e9),
        overrides=(Override(Term.MODEL, "tried by hand"),),
        wishes=(PushWish(HIGHEST, VersionPolicy.REINSTALL, Activation.DELAYED, 900),),
    )
    return replace(made, **changes)


def target(number: int = 1, eui64: Eui64 = PPMID, **changes: Any) -> PushTargetRecord:
    made = PushTargetRecord(number, eui64, 0x121D, 0x0084, IMAGE.sha256, "updated", "", Utc(1.7e9))
    return replace(made, **changes)


def change(event: int = 7) -> PremisesChangeRecord:
    return PremisesChangeRecord(
        PremisesSubject.TENANCY, event, 1, 0, 0x200, Utc(1.8e9), Utc(1.7e9), name=b"Bright"
    )


def reply(event: int = 7) -> PremisesReplyRecord:
    return PremisesReplyRecord(
        PremisesSubject.TENANCY, PPMID, event, False, PremisesReply.ASKED, 0, Utc(1.7e9)
    )


def event(kind: str = "offered", eui64: Eui64 | None = PPMID, detail: str = "{}") -> EventRecord:
    return EventRecord(utc=Utc(1.7e9), device=eui64, kind=kind, detail=detail)


def audit(subject: str = "ppmid", actor: str = "operator") -> AuditRecord:
    return AuditRecord(utc=Utc(1.7e9), actor=actor, action="assign", subject=subject, detail="{}")


def deeds(store: Store) -> list[AuditRecord]:
    """The audit trail without the store's own rows, which seal what the others tell of."""
    rows = [row.record for row in store.audit_rows()]
    return [record for record in rows if record.actor != SEALER]


def sessions_of_schema_0009(connection: sa.Connection) -> dict[Eui64, SessionState]:
    """Make a database of schema 0009 with a session in every state; returns whose is in which."""
    migrate.run_migrations(connection, migrate.SCRIPTS, "0009")
    connection.execute(sa.insert(schema.images).values(asdict(IMAGE)))
    states = {Eui64(number): state for number, state in enumerate(SessionState, 1)}
    for eui64, state in states.items():
        connection.execute(sa.insert(schema.devices).values(asdict(device(eui64))))
        wish = asdict(assignment(eui64))
        connection.execute(sa.insert(schema.assignments).values(wish))
        row = asdict(session(eui64, state=state))
        del row["arrived"], row["silent"]
        connection.execute(sa.insert(schema.sessions).values(row))
    return states


#: States of a session in which the image has arrived for certain.
HOLDING = frozenset(
    {
        SessionState.WAIT_FOR_MORE,
        SessionState.HELD,
        SessionState.SCHEDULED,
        SessionState.AWAITING_COMMAND,
        SessionState.RESTARTING,
    }
)


# --- strategies: few keys, so that records meet ---------------------------------------------------

_DEVICES = st.sampled_from([PPMID, HIGHEST, Eui64(0)])
_IMAGES = [image(b"one"), image(b"two", upgrade_file_destination=HIGHEST)]
_HASHES = st.sampled_from([record.sha256 for record in _IMAGES])
_UTC = st.floats(-1e12, 1e12)
_U32 = st.integers(0, 0xFFFF_FFFF)
_TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
_MAYBE_U32 = st.none() | _U32
_COUNTER = st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)
VERIFICATIONS = st.none() | st.builds(
    Verification, st.sampled_from(CheckResult), st.sampled_from(CheckResult)
)
_OCTETS = st.binary(max_size=12)
_TERMS = st.builds(
    Terms,
    bases=st.sampled_from([None, (), (Range(1, 2), Range(4, 0xFFFF_FFFF))]),
    hardware=st.sampled_from([None, Range(0, 0xFFFF)]),
    models=st.sampled_from([(), ("GL-B", "Ø")]),
)

RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(replace, st.sampled_from(_IMAGES), name=_TEXT),
    st.builds(
        device,
        _DEVICES,
        power_source=st.none() | st.integers(0, 0xFF),
        sleepy=st.booleans(),
        last_seen_utc=_UTC,
    ),
    st.builds(
        firmware,
        _DEVICES,
        image_type=st.integers(0x84, 0x86),
        file_version=_U32,
        hardware_version=st.none() | st.integers(0, 0xFFFF),
        source=st.sampled_from(FirmwareSource),
    ),
    st.builds(
        assignment,
        _DEVICES,
        sha256=_HASHES,
        policy=st.sampled_from(VersionPolicy),
        activation=st.sampled_from(Activation),
        activation_utc=st.none() | _UTC,
        waived=st.lists(st.sampled_from(Term), unique=True).map(tuple),
        rank=st.integers(0, 3),
    ),
    st.builds(
        session,
        _DEVICES,
        sha256=_HASHES,
        state=st.sampled_from(SessionState),
        reason=_TEXT,
        offset=_U32,
        version_after=_MAYBE_U32,
        due_utc=st.none() | _UTC,
        arrived=st.booleans(),
        silent=st.booleans(),
    ),
    st.builds(Unassigned, _DEVICES, _HASHES),
    st.builds(event, _TEXT, st.none() | _DEVICES, _TEXT),
    st.builds(
        outcome,
        st.sampled_from(["a", "b", "c"]),
        _DEVICES,
        reason=_TEXT,
        kind=st.sampled_from(OutcomeKind),
        verdict=st.sampled_from(Verdict),
        message=_OCTETS,
        verification=VERIFICATIONS,
        audience=st.frozensets(st.sampled_from([OPERATORS, "supplier", "90-b3-d5-1f-30-01-00-00"])),
    ),
    st.builds(
        order,
        st.integers(1, 3),
        state=st.sampled_from(OrderState),
        manufacturer_image_hash=_OCTETS,
        execution_utc=st.none() | _UTC,
        counter=st.none() | _COUNTER,
        command=_OCTETS,
        cancel_counter=st.none() | _COUNTER,
        cancel_command=_OCTETS,
        code=st.none() | st.integers(0, 0xFF),
        firmware_version=_MAYBE_U32,
        evidence=_OCTETS,
    ),
    st.builds(CounterRecord, _DEVICES, _COUNTER),
    st.builds(ImageTerms, _HASHES, st.sampled_from(ImageStatus), _TERMS),
    st.builds(
        push,
        st.integers(1, 2),
        everyone=st.booleans(),
        overrides=st.lists(st.builds(Override, st.sampled_from(Term), _TEXT)).map(tuple),
        state=st.sampled_from(PushState),
        ended_utc=st.none() | _UTC,
    ),
    st.builds(target, st.integers(1, 2), _DEVICES, reason=_TEXT, verdict=_TEXT),
    st.builds(
        PremisesChangeRecord,
        subject=st.sampled_from(PremisesSubject),
        issuer_event_id=_U32,
        provider=_U32,
        tariff_type=st.integers(0, 0xFF),
        control=_U32,
        implementation_utc=st.none() | _UTC,
        announced_utc=_UTC,
        cancelled=st.booleans(),
        proposed_provider=_U32,
        name=_OCTETS,
        contact=_OCTETS,
    ),
    st.builds(
        PremisesReplyRecord,
        st.sampled_from(PremisesSubject),
        _DEVICES,
        _U32,
        st.booleans(),
        st.sampled_from(PremisesReply),
        st.integers(0, 0xFF),
        _UTC,
    ),
    st.builds(AuditRecord, _UTC, _TEXT, _TEXT, _TEXT, _TEXT),
    st.builds(ClockRecord, _UTC),
)
