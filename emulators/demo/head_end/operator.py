"""The operator of the demonstration: founds the estate, registers users, rolls a release out.

Uses the database beside the head end, as the commands of the fleet do; whatever is decided is signed by
persons. Knows nothing of HTTP.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from emulators.demo.head_end.staging import (
    DEMO_SUPPLIERS,
    HOME,
    HUB,
    HUB_RELEASE,
    NORTH,
    demo_rows,
    hub_cpl,
)
from emulators.demo.head_end.suppliers import SupplierAtWork
from emulators.estate.cast import SECOND, WRITER, Cast
from emulators.estate.firmware import release_digest
from images.eui64 import format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.emergency import ApproveWaiver, ProposeWaiver
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.orders.acts import RegisterServiceUser
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

CAMPAIGN: Final = "hubs"
_SEED: Final = 2026
#: The least that makes a campaign: one phase, and all homes at once.
_POLICY: Final = {
    "key": "6b0f3a5d9c1e4f7088a2c4e6d8b1f305",
    "notice_days": 7,
    "phases": [{"name": "all homes", "gate": {"observation_s": 0}}],
}


class DemoOperator:
    """Two persons, of whom one writes and the other agrees.

    Args:
        database: of the fleet.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._cast = Cast(_SEED, f"demo-{this_machine():.0f}")

    def found(self) -> None:
        """Have an estate with suppliers, a home and what stands in it."""
        store = FleetStore.open(self._database)
        try:
            desk, utc = FleetDesk(Fleet(), store), this_machine()
            for person, act, reason in self._cast.founding(one.party for one in DEMO_SUPPLIERS):
                self._decide(desk, person, act, reason, utc)
            with store.transaction():
                store.insert(demo_rows(utc))
        finally:
            store.close()

    def register(self, suppliers: Iterable[SupplierAtWork]) -> None:
        """Let suppliers send service requests."""
        self._all(
            (WRITER, _registration(one), "it has registered as a Service User") for one in suppliers
        )

    def roll_out(self) -> None:
        """Bring the hub its release: at once, because two persons say why it cannot wait."""
        entered = EnterRelease(
            HUB_RELEASE,
            HUB.variant,
            HUB.ends_with,
            hub_cpl(),
            ReleaseType.EMERGENCY,
            release_digest(HUB.ends_with),
        )
        policy = canonical_json(_POLICY)
        self._all(
            (
                (WRITER, entered, "the maker has delivered it"),
                (SECOND, ApproveRelease(HUB_RELEASE), "all tests have passed"),
                (WRITER, ProposeCampaign(CAMPAIGN, HUB_RELEASE, policy), "it mends a weak key"),
                (SECOND, ApproveCampaign(CAMPAIGN), "agreed"),
                (WRITER, ProposeWaiver(CAMPAIGN, ()), "the weak key is known outside"),
                (SECOND, ApproveWaiver(CAMPAIGN), "seen, and agreed"),
            )
        )

    def change_supplier(self) -> None:
        """Let registration data say that another supplier answers for the gas from now on."""
        store = FleetStore.open(self._database)
        try:
            utc = this_machine()
            told = SupplierTold(HOME, Fuel.GAS, NORTH.party, utc)
            FleetDesk(Fleet(), store).handle([told], utc)
        finally:
            store.close()

    def audit_head(self) -> str:
        """The last hash of the fleet's trail."""
        store = FleetStore.open(self._database)
        try:
            with store.reading():
                return store.audit_head().hash
        finally:
            store.close()

    def _all(self, decisions: Iterable[tuple[str, Any, str]]) -> None:
        store = FleetStore.open(self._database)
        try:
            desk = FleetDesk(Fleet(), store)
            for person, act, reason in decisions:
                self._decide(desk, person, act, reason, this_machine())
        finally:
            store.close()

    def _decide(self, desk: FleetDesk, person: str, act: Any, reason: str, utc: Utc) -> None:
        reply = desk.decide(self._cast.decision(person, act, reason, utc), utc)
        if not reply.accepted:
            raise LocalError(f"the fleet refuses {type(act).__name__}: {reply.text}")


def _registration(supplier: SupplierAtWork) -> RegisterServiceUser:
    who = supplier.who
    return RegisterServiceUser(format_eui64(who.user), who.party, str(who.role), supplier.endpoint)
