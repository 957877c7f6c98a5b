"""From the octets of a post to a request whose signature is good, or to why there is none.

One order of steps, in a thread: well-formed, header, one signature, its certificate, what was signed,
structure, image. What is used after the signature is only what was signed. Nothing is kept but the
image of a request that is good so far.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.certificates import XML_SIGN
from ota_engine.duis.codes import ResponseCase
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import SCHEMA_VERSION, read_header, read_request
from ota_engine.duis.refusals import NotDuis, SignatureRefused, StructureRefused
from ota_engine.duis.requests import RequestHeader, ServiceRequest, UpdateFirmware
from ota_engine.duis.signing import signature_of, verify_document
from ota_engine.fleet.orders.events import RequestReceived, SmkiRole, WebService
from ota_engine.head_end.duis.keys import DuisKeys, KnownSigner
from ota_engine.head_end.duis.ordered_image import read_ordered_image
from ota_engine.head_end.image_shelf import ImageShelf
from ota_engine.times import Utc

OUR_VERSION: Final = "5.4"  # of DUIS
#: Checks a document against the official schemas; a ``StructureRefused`` says what is wrong.
SchemaCheck = Callable[[Any], None]


class TurnedAway(Exception):  # noqa: N818 - reads as the outcome it is
    """A DUIS document that does not reach the fleet; it is answered in its own words.

    Attributes:
        case: what is wrong, as the table of codes has it.
        reason: one line.
        header: of the request.
        version: of DUIS, that it is written in.
        signer: whose signature was good; None for nobody's.
    """

    def __init__(
        self,
        case: ResponseCase,
        reason: str,
        header: RequestHeader,
        version: str,
        signer: Eui64 | None = None,
    ) -> None:
        super().__init__(reason)
        self.case = case
        self.reason = reason
        self.header = header
        self.version = version
        self.signer = signer


class _Seen(NamedTuple):
    """What could be read before the signature was looked at."""

    header: RequestHeader
    version: str

    def refused(self, case: ResponseCase, reason: str, signer: Eui64 | None = None) -> TurnedAway:
        return TurnedAway(case, reason, self.header, self.version, signer)


class Intake:
    """Takes posts in; may be used by several threads.

    Args:
        keys: who may sign.
        shelf: where images are kept.
        check: against the official schemas; None without them.
    """

    def __init__(self, keys: DuisKeys, shelf: ImageShelf, check: SchemaCheck | None = None) -> None:
        self._keys = keys
        self._shelf = shelf
        self._check = check

    def take(self, octets: bytes, service: WebService, utc: Utc) -> RequestReceived:
        """Take one post in.

        Raises:
            NotDuis: it is no request of DUIS with a header that can be read.
            TurnedAway: it is one, and goes no further.
            OSError: its image cannot be kept.
        """
        root = parse_document(octets)
        try:
            seen = _Seen(read_header(root), _version_of(root))
        except StructureRefused as refused:
            raise NotDuis(str(refused)) from None
        known, digest, signed = self._verified(root, seen, utc)
        request = self._read(signed, seen, known.signer.eui)
        body, image = request.body, None
        if isinstance(body, UpdateFirmware):
            image = read_ordered_image(body.image, ppmid=body.ppmid)
            if not image.trouble:
                self._shelf.put(body.image, image.sha256)
            request = replace(request, body=replace(body, image=b""))
        return RequestReceived(request, digest, known.signer.eui, SmkiRole.XML_SIGN, service, image)

    def give_back(self, received: RequestReceived) -> None:
        """Forget a request that will not reach the fleet, as nobody waits for it any more."""
        if received.image is not None and not received.image.trouble:
            self._shelf.give_back(received.image.sha256)

    def _verified(self, root: Any, seen: _Seen, utc: Utc) -> tuple[KnownSigner, str, Any]:
        """Give who signed, the digest of what, and the tree that was signed."""
        try:
            found = signature_of(root)
        except SignatureRefused as refused:
            raise seen.refused(ResponseCase.SIGNATURE_WRONG, str(refused)) from None
        known = self._keys.find(found.serial)
        if known is None:
            reason = f"no certificate with the serial number {found.serial} is known here"
            raise seen.refused(ResponseCase.CERTIFICATE_NOT_USABLE, reason)
        self._check_signer(known, seen, utc)
        try:
            signed = verify_document(root, known.certificate)
        except SignatureRefused as refused:
            raise seen.refused(ResponseCase.SIGNATURE_WRONG, str(refused)) from None
        return known, found.digest.hex(), signed

    def _check_signer(self, known: KnownSigner, seen: _Seen, utc: Utc) -> None:
        signer, user = known.signer, seen.header.request_id.originator
        name = format_eui64(signer.eui)
        if not signer.valid_at(utc):
            reason = f"the certificate of {name} is not valid now"
            raise seen.refused(ResponseCase.CERTIFICATE_NOT_USABLE, reason)
        if signer.role != XML_SIGN:
            reason = f"the certificate of {name} is not for requests of users"
            raise seen.refused(ResponseCase.NO_SUCH_USER, reason)
        if signer.eui != user:
            reason = f"{name} has signed a request of {format_eui64(user)}"
            raise seen.refused(ResponseCase.SIGNER_NOT_ORIGINATOR, reason)

    def _read(self, signed: Any, seen: _Seen, signer: Eui64) -> ServiceRequest:
        try:
            if self._check is not None:
                self._check(signed)
            return read_request(signed)
        except StructureRefused as refused:
            raise seen.refused(ResponseCase.STRUCTURE_WRONG, str(refused), signer) from None


def _version_of(root: Any) -> str:
    """The version of DUIS that a document says it is in; ours where that is none."""
    version = str(root.get("schemaVersion", ""))
    return version if SCHEMA_VERSION.fullmatch(version) else OUR_VERSION
