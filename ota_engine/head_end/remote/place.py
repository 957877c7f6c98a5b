"""What a command does with a fleet, wherever that is; knows neither folders nor servers."""

from collections.abc import Callable, Mapping
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


class EvidenceOrder(NamedTuple):
    """Which evidence of a campaign is wanted.

    Attributes:
        campaign: whose.
        party: whose homes alone; empty for all that whoever asks may see.
        decisions_years: decisions and verdicts must be kept so long.
        homes_years: what is said of homes must be kept so long.
        certificates: files of devices' certificates (PEM), by name.
    """

    campaign: str
    party: str = ""
    decisions_years: float = 10.0
    homes_years: float = 3.0
    certificates: Mapping[str, bytes] = {}


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

    def evidence(self, order: EvidenceOrder) -> bytes:
        """Give the evidence of a campaign, as a zip.

        Raises:
            LocalError: there is none for whoever asks.
            StoreError: the fleet cannot be reached.
        """
