"""Every use case of GBCS by its message code: what it is called, what it does, between whom.

Knows names alone. What messages of firmware say, and how they must be protected, is told by
``ota_engine.gbcs.codes``, ``payloads`` and ``protection``; nobody may believe a message for a name here.
"""

from typing import Final, NamedTuple

from ota_engine.gbcs.codes import USE_CASES, Cra
from ota_engine.gbcs.envelope import Message

PARTY: Final = (
    "remote party"  # supplier, network operator, broker or WAN provider: the key tells which
)
DEVICE: Final = "device"
METER: Final = "meter"
CHF: Final = "Communications Hub"
ESME, GSME, GPF, PPMID, HCALCS = "ESME", "GSME", "Gas Proxy", "PPMID", "HCALCS"


class NamedUseCase(NamedTuple):
    """A row of the GBCS mapping table, as far as a reader needs it.

    Attributes:
        name: the short name, e.g. ``ECS52``.
        device: who is asked, or alerts.
        title: what it is about, in words.
    """

    name: str
    device: str
    title: str


class MessageParties(NamedTuple):
    """What sender and receiver of a message are, by its use case and direction."""

    sender: str
    receiver: str


# Devices that ask another device, without a remote party.
_ASKED_BY_DEVICES: Final = {
    0x0090: PPMID,
    0x009B: PPMID,
    0x0116: PPMID,
    0x0117: PPMID,
    0x0118: PPMID,
    0x0119: HCALCS,
}
_DEVICES: Final = {
    0x0012: DEVICE,
    0x0059: "ESME or Communications Hub",
    0x0084: GSME,
    0x00CE: ESME,
    0x00CF: GSME,
    0x0128: CHF,
    0x0129: "PPMID or HCALCS",
    0x012B: PPMID,
}
UNKNOWN: Final = NamedUseCase("", DEVICE, "a message code no table here knows")


def use_case_of(code: int) -> NamedUseCase:
    """The use case of a message code; ``UNKNOWN`` for one that no table has."""
    firmware = USE_CASES.get(code)
    if firmware is not None:
        return NamedUseCase(firmware.name, _DEVICES.get(code, DEVICE), firmware.title)
    return OTHERS.get(code, UNKNOWN)


def parties_of(message: Message) -> MessageParties:
    """Who speaks to whom: commands go to the device, answers and alerts come from it."""
    code = message.message_code
    device, asker = use_case_of(code).device, _ASKED_BY_DEVICES.get(code, PARTY)
    return (
        MessageParties(asker, device)
        if message.cra is Cra.COMMAND
        else MessageParties(device, asker)
    )


OTHERS: Final[dict[int, NamedUseCase]] = {
    0x0001: NamedUseCase("CCS01", CHF, "add a device to the device log"),
    0x0002: NamedUseCase("CCS02", CHF, "remove a device from the device log"),
    0x0003: NamedUseCase("CCS03", CHF, "restore the device log"),
    0x0004: NamedUseCase("CCS05/CCS04", CHF, "read the device log, or check HAN communications"),
    0x0007: NamedUseCase("CS01a", ESME, "apply a prepayment top up"),
    0x0008: NamedUseCase("CS02a", DEVICE, "provide details of security credentials"),
    0x000A: NamedUseCase("CS02c", DEVICE, "issue security credentials"),
    0x000B: NamedUseCase("CS02d", DEVICE, "replace a certificate of the device itself"),
    0x000C: NamedUseCase("CS02e", DEVICE, "provide a certificate of the device itself"),
    0x000D: NamedUseCase("CS03a1", METER, "join by method A"),
    0x000E: NamedUseCase("CS03b", DEVICE, "join by method B"),
    0x000F: NamedUseCase("CS04ac", DEVICE, "unjoin, method A or C"),
    0x0010: NamedUseCase("CS04b", DEVICE, "unjoin, method B"),
    0x0013: NamedUseCase("CS07", DEVICE, "read join details"),
    0x0014: NamedUseCase("CS10a", DEVICE, "read the Zigbee event log"),
    0x0015: NamedUseCase("CS11", DEVICE, "clear the Zigbee event log"),
    0x0018: NamedUseCase("CS14", CHF, "device added to, or removed from, the HAN"),
    0x0019: NamedUseCase("ECS01a", ESME, "set tariff and price"),
    0x001A: NamedUseCase("ECS02", ESME, "set payment mode to credit"),
    0x001B: NamedUseCase("ECS03", ESME, "set payment mode to prepayment"),
    0x001C: NamedUseCase("ECS04a", ESME, "adjust the meter balance"),
    0x001D: NamedUseCase("ECS05", ESME, "reset the tariff block counters"),
    0x001E: NamedUseCase("ECS07", ESME, "manage debt"),
    0x001F: NamedUseCase("ECS08", ESME, "update the prepayment configuration"),
    0x0020: NamedUseCase("ECS09", ESME, "activate emergency credit"),
    0x0021: NamedUseCase("ECS10", ESME, "send a message"),
    0x0022: NamedUseCase("ECS12", ESME, "set the date of a change of tenancy"),
    0x0023: NamedUseCase("ECS14", ESME, "disable privacy PIN protection"),
    0x0024: NamedUseCase("ECS15a", ESME, "clear the event log"),
    0x0025: NamedUseCase("ECS16", ESME, "write the supplier's contact details"),
    0x0026: NamedUseCase("ECS17a", ESME, "read energy registers, export"),
    0x0027: NamedUseCase("ECS17b", ESME, "read energy registers, import"),
    0x0028: NamedUseCase("ECS17c", ESME, "read energy registers, power"),
    0x0029: NamedUseCase("ECS17d", ESME, "read energy registers, time of use"),
    0x002A: NamedUseCase("ECS17e", ESME, "read energy registers, time of use with blocks"),
    0x002B: NamedUseCase("ECS18a", ESME, "read maximum demand registers, export"),
    0x002C: NamedUseCase("ECS18b", ESME, "read maximum demand registers, import"),
    0x002D: NamedUseCase("ECS19", ESME, "read prepayment registers"),
    0x002E: NamedUseCase("ECS20a", ESME, "read the billing data log, debt payments"),
    0x002F: NamedUseCase("ECS20b", ESME, "read the billing data log, change of mode or tariff"),
    0x0030: NamedUseCase("ECS20c", ESME, "read the billing data log, billing calendar"),
    0x0033: NamedUseCase("ECS21a", ESME, "read the daily read log"),
    0x0034: NamedUseCase("ECS21b", ESME, "read the daily read log, prepayment"),
    0x0035: NamedUseCase("ECS21c", ESME, "read the daily read log, export"),
    0x0036: NamedUseCase("ECS22a", ESME, "read half hour profile data, export"),
    0x0037: NamedUseCase("ECS22b", ESME, "read half hour profile data, active import"),
    0x0038: NamedUseCase("ECS22c", ESME, "read half hour profile data, reactive import"),
    0x0039: NamedUseCase("ECS23", ESME, "read voltage operational data"),
    0x003A: NamedUseCase("ECS24", ESME, "read tariff data"),
    0x003B: NamedUseCase("ECS26a", ESME, "read configuration, prepayment"),
    0x003C: NamedUseCase("ECS26b", ESME, "read configuration, voltage"),
    0x003D: NamedUseCase("ECS26c", ESME, "read configuration, randomisation"),
    0x003E: NamedUseCase("ECS26d", ESME, "read configuration, billing calendar"),
    0x003F: NamedUseCase("ECS26e", ESME, "read configuration, device identity"),
    0x0040: NamedUseCase("ECS26f", ESME, "read configuration, instantaneous power thresholds"),
    0x0042: NamedUseCase("ECS27", ESME, "read load limit data"),
    0x0043: NamedUseCase("ECS28a", ESME, "set load limit configuration"),
    0x0044: NamedUseCase("ECS28b", ESME, "reset the load limit counter"),
    0x0045: NamedUseCase("ECS29a", ESME, "set voltage configuration"),
    0x0046: NamedUseCase("ECS30", ESME, "set the billing calendar"),
    0x0047: NamedUseCase("ECS34", ESME, "set instantaneous power thresholds"),
    0x0048: NamedUseCase("ECS35a", ESME, "read the event log"),
    0x0049: NamedUseCase("ECS35b", ESME, "read the security log"),
    0x004A: NamedUseCase("ECS37", ESME, "set the period of maximum demand"),
    0x004B: NamedUseCase("ECS38", ESME, "update the randomised offset limit"),
    0x004C: NamedUseCase("ECS39a", ESME, "set the MPAN"),
    0x004D: NamedUseCase("ECS39b", ESME, "set the export MPAN"),
    0x004E: NamedUseCase("ECS40", ESME, "read the MPAN"),
    0x004F: NamedUseCase("ECS42", ESME, "close the load switch"),
    0x0050: NamedUseCase("ECS43", ESME, "open the load switch"),
    0x0051: NamedUseCase("ECS44", ESME, "arm the load switch"),
    0x0052: NamedUseCase("ECS45", ESME, "read the status of the load switch"),
    0x0053: NamedUseCase("ECS46a", ESME, "set labels of auxiliary load switches"),
    0x0054: NamedUseCase("ECS46c", ESME, "set the configuration of auxiliary load switches"),
    0x0055: NamedUseCase("ECS47", ESME, "set or reset the state of auxiliary load switches"),
    0x0058: NamedUseCase("ECS50", ESME, "send a customer identification number"),
    0x005A: NamedUseCase("ECS57", ESME, "reset maximum demand registers"),
    0x005E: NamedUseCase("ECS61c", ESME, "read boost button data"),
    0x005F: NamedUseCase("ECS62", ESME, "associate load switches with the boost button"),
    0x0060: NamedUseCase("ECS66", ESME, "read the daily consumption log"),
    0x0061: NamedUseCase("ECS68", ESME, "alert with the billing data log"),
    0x0062: NamedUseCase("ECS70", ESME, "set the clock"),
    0x0067: NamedUseCase("ECS80", ESME, "alert that supply is restored"),
    0x0068: NamedUseCase("ECS81", ESME, "set the supply tamper state"),
    0x0069: NamedUseCase("ECS82", ESME, "read the meter balance"),
    0x006B: NamedUseCase("GCS01a", GSME, "set tariff and price"),
    0x006C: NamedUseCase("GCS02", GSME, "set payment mode to credit"),
    0x006D: NamedUseCase("GCS03", GSME, "set payment mode to prepayment"),
    0x006E: NamedUseCase("GCS04", GSME, "manage debt"),
    0x006F: NamedUseCase("GCS05", GSME, "update the prepayment configuration"),
    0x0070: NamedUseCase("GCS06", GSME, "activate emergency credit"),
    0x0071: NamedUseCase("GCS07", GSME, "send a message"),
    0x0072: NamedUseCase("GCS09", GPF, "set the date of a change of tenancy"),
    0x0073: NamedUseCase("GCS11", GSME, "disable privacy PIN protection"),
    0x0074: NamedUseCase("GCS13a", GSME, "read the consumption register"),
    0x0075: NamedUseCase("GCS14", GSME, "read prepayment registers"),
    0x0076: NamedUseCase("GCS15c", GSME, "read the billing data log, billing calendar"),
    0x0077: NamedUseCase("GCS16a", GSME, "read the daily read log"),
    0x0078: NamedUseCase("GCS17", GSME, "read the profile data log"),
    0x0079: NamedUseCase("GCS18", GSME, "read the network data log"),
    0x007B: NamedUseCase("GCS21a", GSME, "read configuration, device information"),
    0x007C: NamedUseCase("GCS23", GSME, "set calorific value and conversion factor"),
    0x007D: NamedUseCase(
        "GCS24", GSME, "set the uncontrolled flow rate and the supply tamper state"
    ),
    0x007E: NamedUseCase("GCS25", GSME, "set the billing calendar"),
    0x007F: NamedUseCase("GCS28", GSME, "set the clock"),
    0x0080: NamedUseCase("GCS31", GSME, "start the network data log"),
    0x0081: NamedUseCase("GCS32", GSME, "close the valve"),
    0x0082: NamedUseCase("GCS33", GSME, "read the status of the valve"),
    0x0083: NamedUseCase("GCS36", GSME, "send a customer identification number"),
    0x0085: NamedUseCase("GCS39", GSME, "arm the valve"),
    0x0086: NamedUseCase("GCS40a", GSME, "adjust the balance, prepayment mode"),
    0x0087: NamedUseCase("GCS41", GSME, "set the MPRN"),
    0x0088: NamedUseCase("GCS44", GSME, "write contact details"),
    0x0089: NamedUseCase("GCS46", GSME, "read the MPRN"),
    0x008B: NamedUseCase("GCS53", GSME, "alert with the billing data log"),
    0x008C: NamedUseCase("GCS59", GPF, "restore the device log"),
    0x008D: NamedUseCase("GCS60", GSME, "read the meter balance"),
    0x0090: NamedUseCase("PCS02", GSME, "activate emergency credit from a PPMID"),
    0x0092: NamedUseCase("ECS26i", CHF, "read configuration, device identity"),
    0x0093: NamedUseCase("ECS35c", CHF, "read the event log"),
    0x0094: NamedUseCase("ECS35d", CHF, "read the security log"),
    0x0096: NamedUseCase("GCS16b", GSME, "read the daily read log, prepayment"),
    0x0097: NamedUseCase("CS01b", GSME, "apply a prepayment top up"),
    0x009B: NamedUseCase("PCS01", GSME, "apply a prepayment top up from a PPMID"),
    0x009D: NamedUseCase("GCS21d", GSME, "read configuration, billing calendar"),
    0x009E: NamedUseCase("GCS21e", GSME, "read configuration, device identity of meter or GPF"),
    0x009F: NamedUseCase("GCS21f", GSME, "read tariff data"),
    0x00A0: NamedUseCase("GCS61", GSME, "read the daily consumption log"),
    0x00A1: NamedUseCase("CS10b", DEVICE, "read the Zigbee security log"),
    0x00A2: NamedUseCase("ECS01b", ESME, "set price"),
    0x00A3: NamedUseCase("GCS01b", GSME, "set price"),
    0x00AB: NamedUseCase("CS03a2", DEVICE, "join by method A, no meter"),
    0x00AC: NamedUseCase("ECS25a", ESME, "set alert behaviour, supplier"),
    0x00AD: NamedUseCase("GCS20", GSME, "set alert behaviour"),
    0x00AE: NamedUseCase("ECS29b", ESME, "set voltage configuration, three phases"),
    0x00AF: NamedUseCase("CS03c", DEVICE, "join by method C"),
    0x00B0: NamedUseCase("ECS25b", ESME, "set alert behaviour, network operator"),
    0x00B2: NamedUseCase("GCS62", GPF, "alert with a backup of the device log"),
    0x00B3: NamedUseCase("ECS04b", ESME, "reset the meter balance"),
    0x00B4: NamedUseCase("GCS40b", GSME, "reset the balance, prepayment mode"),
    0x00B5: NamedUseCase("GCS21b", GSME, "read configuration, prepayment"),
    0x00B6: NamedUseCase("GCS13c", GSME, "read registers, time of use"),
    0x00B7: NamedUseCase("ECS01c", ESME, "set tariff and price, secondary element"),
    0x00B8: NamedUseCase("GCS13b", GSME, "read block counters"),
    0x00B9: NamedUseCase("ECS35e", ESME, "read the power event log"),
    0x00BA: NamedUseCase("ECS35f", ESME, "read the log of auxiliary load switches"),
    0x00BB: NamedUseCase("ECS61a", ESME, "read data of auxiliary load switches"),
    0x00BC: NamedUseCase("ECS23b", ESME, "read voltage operational data, three phases"),
    0x00BD: NamedUseCase("ECS24b", ESME, "read tariff data, second element"),
    0x00BE: NamedUseCase("ECS26j", ESME, "read configuration, payment mode"),
    0x00BF: NamedUseCase("GCS21j", GSME, "read configuration, payment mode"),
    0x00C0: NamedUseCase("GCS40c", GSME, "adjust the balance, credit mode"),
    0x00C1: NamedUseCase("ECS15c", ESME, "clear the log of auxiliary load switches"),
    0x00C2: NamedUseCase("GCS40d", GSME, "reset the balance, credit mode"),
    0x00C3: NamedUseCase("GCS15b", GSME, "read the billing data log, change of mode or tariff"),
    0x00C4: NamedUseCase("GCS15d", GSME, "read the billing data log, debt payments"),
    0x00C5: NamedUseCase("GCS15e", GSME, "read the billing data log, prepayment credits"),
    0x00C6: NamedUseCase("ECS26k", ESME, "read configuration, voltage, three phases"),
    0x00C7: NamedUseCase("ECS01d", ESME, "set price, secondary element"),
    0x00C9: NamedUseCase("ECS20d", ESME, "read the billing data log, prepayment credits"),
    0x00D1: NamedUseCase("ECS29c", ESME, "set voltage configuration without counter reset"),
    0x00D2: NamedUseCase(
        "ECS29d", ESME, "set voltage configuration without counter reset, polyphase"
    ),
    0x00D3: NamedUseCase("ECS29e", ESME, "reset voltage counters"),
    0x00D4: NamedUseCase("ECS29f", ESME, "reset voltage counters, polyphase"),
    0x00D5: NamedUseCase("alert", CHF, "a remote party's message did not reach the ESME"),
    0x00D7: NamedUseCase("ECS30a", ESME, "set the billing calendar, all periods"),
    0x00D8: NamedUseCase("GCS25a", GSME, "set the billing calendar, all periods"),
    0x00D9: NamedUseCase("ECS26l", ESME, "read configuration, billing calendar, all periods"),
    0x00DA: NamedUseCase("GCS21k", GSME, "read configuration, billing calendar, all periods"),
    0x00DB: NamedUseCase("ECS48", ESME, "configure the daily reset of tariff block counters"),
    0x00DE: NamedUseCase("ECS08a", ESME, "update the prepayment configuration, second form"),
    0x00EA: NamedUseCase("ECS25a1", ESME, "set event behaviour towards HAN devices, supplier"),
    0x00EB: NamedUseCase("ECS25a2", ESME, "set event behaviour of the audible alarm, supplier"),
    0x00EC: NamedUseCase("ECS25a3", ESME, "set event behaviour of logging, supplier"),
    0x00ED: NamedUseCase("ECS25b3", ESME, "set event behaviour of logging, network operator"),
    0x00EE: NamedUseCase("ECS25r1", ESME, "read event and alert behaviour, supplier"),
    0x00EF: NamedUseCase("ECS25r2", ESME, "read event and alert behaviour, network operator"),
    0x00F0: NamedUseCase("alert", ESME, "warning of meter integrity"),
    0x00F1: NamedUseCase("GCS20r", GSME, "read event and alert behaviour, supplier"),
    0x00F2: NamedUseCase("alert", GSME, "warning of meter integrity"),
    0x00F9: NamedUseCase(
        "ECS26m", ESME, "read configuration, identity, type and supply tamper state"
    ),
    0x00FA: NamedUseCase("ECS26n", CHF, "read configuration, identity and type"),
    0x00FB: NamedUseCase(
        "GCS21m", GSME, "read configuration, identity, type, supply tamper and depletion state"
    ),
    0x00FC: NamedUseCase(
        "GCS24a", GSME, "set the uncontrolled flow rate, finer, and the supply tamper state"
    ),
    0x00FD: NamedUseCase("ECS35g", ESME, "read the log of auxiliary load switches, second form"),
    0x00FE: NamedUseCase("CCS07", CHF, "read the device logs"),
    0x0100: NamedUseCase("CS02b", DEVICE, "replace credentials: root by supplier"),
    0x0101: NamedUseCase("CS02b", DEVICE, "replace credentials: root by WAN provider"),
    0x0102: NamedUseCase("CS02b", DEVICE, "replace credentials: supplier by supplier"),
    0x0103: NamedUseCase(
        "CS02b", DEVICE, "replace credentials: network operator by network operator"
    ),
    0x0104: NamedUseCase("CS02b", DEVICE, "replace credentials: access control broker by itself"),
    0x0105: NamedUseCase("CS02b", DEVICE, "replace credentials: WAN provider by WAN provider"),
    0x0106: NamedUseCase("CS02b", DEVICE, "replace credentials: transitional CoS party by itself"),
    0x0107: NamedUseCase(
        "CS02b", DEVICE, "replace credentials: supplier by transitional CoS party"
    ),
    0x0108: NamedUseCase(
        "CS02b", DEVICE, "replace credentials: any but an abnormal root by recovery"
    ),
    0x0109: NamedUseCase("CS02b", DEVICE, "replace credentials: any by contingency"),
    0x010A: NamedUseCase("DBCH01", CHF, "read the sub-GHz channel"),
    0x010B: NamedUseCase("DBCH02", CHF, "read the sub-GHz channel log"),
    0x010C: NamedUseCase("DBCH03", CHF, "read the sub-GHz configuration"),
    0x010D: NamedUseCase("DBCH04", CHF, "set the sub-GHz configuration"),
    0x010E: NamedUseCase("DBCH05", CHF, "request a sub-GHz channel scan"),
    0x010F: NamedUseCase("CCS06", CHF, "read the device log and check HAN communications"),
    0x0110: NamedUseCase("DBCH06", CHF, "alert: action at the limited duty cycle"),
    0x0111: NamedUseCase("DBCH07", CHF, "alert: sub-GHz channel changed"),
    0x0112: NamedUseCase("DBCH08", CHF, "alert: outcome of a sub-GHz channel scan request"),
    0x0113: NamedUseCase("DBCH09", CHF, "alert: sub-GHz configuration changed"),
    0x0114: NamedUseCase("DBCH10", CHF, "alert: message discarded for the duty cycle"),
    0x0115: NamedUseCase("DBCH11", CHF, "alert: no room for more sub-GHz devices"),
    0x0116: NamedUseCase("PECS01", ESME, "apply a prepayment top up from a PPMID"),
    0x0117: NamedUseCase("PECS02", ESME, "activate emergency credit from a PPMID"),
    0x0118: NamedUseCase("PECS03", ESME, "request to enable supply from a PPMID"),
    0x0119: NamedUseCase("HECS01", ESME, "request control of a load switch from an HCALCS"),
}
