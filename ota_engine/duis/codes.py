"""Which code says what: one table for responses, one for DCC alerts, each row with its certainty.

The schema says which codes there are (``response_codes``); what most of them mean is in documents
that are not public. So nothing else in the program knows a code, and a configuration can change any
row: ``CodeTable.changed`` takes case to code and refuses codes that the schema has not.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Self

from ota_engine.duis.response_codes import DCC_ALERT_CODES, RESPONSE_CODES
from ota_engine.duis.responses import (
    DccAlertContent,
    DeliveryStatus,
    DistributionFailure,
    DuisVersionMismatch,
    HubActivation,
    HubAlert,
    PpmidAlert,
    SupplierChange,
    SuspensionChange,
    UpgradeRequested,
    VersionMismatch,
)
from ota_engine.errors import LocalError


class Certainty(StrEnum):
    """How sure a row is."""

    CERTAIN = "certain"  # a schema or a real sample shows it
    STATED = "stated"  # a public source says so
    INFERRED = "inferred"  # it follows from other rows, or from what else there is
    GUESSED = "guessed"  # ours, until somebody who has the documents says better


class ResponseCase(StrEnum):
    """What is answered, whatever its code."""

    DONE = "done"
    ACKNOWLEDGED = "acknowledged"
    DONE_WITHOUT_DATA = "done-without-data"
    SOME_DEVICES_PASSED_OVER = "some-devices-passed-over"
    NO_SUCH_USER = "no-such-user"
    ROLE_MAY_NOT_ASK = "role-may-not-ask"
    USER_NOT_ACTIVE = "user-not-active"
    NOT_RESPONSIBLE = "not-responsible"
    DEVICE_STATUS = "device-status"
    WRONG_DEVICE_TYPE = "wrong-device-type"
    COMMAND_VARIANT = "command-variant"
    WRONG_WEB_SERVICE = "wrong-web-service"
    NO_LOCAL_COMMAND = "no-local-command"
    NO_SUCH_DEVICE = "no-such-device"
    DEVICE_OUT_OF_REACH = "device-out-of-reach"
    DEVICE_SILENT = "device-silent"
    DATED_UNANSWERED = "dated-unanswered"
    SIGNATURE_WRONG = "signature-wrong"
    SIGNER_NOT_ORIGINATOR = "signer-not-originator"
    CERTIFICATE_NOT_USABLE = "certificate-not-usable"
    STRUCTURE_WRONG = "structure-wrong"
    REQUEST_ID_USED = "request-id-used"
    COUNTER_TOO_LOW = "counter-too-low"
    PRE_COMMAND_DIFFERS = "pre-command-differs"
    NOT_SERVED = "not-served"
    SMETS1_NOT_SERVED = "smets1-not-served"
    IMAGE_REFUSED = "image-refused"
    VERSION_REFUSED = "version-refused"
    NO_DEVICE_ELIGIBLE = "no-device-eligible"
    DEVICE_LIST_REFUSED = "device-list-refused"
    IMAGE_TOO_LARGE = "image-too-large"
    NOTHING_FOUND = "nothing-found"
    INVENTORY_CHANGE_REFUSED = "inventory-change-refused"
    DEVICE_KNOWN_ALREADY = "device-known-already"
    PRENOTIFICATION_REFUSED = "prenotification-refused"
    SYSTEM_TROUBLE = "system-trouble"


class AlertCase(StrEnum):
    """What a DCC alert is about, whatever its code."""

    DELIVERED = "delivered"
    NOT_DELIVERED = "not-delivered"
    HUB_ALERT = "hub-alert"
    PPMID_ALERT = "ppmid-alert"
    HUB_ACTIVATED = "hub-activated"
    VERSION_MISMATCH = "version-mismatch"
    UPGRADE_REQUESTED = "upgrade-requested"
    DISTRIBUTION_FAILED = "distribution-failed"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    SUPPLIER_CHANGED = "supplier-changed"
    SUPPLIER_NOT_CHANGED = "supplier-not-changed"
    DUIS_VERSION = "duis-version"


class AlertAudience(StrEnum):
    """Who is told."""

    ORDERER = "who sent the request"
    RESPONSIBLE = "every responsible supplier"
    OTHER_RESPONSIBLE = "the other responsible supplier"
    LOSING_AND_GAINING = "losing and gaining supplier"
    ADDRESSEE = "the user that cannot be told"


class ResponseRow(NamedTuple):
    """One code of a response.

    Attributes:
        case: what is answered.
        code: by which.
        certainty: of both belonging together.
        source: why.
        variant: of the service that alone has this code; empty for all others.
    """

    case: ResponseCase
    code: str
    certainty: Certainty
    source: str
    variant: str = ""

    @property
    def name(self) -> str:
        """As a configuration names it: the case, with the variant where there is one."""
        return f"{self.case}/{self.variant}" if self.variant else self.case


class AlertRow(NamedTuple):
    """One code of a DCC alert.

    Attributes:
        case: what it is about.
        code: by which.
        element: that carries it.
        audience: who is told.
        certainty: of code, element and audience belonging together.
        source: why.
    """

    case: AlertCase
    code: str
    element: str
    audience: AlertAudience
    certainty: Certainty
    source: str


_C, _A = ResponseCase, AlertCase
_CERTAIN, _STATED = Certainty.CERTAIN, Certainty.STATED
_INFERRED, _GUESSED = Certainty.INFERRED, Certainty.GUESSED
_LIST: Final = "public list of generic codes"
_ONLY: Final = "the only warning of this service in the schema"
_ROOM: Final = "the schema has the code; its meaning is not public"

RESPONSE_ROWS: Final = (
    ResponseRow(_C.DONE, "I0", _CERTAIN, "samples"),
    ResponseRow(_C.ACKNOWLEDGED, "I99", _CERTAIN, "samples"),
    ResponseRow(_C.DONE_WITHOUT_DATA, "I99", _STATED, _LIST),
    ResponseRow(_C.SOME_DEVICES_PASSED_OVER, "W110101", _INFERRED, _ONLY, "11.1"),
    ResponseRow(_C.SOME_DEVICES_PASSED_OVER, "W110401", _INFERRED, _ONLY, "11.4"),
    ResponseRow(_C.NO_SUCH_USER, "E1", _STATED, _LIST),
    ResponseRow(_C.ROLE_MAY_NOT_ASK, "E2", _STATED, _LIST),
    ResponseRow(_C.USER_NOT_ACTIVE, "E3", _STATED, _LIST),
    ResponseRow(_C.NOT_RESPONSIBLE, "E4", _STATED, _LIST),
    ResponseRow(_C.DEVICE_STATUS, "E5", _STATED, _LIST),
    ResponseRow(_C.WRONG_DEVICE_TYPE, "E11", _STATED, _LIST),
    ResponseRow(_C.COMMAND_VARIANT, "E12", _STATED, _LIST),
    ResponseRow(_C.WRONG_WEB_SERVICE, "E13", _STATED, _LIST),
    ResponseRow(_C.NO_LOCAL_COMMAND, "E17", _STATED, _LIST),
    ResponseRow(_C.NO_SUCH_DEVICE, "E19", _STATED, _LIST),
    ResponseRow(_C.DEVICE_OUT_OF_REACH, "E20", _STATED, _LIST),
    ResponseRow(_C.DEVICE_SILENT, "E21", _STATED, _LIST),
    ResponseRow(_C.DATED_UNANSWERED, "E30", _STATED, _LIST),
    ResponseRow(_C.SIGNATURE_WRONG, "E40", _GUESSED, _ROOM),
    ResponseRow(_C.SIGNER_NOT_ORIGINATOR, "E41", _GUESSED, _ROOM),
    ResponseRow(_C.CERTIFICATE_NOT_USABLE, "E42", _GUESSED, _ROOM),
    ResponseRow(_C.STRUCTURE_WRONG, "E43", _GUESSED, _ROOM),
    ResponseRow(_C.REQUEST_ID_USED, "E44", _GUESSED, _ROOM),
    ResponseRow(_C.COUNTER_TOO_LOW, "E45", _GUESSED, _ROOM),
    ResponseRow(_C.PRE_COMMAND_DIFFERS, "E46", _GUESSED, _ROOM),
    ResponseRow(_C.NOT_SERVED, "E47", _GUESSED, _ROOM),
    ResponseRow(_C.SMETS1_NOT_SERVED, "E47", _GUESSED, _ROOM),
    ResponseRow(_C.IMAGE_REFUSED, "E110101", _GUESSED, _ROOM, "11.1"),
    ResponseRow(_C.VERSION_REFUSED, "E110102", _GUESSED, _ROOM, "11.1"),
    ResponseRow(_C.NO_DEVICE_ELIGIBLE, "E110103", _GUESSED, _ROOM, "11.1"),
    ResponseRow(_C.DEVICE_LIST_REFUSED, "E110105", _GUESSED, _ROOM, "11.1"),
    ResponseRow(_C.IMAGE_TOO_LARGE, "E110106", _GUESSED, _ROOM, "11.1"),
    ResponseRow(_C.IMAGE_REFUSED, "E110401", _GUESSED, _ROOM, "11.4"),
    ResponseRow(_C.VERSION_REFUSED, "E110402", _GUESSED, _ROOM, "11.4"),
    ResponseRow(_C.NO_DEVICE_ELIGIBLE, "E110403", _GUESSED, _ROOM, "11.4"),
    ResponseRow(_C.DEVICE_LIST_REFUSED, "E110405", _GUESSED, _ROOM, "11.4"),
    ResponseRow(_C.IMAGE_TOO_LARGE, "E110401", _GUESSED, "11.4 has no code ending in 06", "11.4"),
    ResponseRow(_C.NOTHING_FOUND, "E080201", _GUESSED, _ROOM, "8.2"),
    ResponseRow(_C.INVENTORY_CHANGE_REFUSED, "E080405", _GUESSED, _ROOM, "8.4"),
    ResponseRow(_C.PRENOTIFICATION_REFUSED, "E120201", _STATED, "DP316: CHF and GPF alike", "12.2"),
    ResponseRow(_C.DEVICE_KNOWN_ALREADY, "E120203", _GUESSED, _ROOM, "12.2"),
    ResponseRow(_C.SYSTEM_TROUBLE, "E100", _GUESSED, _ROOM),
)

_TO = AlertAudience
_NEWS: Final = "SEC news, November 2021; which of the two is which follows from their order"
_ORDER: Final = "order of elements and codes in the schema"
ALERT_ROWS: Final = (
    AlertRow(_A.DELIVERED, "N60", "CSPFirmwareDeliveryStatus", _TO.ORDERER, _STATED, _NEWS),
    AlertRow(_A.NOT_DELIVERED, "N61", "CSPFirmwareDeliveryStatus", _TO.ORDERER, _STATED, _NEWS),
    AlertRow(_A.HUB_ALERT, "N62", "CommsHubAlert", _TO.ORDERER, _INFERRED, _ORDER),
    AlertRow(_A.PPMID_ALERT, "N39", "PPMIDAlert", _TO.RESPONSIBLE, _GUESSED, "recalled"),
    AlertRow(
        _A.HUB_ACTIVATED,
        "N64",
        "CommsHubFirmwareActivation",
        _TO.RESPONSIBLE,
        _INFERRED,
        f"{_ORDER}; SECMP0024 asks for it",
    ),
    AlertRow(
        _A.UPGRADE_REQUESTED,
        "N59",
        "FirmwareUpgradeRequested",
        _TO.OTHER_RESPONSIBLE,
        _INFERRED,
        f"{_ORDER}; it says what somebody who did not order needs",
    ),
    AlertRow(
        _A.DISTRIBUTION_FAILED,
        "N18",
        "FirmwareDistributionFailure",
        _TO.ORDERER,
        _GUESSED,
        "recalled: N18 to N23",
    ),
    AlertRow(
        _A.VERSION_MISMATCH,
        "N49",
        "FirmwareVersionMismatch",
        _TO.RESPONSIBLE,
        _GUESSED,
        "recalled: N49 to N52",
    ),
    AlertRow(_A.SUSPENDED, "N28", "DeviceStatusChangeEvent", _TO.RESPONSIBLE, _GUESSED, "recalled"),
    AlertRow(_A.RESTORED, "N29", "DeviceStatusChangeEvent", _TO.RESPONSIBLE, _GUESSED, "recalled"),
    AlertRow(
        _A.SUPPLIER_CHANGED,
        "N27",
        "ChangeOfSupplier",
        _TO.LOSING_AND_GAINING,
        _GUESSED,
        "recalled",
    ),
    AlertRow(_A.SUPPLIER_NOT_CHANGED, "N26", "ChangeOfSupplier", _TO.ORDERER, _GUESSED, "recalled"),
    AlertRow(_A.DUIS_VERSION, "N999", "DUISVersionMismatch", _TO.ADDRESSEE, _INFERRED, _ORDER),
)


def alert_case(content: DccAlertContent) -> AlertCase:
    """What an alert is about."""
    match content:
        case DeliveryStatus():
            return _A.DELIVERED if content.success else _A.NOT_DELIVERED
        case SuspensionChange():
            return _A.SUSPENDED if content.suspended else _A.RESTORED
        case SupplierChange():
            return _A.SUPPLIER_NOT_CHANGED if content.error else _A.SUPPLIER_CHANGED
        case _:
            return _CASES[type(content)]


_CASES: Final[Mapping[type[DccAlertContent], AlertCase]] = {
    HubAlert: _A.HUB_ALERT,
    PpmidAlert: _A.PPMID_ALERT,
    HubActivation: _A.HUB_ACTIVATED,
    VersionMismatch: _A.VERSION_MISMATCH,
    UpgradeRequested: _A.UPGRADE_REQUESTED,
    DistributionFailure: _A.DISTRIBUTION_FAILED,
    DuisVersionMismatch: _A.DUIS_VERSION,
}


class CodeTable(NamedTuple):
    """Codes as they are used.

    Attributes:
        responses: rows by their names.
        alerts: rows by case.
    """

    responses: Mapping[str, ResponseRow]
    alerts: Mapping[AlertCase, AlertRow]

    def code(self, case: ResponseCase, variant: str = "") -> str:
        """Code of a response.

        Args:
            case: what is answered.
            variant: of the service that is answered.

        Raises:
            LocalError: no row has a code for this case and this service.
        """
        row = self.responses.get(f"{case}/{variant}") or self.responses.get(case)
        if row is None:
            raise LocalError(f"no code says {case} of service {variant or 'in general'}")
        return row.code

    def alert(self, content: DccAlertContent) -> AlertRow:
        """Row of a DCC alert."""
        return self.alerts[alert_case(content)]

    def changed(self, codes: Mapping[str, str]) -> Self:
        """The table with other codes.

        Args:
            codes: code by the name of a row, such as ``image-refused/11.1`` or ``delivered``.

        Raises:
            LocalError: there is no such row, or the schema has no such code; in one line.
        """
        responses, alerts = dict(self.responses), dict(self.alerts)
        for name, code in codes.items():
            if name in responses:
                _check(name, code, RESPONSE_CODES)
                responses[name] = responses[name]._replace(code=code)
            elif name in alerts:
                case = AlertCase(name)
                _check(name, code, DCC_ALERT_CODES)
                alerts[case] = alerts[case]._replace(code=code)
            else:
                raise LocalError(f"no code is for {name[:60]!a}: docs/duis.md lists what there is")
        return self._replace(responses=responses, alerts=alerts)


def _check(name: str, code: str, known: frozenset[str]) -> None:
    if code not in known:
        raise LocalError(f"{name}: the schema of DUIS has no code {code[:20]!a}")


CODES: Final = CodeTable(
    {row.name: row for row in RESPONSE_ROWS}, {row.case: row for row in ALERT_ROWS}
)
