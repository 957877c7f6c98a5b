"""Checks what devices signed (GBCS) against the certificates that a pack has of them; pure."""

from collections import Counter
from collections.abc import Mapping

from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.verification import CheckResult


class MessageCheck:
    """Looks at one message after the other and remembers what they were worth.

    Args:
        certificates: PEM by file name, as folders of keys have them.
    """

    def __init__(self, certificates: Mapping[str, bytes]) -> None:
        self._keys = Keystore.read(certificates)
        self._counts: Counter[CheckResult] = Counter()

    def finding(self, message: str, key: str) -> str:
        """Check one message.

        Args:
            message: octets, in hexadecimal.
            key: of what it proves.

        Returns:
            what is wrong in one line, empty for nothing.
        """
        try:
            parsed = parse(bytes.fromhex(message))
        except (PeerError, ValueError):
            return f"the message of {key} is none of GBCS"
        worth = check(parsed, self._keys).signature
        self._counts[worth] += 1
        if worth is CheckResult.INVALID:
            return f"the message of {key} is not signed by {format_eui64(parsed.originator)}"
        return ""

    def told(self) -> str:
        """Say what the messages were worth."""
        counts = self._counts
        if not counts:
            return "none"
        said = [f"{counts[CheckResult.VALID]:,} signed by their devices"]
        if counts[CheckResult.ABSENT]:
            said.append(f"{counts[CheckResult.ABSENT]:,} with a MAC only")
        if counts[CheckResult.NO_KEY]:
            said.append(f"{counts[CheckResult.NO_KEY]:,} without a certificate to check them")
        return ", ".join(said)


def signer_file(message: bytes) -> str:
    """Name the file of the certificate that checks a message; empty where it is none of GBCS."""
    try:
        originator = parse(message).originator
    except PeerError:
        return ""
    return f"{originator:016x}-ds.pem"
