"""What vendors are known to do otherwise than the standard; knows no rule, only their numbers."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Vendor(NamedTuple):
    """The habits of one vendor, for the profile ``vendor:NAME``.

    Attributes:
        codes: its manufacturer codes; empty for a chip maker, whose customers have their own.
        habits: numbers of rules whose warnings are information here, because the vendor's own
            devices expect what they warn of.
    """

    codes: frozenset[int]
    habits: frozenset[int]


VENDORS: Final[Mapping[str, Vendor]] = {
    "bosch": Vendor(frozenset((0x1209,)), frozenset()),
    "develco": Vendor(frozenset((0x1015,)), frozenset((31,))),
    "hue": Vendor(frozenset((0x100B,)), frozenset((7, 9, 11, 32))),
    "ikea": Vendor(frozenset((0x117C,)), frozenset((6, 12))),
    "innr": Vendor(frozenset((0x1166,)), frozenset()),
    "legrand": Vendor(frozenset((0x1021,)), frozenset((6, 12, 32))),
    "lumi": Vendor(frozenset((0x115F,)), frozenset((10, 11, 32))),
    "nodon": Vendor(frozenset((0x128B,)), frozenset((31,))),
    "salus": Vendor(frozenset((0x120B,)), frozenset((6,))),
    "telink": Vendor(frozenset(), frozenset((13, 32))),
    "thirdreality": Vendor(frozenset((0x1233, 0x1407)), frozenset((12,))),
    "ubisys": Vendor(frozenset((0x10F2,)), frozenset()),
}
