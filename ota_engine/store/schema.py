"""The tables, written once for SQLite and PostgreSQL; knows no connection and no statement.

Columns bear the names of their record's fields. The migrations build the same tables step by step;
a test compares the two.
"""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from images.catalogue.records import read_terms, terms_as_values
from images.catalogue.status import ImageStatus
from images.errors import ImageError
from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.audience import MAX_NAME, OPERATORS, Audience, audience_text, read_audience
from ota_engine.canonical import canonical_json
from ota_engine.gbcs.verification import Verification
from ota_engine.records import (
    Activation,
    FirmwareSource,
    OrderState,
    OutcomeKind,
    Override,
    PremisesReply,
    PremisesSubject,
    PushState,
    PushWish,
    SessionState,
    Term,
    Verdict,
    VersionPolicy,
)

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
)  # all this version can open, oldest first
HEAD = REVISIONS[-1]

AUDIT_LENGTH = "audit length"  # rows of ``meta``: how long the audit trail must be
AUDIT_HEAD = "audit head"  # and the hash its last row must have
SEALS_DUE = "seals due"  # there only until what an older version wrote has been sealed as found
BATCHES = "batches"  # committed so far, where a cut connection leaves open whether one was
TRUSTED_UTC = "trusted utc"  # the latest wall time the engine trusted, seconds since 1970

FILE_SINK = "outcomes.jsonl"  # the sink every database has; others are registered


_QUOTED = 40  # characters of a text that is refused
MAX_SINK = 40  # characters of a sink's name
MAX_KEY = 200  # characters of an outcome's name, as many as a receiver takes


class DispatchState(StrEnum):
    """Where one outcome stands with one sink."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; a person may queue it again


class Eui64Text(sa.types.TypeDecorator[Eui64]):
    """An EUI-64 as people write it; 64 unsigned bits fit no portable integer column."""

    impl = sa.String(23)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write ``00-DB-12-34-56-78-90-A4``."""
        return None if value is None else format_eui64(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Eui64 | None:
        """Read it back as an integer."""
        return None if value is None else parse_eui64(value)


class Choice(sa.types.TypeDecorator[StrEnum]):
    """A member of one enumeration, kept as its text so that any SQL tool can read it."""

    impl = sa.String(40)
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write the member's text."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> StrEnum | None:
        """Read the member back.

        Raises:
            ValueError: the text is no member; the database was edited or is newer than this code.
        """
        return None if value is None else self.members(value)


class Words(sa.types.TypeDecorator[str]):
    """A text that every database can hold: one without NUL, and not too long where that is said."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.most = most

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write it.

        Raises:
            ValueError: one database or the other could not hold it.
        """
        if value is None:
            return None
        text = str(value)
        if "\0" in text:
            raise ValueError(f"{text[:_QUOTED]!a} holds a NUL")
        if self.most is not None and len(text) > self.most:
            raise ValueError(f"{text[:_QUOTED]!a}... is longer than {self.most} characters")
        return text


class TextChoice(Choice):
    """The same in a column of text without bound."""

    impl = sa.Text  # type: ignore[assignment] # a string of another length
    cache_ok = True


class Worth(sa.types.TypeDecorator[Verification]):
    """What a message was worth, as its canonical text; an empty one stands for no message."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:
        """Write its text."""
        return "" if value is None else str(value.text)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Verification | None:
        """Read it back; what cannot be read is worth nothing, and keeps no outcome from its sink."""
        try:
            return Verification.from_text(value)
        except (ValueError, TypeError):
            return None


class Parties(sa.types.TypeDecorator[Audience]):
    """An audience, as its canonical text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write its text."""
        return None if value is None else audience_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Audience | None:
        """Read it back.

        Raises:
            ValueError: the text is no audience; the database was edited.
        """
        return None if value is None else read_audience(value)


class Counter(sa.types.TypeDecorator[int]):
    """An originator counter: 64 unsigned bits fit no portable integer column, their digits do."""

    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write its decimal digits."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> int | None:
        """Read it back."""
        return None if value is None else int(value)


class Octets(sa.types.TypeDecorator[bytes]):
    """Octets of which there may be none: an empty string here is NULL there."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> bytes | None:
        """Write no octets as NULL."""
        return value or None

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> bytes:
        """Read NULL as no octets."""
        return value or b""


class JsonText(sa.types.TypeDecorator[Any]):
    """A value of several parts as canonical JSON, which any SQL tool can read.

    Args:
        write: makes plain values of it.
        read: makes it of plain values; may raise ValueError, TypeError, KeyError or ImageError.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> None:
        super().__init__()
        self.write, self.read = write, read

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:
        """Write it down."""
        return canonical_json(self.write(value))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Read it back.

        Raises:
            ValueError: it is not what was written; the database was edited.
        """
        try:
            return self.read(json.loads(value))
        except (KeyError, TypeError, AttributeError, ImageError) as error:
            raise ValueError(f"{value[:40]!r} is not what it should be") from error


def _strings(values: Any) -> tuple[str, ...]:
    return tuple(map(str, values))


_TERMS = JsonText(terms_as_values, read_terms)
_HASHES = JsonText(list, _strings)
_DEVICES = JsonText(
    lambda devices: list(map(format_eui64, devices)),
    lambda texts: tuple(Eui64(parse_eui64(text)) for text in texts),
)
_WAIVED = JsonText(list, lambda names: tuple(map(Term, names)))
_OVERRIDES = JsonText(
    lambda overrides: [[one.term, one.reason] for one in overrides],
    lambda pairs: tuple(Override(Term(term), str(reason)) for term, reason in pairs),
)
_WISHES = JsonText(
    lambda wishes: [
        [
            format_eui64(one.device),
            one.policy,
            one.activation,
            one.activation_delay,
            one.activation_utc,
        ]
        for one in wishes
    ],
    lambda rows: tuple(map(_wish, rows)),
)


def _wish(row: Any) -> PushWish:
    device, policy, activation, delay, utc = row
    policy, activation = VersionPolicy(policy), Activation(activation)
    return PushWish(Eui64(parse_eui64(device)), policy, activation, delay, utc)


METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers only INTEGER keys
#: Sorted by its octets, whatever the language of a server.
_SINK = sa.String(MAX_SINK).with_variant(sa.String(MAX_SINK, collation="C"), "postgresql")
_SHA256 = sa.String(64)  # lower-case hexadecimal


def _required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _optional(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


images = sa.Table(
    "images",
    METADATA,
    sa.Column("sha256", _SHA256, primary_key=True),
    _required("name", Words),
    _required("manufacturer_code", sa.Integer),
    _required("image_type", sa.Integer),
    _required("file_version", sa.BigInteger),
    _required("zigbee_stack_version", sa.Integer),
    _required("header_string", Words),
    _optional("minimum_hardware_version", sa.Integer),
    _optional("maximum_hardware_version", sa.Integer),
    _optional("upgrade_file_destination", Eui64Text),
    _required("manufacturer_image_hash", Words),
    _required("added_utc", sa.Double),
    _required("data", sa.LargeBinary),  # last, so that the other columns are read without it
)

image_terms = sa.Table(  # of images that came from a catalogue
    "image_terms",
    METADATA,
    sa.Column("sha256", _SHA256, sa.ForeignKey("images.sha256"), primary_key=True),
    _required("status", Choice(ImageStatus)),
    _required("terms", _TERMS),
)

devices = sa.Table(
    "devices",
    METADATA,
    sa.Column("device", Eui64Text, primary_key=True),
    _required("network_address", sa.Integer),
    _required("endpoint", sa.Integer),
    _required("profile", sa.Integer),
    _required("channel", sa.Integer),
    _required("relays", sa.Integer),
    _required("sleepy", sa.Boolean),
    _optional("cluster_revision", sa.Integer),
    _optional("power_source", sa.Integer),
    _optional("period_unit_ms", sa.Integer),
    _optional("block_limit", sa.Integer),
    _required("last_seen_utc", sa.Double),
    _optional("model", sa.Text),
    _optional("maker", sa.Text),
)

firmwares = sa.Table(  # what each device said of each of its firmwares
    "firmwares",
    METADATA,
    sa.Column("device", Eui64Text, primary_key=True),
    sa.Column("manufacturer_code", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_type", sa.Integer, primary_key=True, autoincrement=False),
    _required("endpoint", sa.Integer),
    _required("profile", sa.Integer),
    _required("file_version", sa.BigInteger),
    _optional("hardware_version", sa.Integer),
    _required("source", Choice(FirmwareSource)),
    _required("since_utc", sa.Double),
)

assignments = sa.Table(
    "assignments",
    METADATA,
    sa.Column("device", Eui64Text, primary_key=True),
    sa.Column("sha256", _SHA256, sa.ForeignKey("images.sha256"), primary_key=True),
    _required("policy", Choice(VersionPolicy)),
    _required("activation", Choice(Activation)),
    _required("activation_delay", sa.BigInteger),
    _optional("activation_utc", sa.Double),
    _required("created_utc", sa.Double),
    _required("waived", _WAIVED, server_default="[]"),
    _required("rank", sa.Integer, server_default="0"),
)

sessions = sa.Table(
    "sessions",
    METADATA,
    sa.Column("device", Eui64Text, primary_key=True),
    _required("endpoint", sa.Integer),
    sa.Column("sha256", _SHA256, primary_key=True),
    _required("attempt", sa.Integer),
    _required("state", Choice(SessionState)),
    _required("reason", Words),
    _required("since_utc", sa.Double),
    _required("offset", sa.BigInteger),
    _required("blocks", sa.BigInteger),
    _required("retries", sa.BigInteger),
    _optional("version_before", sa.BigInteger),
    _optional("version_after", sa.BigInteger),
    _optional("due_utc", sa.Double),
    _required("started_utc", sa.Double),
    _required("arrived", sa.Boolean, server_default=sa.false()),
    _required("silent", sa.Boolean, server_default=sa.false()),
    sa.ForeignKeyConstraint(["device", "sha256"], ["assignments.device", "assignments.sha256"]),
)

events = sa.Table(
    "events",
    METADATA,
    sa.Column("sequence", _SERIAL, primary_key=True),
    _required("utc", sa.Double),
    _optional("device", Eui64Text),
    _required("kind", Words),
    _required("detail", Words),
)

outcomes = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("key", Words(MAX_KEY), primary_key=True),
    _required("utc", sa.Double),
    _required("device", Eui64Text),
    _required("kind", TextChoice(OutcomeKind)),
    _required("verdict", TextChoice(Verdict)),
    _required("reason", Words),
    _required("sha256", _SHA256),
    _optional("version_before", sa.BigInteger),
    _optional("version_after", sa.BigInteger),
    _optional("message", Octets),
    _required("verification", Worth, server_default=""),
    _required("audience", Parties, server_default=OPERATORS),
)

outbox = sa.Table(  # the order in which outcomes are told
    "outbox",
    METADATA,
    sa.Column("sequence", _SERIAL, primary_key=True),
    _required("key", Words(MAX_KEY), unique=True),
    sa.ForeignKeyConstraint(["key"], ["outcomes.key"]),
)

sinks = sa.Table(  # who is told of outcomes, and for which party of their audience
    "sinks",
    METADATA,
    sa.Column("name", _SINK, primary_key=True),
    _required("audience", sa.String(MAX_NAME), server_default=OPERATORS),
)

dispatches = sa.Table(  # one row per outcome and sink that may hear of it
    "dispatches",
    METADATA,
    sa.Column("sink", _SINK, sa.ForeignKey("sinks.name"), primary_key=True),
    sa.Column("sequence", _SERIAL, sa.ForeignKey("outbox.sequence"), primary_key=True),
    _required("state", Choice(DispatchState)),
    _required("attempts", sa.Integer),  # that failed
    _required("next_utc", sa.Double),  # not before; 0 for at once
    _required("problem", Words),  # of the last attempt
    _optional("owner", Words),  # the courier that is telling it just now
    _required("until_utc", sa.Double, server_default="0"),  # then others may
)
_WAITING = sa.text("state = 'waiting'")
sa.Index(
    "ix_dispatches_waiting",
    dispatches.c.sink,
    dispatches.c.sequence,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)

#: Whether a sink may hear of an outcome; both tables must be among those asked.
ENTITLED = (" " + sa.type_coerce(outcomes.c.audience, sa.Text) + " ").contains(
    " " + sa.type_coerce(sinks.c.audience, sa.Text) + " "
)

orders = sa.Table(
    "orders",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _required("originator", Eui64Text),
    _required("device", Eui64Text),
    _required("manufacturer_image_hash", sa.LargeBinary),
    _required("sha256", sa.String(64)),  # "" while the image is not in the catalogue
    _optional("execution_utc", sa.Double),
    _required("created_utc", sa.Double),
    _required("state", Choice(OrderState)),
    _required("since_utc", sa.Double),
    _required("reason", Words),
    _optional("counter", Counter),
    _optional("command", Octets),
    _optional("cancel_counter", Counter),
    _optional("cancel_command", Octets),
    _required("attempts", sa.Integer),
    _optional("code", sa.Integer),
    _optional("firmware_version", sa.BigInteger),
    _optional("evidence", Octets),
    _required("passed", sa.Boolean, server_default=sa.false()),  # signed by a user, not by us
)

pushes = sa.Table(
    "pushes",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _required("images", _HASHES),
    _required("devices", _DEVICES),
    _required("everyone", sa.Boolean),
    _required("policy", Choice(VersionPolicy)),
    _required("activation", Choice(Activation)),
    _optional("activation_utc", sa.Double),
    _required("created_utc", sa.Double),
    _required("in_order", sa.Boolean),
    _required("overrides", _OVERRIDES),
    _required("wishes", _WISHES),
    _required("state", Choice(PushState)),
    _optional("ended_utc", sa.Double),
)

push_targets = sa.Table(  # one firmware of one device, as a push has it
    "push_targets",
    METADATA,
    sa.Column("push", sa.BigInteger, sa.ForeignKey("pushes.number"), primary_key=True),
    sa.Column("device", Eui64Text, primary_key=True),
    sa.Column("manufacturer_code", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_type", sa.Integer, primary_key=True, autoincrement=False),
    _required("sha256", _SHA256),  # "" while none is chosen
    _required("verdict", sa.Text),
    _required("reason", sa.Text),
    _required("since_utc", sa.Double),
)

premises_changes = sa.Table(  # the last change of tenancy, and of supplier, that was announced
    "premises_changes",
    METADATA,
    sa.Column("subject", Choice(PremisesSubject), primary_key=True),
    _required("issuer_event_id", sa.BigInteger),
    _required("provider", sa.BigInteger),
    _required("tariff_type", sa.Integer),
    _required("control", sa.BigInteger),
    _optional("implementation_utc", sa.Double),
    _required("announced_utc", sa.Double),
    _required("cancelled", sa.Boolean),
    _required("proposed_provider", sa.BigInteger),
    _optional("name", Octets),
    _optional("contact", Octets),
)

premises_replies = sa.Table(  # what each device let the hub know of it
    "premises_replies",
    METADATA,
    sa.Column("subject", Choice(PremisesSubject), primary_key=True),
    sa.Column("device", Eui64Text, primary_key=True),
    _required("issuer_event_id", sa.BigInteger),
    _required("cancelled", sa.Boolean),
    _required("reply", Choice(PremisesReply)),
    _required("status", sa.Integer),
    _required("utc", sa.Double),
)

counters = sa.Table(  # the last originator counter of each party
    "counters",
    METADATA,
    sa.Column("originator", Eui64Text, primary_key=True),
    _required("last", Counter),
)

audit = sa.Table(
    "audit",
    METADATA,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    _required("utc", sa.Double),
    _required("actor", Words),
    _required("action", Words),
    _required("subject", Words),
    _required("detail", Words),
    _required("hash", _SHA256),
)

meta = sa.Table(
    "meta",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    _required("value", Words),
)

lease = sa.Table(
    "lease",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    _required("owner", Words),
    _required("process", sa.Integer),
    _required("host", Words),
    _required("opened_utc", sa.Double),
    _optional("closed_utc", sa.Double),  # null while held, and after a crash
)

revision = sa.Table(  # Alembic's own table; here so that start-up need not import Alembic
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), primary_key=True),
)
