"""The ZCL status codes an upgrade can meet; knows their numbers, not when to use them."""

from enum import IntEnum


class Status(IntEnum):
    """ZCL status enumeration (ZCL 2.6.3), as far as cluster 0x0019 uses it."""

    SUCCESS = 0x00
    FAILURE = 0x01
    NOT_AUTHORIZED = 0x7E
    MALFORMED_COMMAND = 0x80
    UNSUP_CLUSTER_COMMAND = 0x81
    UNSUP_GENERAL_COMMAND = 0x82
    INVALID_FIELD = 0x85
    UNSUPPORTED_ATTRIBUTE = 0x86
    INVALID_VALUE = 0x87
    INSUFFICIENT_SPACE = 0x89
    NOT_FOUND = 0x8B
    ABORT = 0x95
    INVALID_IMAGE = 0x96
    WAIT_FOR_DATA = 0x97
    NO_IMAGE_AVAILABLE = 0x98
    REQUIRE_MORE_IMAGE = 0x99
