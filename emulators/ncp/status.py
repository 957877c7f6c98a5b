"""The statuses of EZSP: one vocabulary inside, one octet on the wire in version 13, four after.

Pure values.
"""

from enum import IntEnum


class Status(IntEnum):
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


# EmberStatus: what version 13 says about the network.
EMBER = {
    Status.OK: 0x00,
    Status.FAIL: 0x01,
    Status.INVALID_STATE: 0x70,
    Status.NETWORK_UP: 0x90,
    Status.NETWORK_DOWN: 0x91,
    Status.NOT_JOINED: 0x93,
    Status.INVALID_PARAMETER: 0x02,
    Status.INVALID_INDEX: 0xB1,
    Status.NOT_FOUND: 0x03,
    Status.MESSAGE_TOO_LONG: 0x74,
    Status.DELIVERY_FAILED: 0x66,
    Status.MAX_MESSAGE_LIMIT_REACHED: 0x72,
}

# EzspStatus: what version 13 says about commands and values.
EZSP = {
    Status.OK: 0x00,
    Status.FAIL: 0x36,
    Status.INVALID_STATE: 0x38,
    Status.INVALID_PARAMETER: 0x36,
    Status.NOT_FOUND: 0x37,
    Status.COMMAND_IS_INVALID: 0x31,
    Status.COMMAND_INCOMPLETE: 0x33,
    Status.VERSION_NOT_SET: 0x30,
}
UNMAPPED = 0x01  # ERR_FATAL
