"""What may be asked for: one row for each service request variant that is served here.

Rows follow DUIS 5.4 (names, elements, command variants) and the published matrix of service requests
(criticality, roles, who keeps what is dated). Variants without a row are known by name only.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

SIGNED_PRE_COMMAND: Final = "SignedPreCommand"
#: Where a request with this command variant is posted (all that DUIS has, served here or not).
WEB_SERVICES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "serviceS",
        2: "serviceD",
        3: "serviceS",
        4: "serviceT",
        5: "serviceS",
        6: "serviceD",
        7: "serviceS",
        8: "serviceD",
    }
)
#: Command variants that are served here; all others are answered with E12.
SERVED_COMMAND_VARIANTS: Final = frozenset((1, 4, 5, 8))
_NAMES: Final = (
    "1.1.1 1.1.2 1.2.1 1.2.2 1.5 1.6 1.7 2.1 2.2 2.3 2.5 3.1 3.2 3.3 3.4 3.5 4.1.1 4.1.2 "
    "4.1.3 4.1.4 4.2 4.3 4.4.2 4.4.3 4.4.4 4.4.5 4.6.1 4.6.2 4.8.1 4.8.2 4.8.3 4.10 4.11.1 "
    "4.11.2 4.12.1 4.12.2 4.13 4.14 4.15 4.16 4.17 4.18 5.1 5.2 5.3 6.2.1 6.2.2 6.2.3 6.2.4 "
    "6.2.5 6.2.7 6.2.8 6.2.9 6.2.10 6.4.1 6.4.2 6.5 6.6 6.7 6.8 6.11 6.12 6.13 6.14.1 6.14.2 "
    "6.14.3 6.15.1 6.15.2 6.17 6.18.1 6.18.2 6.20.1 6.20.2 6.21 6.22 6.23 6.24.1 6.24.2 6.25 "
    "6.26 6.27 6.28 6.29 6.30 6.31 6.32 7.1 7.2 7.3 7.4 7.5 7.6 7.7 7.8 7.9 7.10 7.11 7.12 "
    "7.13 7.14 7.15 7.16 8.1.1 8.2 8.3 8.4 8.5 8.6 8.7.1 8.7.2 8.8.1 8.8.2 8.9 8.11 8.12.1 "
    "8.12.2 8.13 8.14.1 8.14.2 8.14.3 8.14.4 9.1 11.1 11.2 11.3 11.4 12.1 12.2 14.1"
)
#: Every service reference variant of DUIS 5.4.
VARIANT_NAMES: Final = frozenset(_NAMES.split())
#: Every service reference: the first two numbers of its variants.
REFERENCES: Final = frozenset(".".join(name.split(".")[:2]) for name in VARIANT_NAMES)


class UserRole(StrEnum):
    """What a Service User may be (SEC, user roles)."""

    IMPORT_SUPPLIER = "IS"
    EXPORT_SUPPLIER = "ES"
    GAS_SUPPLIER = "GS"
    REGISTERED_SUPPLIER_AGENT = "RSA"
    ELECTRICITY_DISTRIBUTOR = "ED"
    GAS_TRANSPORTER = "GT"
    OTHER_USER = "OU"


class Dating(StrEnum):
    """Who keeps a request that is to be done later."""

    NONE = "none"
    DCC = "dcc"
    DEVICE = "device"


_SUPPLIERS: Final = frozenset((UserRole.IMPORT_SUPPLIER, UserRole.GAS_SUPPLIER))
_EVERYBODY: Final = frozenset(UserRole)


class VariantRow(NamedTuple):
    """One service request variant.

    Attributes:
        name: such as ``11.3``; ``requests`` calls it variant.
        title: as the standard calls it.
        element: of its body, before it is a signed pre-command.
        command_variants: that are served here.
        critical: its command is signed by its user.
        roles: of users that may ask for it.
        dating: who keeps it until its time.
        dcc_only: the DCC serves it itself; no device is asked.
    """

    name: str
    title: str
    element: str
    command_variants: frozenset[int]
    critical: bool = False
    roles: frozenset[UserRole] = _EVERYBODY
    dating: Dating = Dating.NONE
    dcc_only: bool = False


_DCC: Final = frozenset((8,))
_SENT: Final = frozenset((1,))
_ROWS: Final = (
    VariantRow(
        "3.2",
        "Restrict Access for Change of Tenancy",
        "RestrictAccessForChangeOfTenancy",
        _SENT,
        roles=_SUPPLIERS,
        dating=Dating.DCC,
    ),
    VariantRow(
        "6.23",
        "Update Security Credentials (CoS)",
        "UpdateSecurityCredentialsCoS",
        _SENT,
        roles=_SUPPLIERS,
        dating=Dating.DCC,
    ),
    VariantRow("8.2", "Read Inventory", "ReadInventory", _DCC, dcc_only=True),
    VariantRow("8.4", "Update Inventory", "UpdateInventory", _DCC, dcc_only=True),
    VariantRow("11.1", "Update Firmware", "UpdateFirmware", _DCC, roles=_SUPPLIERS, dcc_only=True),
    VariantRow("11.2", "Read Firmware Version", "ReadFirmwareVersion", _SENT, dating=Dating.DCC),
    VariantRow(
        "11.3",
        "Activate Firmware",
        "ActivateFirmware",
        frozenset((4, 5)),
        critical=True,
        roles=_SUPPLIERS,
        dating=Dating.DEVICE,
    ),
    VariantRow(
        "11.4",
        "Update PPMID Firmware",
        "UpdatePPMIDFirmware",
        _DCC,
        roles=_SUPPLIERS,
        dcc_only=True,
    ),
    VariantRow("12.2", "Device Pre-notification", "DevicePrenotification", _DCC, dcc_only=True),
)
#: Rows by name.
VARIANTS: Final[Mapping[str, VariantRow]] = MappingProxyType({row.name: row for row in _ROWS})


def reference_of(variant: str) -> str:
    """The service reference that a variant belongs to: of ``6.20.1`` it is ``6.20``."""
    return ".".join(variant.split(".")[:2])


def element_for(row: VariantRow, command_variant: int) -> str:
    """Element of the body of a request with that command variant."""
    return SIGNED_PRE_COMMAND if command_variant in (5, 6, 7) else row.element
