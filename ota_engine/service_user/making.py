"""Makes requests out of what a user wants: who is asked, in which form; knows no clock and no file.

Nothing is checked that only the other side can know; a lab wants to send what will be refused.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    DSP,
    DevicePrenotification,
    FirmwareActivation,
    OtherRequest,
    ReadFirmwareVersion,
    ReadInventory,
    RequestBody,
    RequestHeader,
    RequestId,
    ServiceRequest,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.errors import LocalError
from ota_engine.service_user.saying import moment_text
from ota_engine.times import Utc

SCHEMA_VERSION: Final = "5.4"
RESTRICTION: Final = "RestrictAccessForChangeOfTenancy"
CHANGE_OF_SUPPLIER: Final = "UpdateSecurityCredentialsCoS"
#: Which request has which body; whatever has several is told apart by what is in it.
REFERENCES: Final[Mapping[type, str]] = {
    ReadFirmwareVersion: "11.2",
    FirmwareActivation: "11.3",
    ReadInventory: "8.2",
    UpdateInventory: "8.4",
    DevicePrenotification: "12.2",
}
OTHERS: Final[Mapping[str, str]] = {RESTRICTION: "3.2", CHANGE_OF_SUPPLIER: "6.23"}
#: How each is asked for: the command variant, where it is not 8 (the DCC itself serves it).
COMMAND_VARIANTS: Final[Mapping[str, int]] = {"11.2": 1, "11.3": 4, "3.2": 1, "6.23": 1}
SERVED_BY_DCC: Final = 8


class SupplierCredentials(NamedTuple):
    """What a supplier puts into devices that it gains: its certificates, and who issued them."""

    signing: x509.Certificate
    agreement: x509.Certificate | None
    path: tuple[x509.Certificate, ...]


def reference_of(body: RequestBody) -> str:
    """Which service a body asks for.

    Raises:
        LocalError: no user asks so.
    """
    if isinstance(body, UpdateFirmware):
        return "11.4" if body.ppmid else "11.1"
    found = (
        OTHERS.get(body.element) if isinstance(body, OtherRequest) else REFERENCES.get(type(body))
    )
    if found is None:
        raise LocalError(f"a {type(body).__name__} is made from its answer, not from arguments")
    return found


def made_request(
    user: Eui64,
    counter: int,
    body: RequestBody,
    device: Eui64 | None = None,
    *,
    command_variant: int | None = None,
    schema_version: str = SCHEMA_VERSION,
) -> ServiceRequest:
    """Put a body into a request.

    Args:
        user: who asks.
        counter: that names the request.
        body: what is asked for.
        device: that is asked, where it is not the DCC.
        command_variant: instead of the usual one.
        schema_version: that the document claims.

    Raises:
        LocalError: a device is needed and none is named.
    """
    reference = reference_of(body)
    variant = COMMAND_VARIANTS.get(reference, SERVED_BY_DCC)
    target = DSP if variant == SERVED_BY_DCC else device
    if target is None:
        raise LocalError(f"{reference} is for a device: name it with --device")
    return ServiceRequest(
        schema_version,
        RequestHeader(
            RequestId(user, target, counter),
            variant if command_variant is None else command_variant,
            reference,
            reference,
        ),
        body,
    )


def restriction(since: Utc, execution_utc: Utc | None = None) -> OtherRequest:
    """3.2: whoever lives there now is not to see what was before ``since``."""
    return OtherRequest(RESTRICTION, execution_utc, (("RestrictionDateTime", moment_text(since)),))


def change_of_supplier(
    credentials: SupplierCredentials, floor: int, mpxn: str, execution_utc: Utc | None = None
) -> OtherRequest:
    """6.23: put a gaining supplier's certificates into a device.

    Args:
        credentials: of the gaining supplier.
        floor: originator counters up to here are used up.
        mpxn: the meter point.
        execution_utc: when, None for now.
    """
    held = "SupplierReplacementCertificates"
    fields = [
        ("SupplierFloorSeqNumber", str(floor)),
        (f"{held}/DigitalSigningCertificate", _der(credentials.signing)),
    ]
    if credentials.agreement is not None:
        fields.append((f"{held}/KeyAgreementCertificate", _der(credentials.agreement)))
    fields += [("CertificationPathCertificates/Certificate", _der(one)) for one in credentials.path]
    fields += [("ApplyTimeBasedCPVChecks", "false"), ("ImportMPxN", mpxn)]
    return OtherRequest(CHANGE_OF_SUPPLIER, execution_utc, tuple(fields))


def _der(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()
