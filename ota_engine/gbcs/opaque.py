"""A payload nobody here reads: its octets; knows nothing of them."""

from typing import NamedTuple


class Opaque(NamedTuple):
    """What a message says in a form this room has no table for."""

    octets: bytes
