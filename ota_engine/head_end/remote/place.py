"""What a command does with a fleet, wherever that is; knows neither folders nor servers."""

from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.head_end.deciding import Wish
from ota_engine.head_end.imports import ImportReport
from ota_engine.head_end.listings import BadLine


class ImportOrder(NamedTuple):
    """How a list is taken.

    Attributes:
        kind: what it lists.
        person: on whose behalf.
        dry_run: say what would become of it; take nothing.
        take_others: take the good lines although some are bad.
    """

    kind: ImportKind
    person: str
    dry_run: bool = False
    take_others: bool = False


class ReachedFleet(Protocol):
    """A fleet."""

    def ask(self, question: Any) -> Any:
        """Answer a question; see ``head_end.questions``.

        Raises:
            LocalError: it cannot be answered, and why.
            StoreError: the fleet cannot be reached.
        """

    def decide(self, wish: Wish, signer: ec.EllipticCurvePrivateKey | None) -> dict[str, Any]:
        """Give a person's decision.

        Args:
            wish: what is wanted.
            signer: private key of the person; None to have it signed as whoever lets the person in
                can, or not at all.

        Returns:
            it and its answer, as plain values; see ``deciding.plain``.

        Raises:
            LocalError: it is no decision.
            StoreError: the fleet cannot be reached.
        """

    def import_list(
        self, order: ImportOrder, file: BinaryIO, bad: Callable[[BadLine], None]
    ) -> ImportReport:
        """Take a list of homes, devices or whatever else.

        Args:
            order: how.
            file: open for reading octets.
            bad: is told every line that is bad.

        Raises:
            LocalError: it cannot be read at all.
            StoreError: the fleet cannot be reached.
        """
