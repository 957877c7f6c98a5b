"""For whom an engine speaks: its keys, its parties and how patient it is; knows no message."""

from dataclasses import dataclass, field
from typing import NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.backoff import doubled
from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.gbcs.keystore import Keystore


class OrderPatience(NamedTuple):
    """How long an order waits for what; seconds, GBCS gives no numbers.

    Attributes:
        answer_within: after a delivery, until the same octets are sent again; doubles each time.
        deliver_again: after a failed delivery; doubles each time.
        longest_pause: no pause grows longer.
        repeats: deliveries without an answer, after which the device is asked what it runs.
        alert_within: after the execution time, until the device is asked what it runs.
        give_up_after: an order for now, or the alert of one that is due, is awaited no longer.
    """

    answer_within: float = 120.0
    deliver_again: float = 30.0
    longest_pause: float = 3600.0
    repeats: int = 3
    alert_within: float = 3600.0
    give_up_after: float = 86_400.0

    def pause(self, first: float, times: int) -> float:
        """Seconds until the next try, after this many: each pause doubles up to the longest."""
        return doubled(first, self.longest_pause, times)


PATIENT = OrderPatience()


@dataclass(frozen=True, slots=True)
class Security:
    """The keys of an engine that gives signed orders.

    Attributes:
        keys: certificates of everybody, private keys of those the engine speaks for.
        hub: the Communications Hub Function it plays, None to play none.
        supplier: who orders, unless an order names another; by GBCS v1, section 11, the party that
            the image is from.
        broker: the access control broker, whose key makes the MAC of commands.
        patience: how long it waits for what.
    """

    keys: Keystore = field(repr=False)
    hub: Eui64 | None
    supplier: Eui64
    broker: Eui64
    patience: OrderPatience = PATIENT

    def require_signer(self, party: int) -> None:
        """Refuse to speak for a party whose signing key is not at hand.

        Raises:
            LocalError: it is not.
        """
        if self.keys.signer(party) is None:
            raise LocalError(
                f"no signing key of {format_eui64(party)} is at hand: put "
                f"{party:016x}-ds.key into the key folder"
            )

    def require_certificate(self, device: int, use: KeyUse) -> None:
        """Refuse to ask a device whose answer could not be believed.

        Raises:
            LocalError: its certificate for this use is not at hand.
        """
        if self.keys.certificate(device, use) is None:
            raise LocalError(
                f"no certificate of {format_eui64(device)} to believe its answer by: put "
                f"{device:016x}-{use.value}.pem into the key folder"
            )

    def require_agreement(self, device: int) -> None:
        """Refuse to command a device for which no MAC can be made.

        Raises:
            LocalError: neither the broker's private key nor a shared secret is at hand.
        """
        if self.keys.shared_secret(self.broker, device) is None:
            raise LocalError(
                f"no key pair at hand for the MAC between {format_eui64(self.broker)} and "
                f"{format_eui64(device)}: put {device:016x}-ka.pem into the key folder"
            )
