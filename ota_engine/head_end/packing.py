"""Gathers the evidence of a campaign from the fleet's database, for everybody or for one party.

A party gets its own homes, its own notices and its own decisions, and of others' decisions none of another
supplier and none that names a home of anybody else; of the rest of the trail it gets hashes. Verdicts are for
all parties.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple

from ota_engine.audit_chain import AuditRow
from ota_engine.errors import LocalError
from ota_engine.evidence.pack import (
    ChainLine,
    PackContents,
    PackScope,
    hidden_line,
    pack_octets,
    row_line,
    shown_line,
)
from ota_engine.evidence.pack_messages import signer_file
from ota_engine.evidence.pack_page import PackFigures, pack_page
from ota_engine.fleet.campaigns.homes.words import SignedWord
from ota_engine.fleet.campaigns.rows import Campaign, GateDecision, Member
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import SUPPLIERS, DecisionRow, PartyRole
from ota_engine.fleet.kernel.heads import sign_head
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.kernel.seals import SEAL, SEALER, is_evidence
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.port import Instruction
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.head_end.questions.decided import homes_named
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.forms import FORMS
from ota_engine.store.fleet.keyring import FleetKey
from ota_engine.times import Utc

YEAR_S: Final = 365.25 * 86_400.0
#: What lists rows of a kind that a pack is about.
_LISTS: Final[Mapping[type[Any], str]] = {
    Campaign: "zota campaign list",
    FirmwareRelease: "zota release list",
    Party: "zota estate people",
}
_PERSONS: Final = frozenset(
    {"FoundEstate", "RegisterPerson", "ConfirmPerson", "ReplaceKey", "RemovePerson"}
)


class PackOrder(NamedTuple):
    """Which evidence is wanted.

    Attributes:
        campaign: whose.
        party: whose homes alone; empty for all.
        keep_years: how long it must be kept after the campaign's last line, by kind.
        certificates: files of devices' certificates (PEM), by name.
        made_with: which zota.
    """

    campaign: str
    party: str
    keep_years: Mapping[str, float]
    certificates: Mapping[str, bytes]
    made_with: str


def export_pack(store: FleetStore, key: FleetKey, order: PackOrder) -> bytes:
    """Write a pack; the same database gives the same octets.

    Raises:
        LocalError: there is no such campaign or party.
        StoreError: the database failed.
    """
    with store.reading():
        return _Packing(store, key, order).octets()


class _Packing:
    """One pack being gathered."""

    def __init__(self, store: FleetStore, key: FleetKey, order: PackOrder) -> None:
        self._store, self._key, self._order = store, key, order
        self._mine = ("campaign", order.campaign)
        self._figures = PackFigures()
        self._signers: set[str] = set()
        self._last_utc = Utc(0.0)
        self._campaign = _one(store, Campaign, "campaign", order.campaign)
        self._release = _one(store, FirmwareRelease, "release", self._campaign.release)
        if order.party:
            _one(store, Party, "party", order.party)
        self._own = self._homes_of(order.party) if order.party else None
        self._others = self._persons_of_other_suppliers(order.party) if order.party else frozenset()

    def octets(self) -> bytes:
        decisions = self._decisions()
        rows = {
            kind.TABLE: self._written(kind, found) for kind, found in self._rows(decisions).items()
        }
        head = self._store.audit_head()
        chain = list(self._chain({row.key for row in decisions}))
        utc = self._last_utc
        retain = {what: utc + years * YEAR_S for what, years in self._order.keep_years.items()}
        about = self._about(decisions)
        page = pack_page(about, self._figures, self._order.party, retain, self._order.made_with)
        contents = PackContents(
            PackScope(self._order.campaign, self._order.party, retain, self._order.made_with),
            sign_head(head, self._key.private, utc),
            chain,
            rows,
            about,
            self._certificates(),
            page,
        )
        return pack_octets(contents, self._key.private, self._key.public_pem)

    def _written(self, kind: type[Any], rows: Iterable[Any]) -> bytes:
        """Write rows as they come; what the page shows of them is added up meanwhile."""
        form = FORMS[kind]
        lines = BytesIO()
        for row in rows:
            values = form.write(row)
            lines.write(row_line(values))
            self._figures.add(form.table, dict(zip(form.names, values, strict=True)))
            if kind is SignedWord:
                self._signers.add(signer_file(row.message))
        return lines.getvalue()

    def _homes_of(self, party: str) -> frozenset[str]:
        return frozenset(
            row.home
            for fuel in ("electricity", "gas")
            for row in self._store.walk(Select(Home, ((fuel, party),)))
        )

    def _persons_of_other_suppliers(self, party: str) -> frozenset[str]:
        suppliers = {
            row.party
            for row in self._store.walk(Select(Party))
            if row.party != party and not SUPPLIERS.isdisjoint(map(PartyRole, row.roles))
        }
        return frozenset(
            row.person for row in self._store.walk(Select(Person)) if row.party in suppliers
        )

    def _rows(self, decisions: Sequence[DecisionRow]) -> dict[type[Any], Iterable[Any]]:
        rows: dict[type[Any], Iterable[Any]] = {
            kind: self._of_homes(kind) for kind in (Member, Instruction, SignedWord)
        }
        rows[GateDecision] = self._store.walk(Select(GateDecision, (self._mine,)))
        rows[Notice] = self._notices()
        rows[DecisionRow] = decisions
        return rows

    def _of_homes(self, kind: type[Any]) -> Iterator[Any]:
        for row in self._store.walk(Select(kind, (self._mine,))):
            if is_evidence(row) and self._is_own(row.home):
                yield row

    def _notices(self) -> Iterator[Notice]:
        for subject in self._subjects():
            for row in self._store.walk(Select(Notice, (("subject", subject),))):
                if is_evidence(row) and self._order.party in ("", row.party):
                    yield row

    def _is_own(self, home: str) -> bool:
        return self._own is None or home in self._own

    def _subjects(self) -> list[str]:
        incidents = self._store.select(Select(Incident, (self._mine,)))
        return [
            f"campaign:{self._order.campaign}",
            f"release:{self._campaign.release}",
            *(f"incident:{row.incident}" for row in incidents),
        ]

    # --- decisions ------------------------------------------------------------------------------

    def _decisions(self) -> list[DecisionRow]:
        subjects = frozenset(self._subjects())
        about, persons = [], []
        for row in self._store.walk(Select(DecisionRow)):
            told = json.loads(row.content)["fields"]
            if row.act in _PERSONS:
                persons.append((row, told))
            elif self._is_about(row, told, subjects) and self._may_see(row, told):
                about.append(row)
        deciding = {row.person for row in about}
        kept = [
            row
            for row, told in persons
            if not self._order.party or deciding & _persons_in(row.act, told)
        ]
        return sorted([*about, *kept], key=lambda row: (row.taken_utc, row.key))

    def _is_about(
        self, row: DecisionRow, told: Mapping[str, Any], subjects: frozenset[str]
    ) -> bool:
        return (
            row.subject in subjects
            or told.get("campaign") == self._order.campaign
            or told.get("release") == self._campaign.release
            or row.act == "StopAll"
        )

    def _may_see(self, row: DecisionRow, told: Mapping[str, Any]) -> bool:
        if self._own is None:
            return True
        return row.person not in self._others and all(
            home in self._own for home in homes_named(told)
        )

    # --- the trail ------------------------------------------------------------------------------

    def _chain(self, decisions: set[str]) -> Iterator[ChainLine]:
        campaign = f"campaign:{self._order.campaign}"
        for row in self._store.trail():
            self._last_utc = Utc(row.record.utc)
            yield shown_line(row) if self._shows(row, campaign, decisions) else hidden_line(row)

    def _shows(self, row: AuditRow, campaign: str, decisions: set[str]) -> bool:
        record = row.record
        if self._own is None or (record.actor, record.action) == (SEALER, SEAL):
            return True
        decision = json.loads(record.detail).get("decision")
        if decision is not None:
            return decision in decisions
        return record.subject == campaign

    # --- the rest -------------------------------------------------------------------------------

    def _about(self, decisions: Sequence[DecisionRow]) -> dict[str, Any]:
        persons = {row.person for row in decisions}
        found = self._store.select(Select(Person))
        return {
            "campaign": _named(self._campaign),
            "keys": {row.person: row.key for row in found if row.person in persons and row.key},
            "release": _named(self._release),
        }

    def _certificates(self) -> dict[str, bytes]:
        there = {name.lower(): octets for name, octets in self._order.certificates.items()}
        return {name: there[name] for name in sorted(self._signers) if name in there}


def _one(store: FleetStore, kind: type[Any], name: str, value: str) -> Any:
    found = store.select(Select(kind, ((name, value),)))
    if not found:
        raise LocalError(f"{value!a}: there is no such {name}: {_LISTS[kind]} names them")
    return found[0]


def _named(row: Any) -> dict[str, Any]:
    form = FORMS[type(row)]
    return dict(zip(form.names, form.write(row), strict=True))


def _persons_in(act: str, told: Mapping[str, Any]) -> set[str]:
    if act == "FoundEstate":
        return {person for person, _, _ in told["persons"]}
    return {told["person"]}
