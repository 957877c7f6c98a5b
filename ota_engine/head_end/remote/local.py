"""A fleet in a state folder of this machine: whoever can read that sees all of it."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.errors import LocalError
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.deciding import Wish, asked, decide, plain
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.imports import EstateImport, ImportReport
from ota_engine.head_end.listings import BadLine
from ota_engine.head_end.packing import PackOrder, export_pack
from ota_engine.head_end.pseudonym_key import estate_key
from ota_engine.head_end.questions.asking import LOCAL, View
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.remote.place import EvidenceOrder, ImportOrder
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey
from ota_engine.times import Utc


class LocalPlace:
    """A fleet at hand; see ``ReachedFleet``.

    Args:
        desk: of the fleet.
        state: the state folder.
        clock: gives UTC.
    """

    def __init__(self, desk: FleetDesk, state: Path, clock: Callable[[], Utc]) -> None:
        self.desk = desk
        self._state, self._clock = state, clock

    def ask(self, question: Any) -> Any:
        """Answer a question."""
        return ask(question, View(self.desk, LOCAL, self._clock()))

    def decide(self, wish: Wish, signer: ec.EllipticCurvePrivateKey | None) -> dict[str, Any]:
        """Give a person's decision."""
        return plain(decide(self.desk, wish, signer, self._clock()))

    def import_list(
        self, order: ImportOrder, file: BinaryIO, bad: Callable[[BadLine], None]
    ) -> ImportReport:
        """Take a list.

        Raises:
            LocalError: the person is not registered, or the list is none.
        """
        person = asked(self.desk, lambda work: work.get(Person, order.person))
        if person is None or not person.active:
            raise LocalError(f"{order.person} is not registered: register the person first")
        importing = EstateImport(self.desk, estate_key(self._state, make=True), order.kind, bad)
        return importing.run(
            file,
            order.person,
            self._clock(),
            dry_run=order.dry_run,
            take_others=order.take_others,
        )

    def evidence(self, order: EvidenceOrder) -> bytes:
        """Give the evidence of a campaign."""
        pack = PackOrder(
            order.campaign,
            order.party,
            {"decisions": order.decisions_years, "homes": order.homes_years},
            order.certificates,
            f"zota {version('zota')}",
        )
        return export_pack(self.desk.store, FleetKey.open(self._state / KEY_NAME), pack)
