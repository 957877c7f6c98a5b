"""Reads what messages around firmware say, for people: inventories, credentials, alerts, readings.

Decides nothing by it: what the engine acts on is read by ``ota_engine.gbcs.payloads`` alone. What is not
understood to the last octet stays opaque.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from ota_engine.errors import PeerError
from ota_engine.gbcs import credentials, device_logs, dlms, gbz
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.opaque import Opaque

HouseholdPayload: TypeAlias = (
    credentials.CredentialsHeld
    | credentials.ReplaceCredentials
    | credentials.CredentialsReplaced
    | device_logs.JoinDetailsRead
    | device_logs.DeviceLog
    | device_logs.JoinDevice
    | device_logs.UnjoinDevice
    | device_logs.JoinOutcome
    | dlms.DlmsRequest
    | dlms.DlmsResponse
    | dlms.DlmsAlert
    | gbz.GbzMessage
    | gbz.GbzAlert
    | Opaque
)
_Read: TypeAlias = Callable[[bytes], HouseholdPayload]

JOINS: Final = (0x000D, 0x000E, 0x00AB, 0x00AF)
UNJOINS: Final = (0x000F, 0x0010)
_BY_CODE: Final[Mapping[tuple[int, Cra], _Read]] = MappingProxyType(
    {
        (credentials.READ_CODE, Cra.RESPONSE): credentials.read_held,
        (0x0013, Cra.RESPONSE): device_logs.read_join_details,
        (0x008C, Cra.COMMAND): device_logs.read_restore,
        (0x008C, Cra.RESPONSE): device_logs.read_restored,
        (0x00B2, Cra.ALERT): device_logs.read_backup,
        (credentials.ALERT_CODE, Cra.ALERT): credentials.read_alert,
        **{
            (code, cra): read
            for code in range(credentials.FIRST_CODE, credentials.LAST_CODE + 1)
            for cra, read in (
                (Cra.COMMAND, credentials.read_command),
                (Cra.RESPONSE, credentials.read_response),
            )
        },
        **{(code, Cra.COMMAND): device_logs.read_join for code in JOINS},
        **{(code, Cra.RESPONSE): device_logs.read_join_outcome for code in JOINS},
        **{(code, Cra.COMMAND): device_logs.read_unjoin for code in UNJOINS},
        **{(code, Cra.RESPONSE): device_logs.read_unjoin_outcome for code in UNJOINS},
    }
)


def read(message: Message) -> HouseholdPayload:
    """Read what a message says, by its use case or by the form of its payload."""
    found = _BY_CODE.get((message.message_code, message.cra)) or _by_form(message)
    if found is None:
        return Opaque(message.payload)
    try:
        return found(message.payload)
    except PeerError:
        return Opaque(message.payload)


def _by_form(message: Message) -> _Read | None:
    octets = message.payload
    if octets.startswith(gbz.PROFILE):
        return gbz.read_alert if message.cra is Cra.ALERT else gbz.read_message
    forms: dict[int, _Read] = {
        dlms.REQUEST: dlms.read_request,
        dlms.RESPONSE: dlms.read_response,
        dlms.NOTIFICATION: dlms.read_alert,
    }
    return forms.get(octets[0]) if octets else None
