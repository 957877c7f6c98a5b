"""The statuses of EZSP: one vocabulary inside, one octet on the wire in version 13, four after.

Pure values.
"""

from enum import IntEnum


class EmberStatus(IntEnum):
    """``sl_status_t`` as EZSP uses it from version 14 on."""

    OK = 0x0000
    FAIL = 0x0001
    INVALID_STATE = 0x0002
    NETWORK_UP = 0x0015
    NETWORK_DOWN = 0x0016
    NOT_JOINED = 0x0017
    INVALID_PARAMETER = 0x0021
    INVALID_INDEX = 0x0027
    NOT_FOUND = 0x002D
    MESSAGE_TOO_LONG = 0x0038
    COMMAND_IS_INVALID = 0x0048
    COMMAND_INCOMPLETE = 0x004A
    DELIVERY_FAILED = 0x0C02
    MAX_MESSAGE_LIMIT_REACHED = 0x0C03
    VERSION_NOT_SET = 0x0C1E  # EZSP_ERROR: no version was agreed on


# Status: what version 13 says about the network.
EMBER = {
    EmberStatus.OK: 0x00,
    EmberStatus.FAIL: 0x01,
    EmberStatus.INVALID_STATE: 0x70,
    EmberStatus.NETWORK_UP: 0x90,
    EmberStatus.NETWORK_DOWN: 0x91,
    EmberStatus.NOT_JOINED: 0x93,
    EmberStatus.INVALID_PARAMETER: 0x02,
    EmberStatus.INVALID_INDEX: 0xB1,
    EmberStatus.NOT_FOUND: 0x03,
    EmberStatus.MESSAGE_TOO_LONG: 0x74,
    EmberStatus.DELIVERY_FAILED: 0x66,
    EmberStatus.MAX_MESSAGE_LIMIT_REACHED: 0x72,
}

# EzspStatus: what version 13 says about commands and values.
EZSP = {
    EmberStatus.OK: 0x00,
    EmberStatus.FAIL: 0x36,
    EmberStatus.INVALID_STATE: 0x38,
    EmberStatus.INVALID_PARAMETER: 0x36,
    EmberStatus.NOT_FOUND: 0x37,
    EmberStatus.COMMAND_IS_INVALID: 0x31,
    EmberStatus.COMMAND_INCOMPLETE: 0x33,
    EmberStatus.VERSION_NOT_SET: 0x30,
}
UNMAPPED = 0x01  # ERR_FATAL
