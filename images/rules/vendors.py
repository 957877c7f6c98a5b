"""What vendors are known to do otherwise than the standard; knows no rule, only their numbers."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from images.model import OtaImage


class Vendor(NamedTuple):
    """The habits of one vendor: of its own files under ``zcl``, of all under ``vendor:NAME``.

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
    "hue": Vendor(frozenset((0x100B,)), frozenset((9, 11))),
    "ikea": Vendor(frozenset((0x117C,)), frozenset((6,))),
    "innr": Vendor(frozenset((0x1166,)), frozenset()),
    "legrand": Vendor(frozenset((0x1021,)), frozenset((6,))),
    "lumi": Vendor(frozenset((0x115F,)), frozenset((10, 11))),
    "nodon": Vendor(frozenset((0x128B,)), frozenset((31,))),
    "salus": Vendor(frozenset((0x120B,)), frozenset()),
    "telink": Vendor(frozenset(), frozenset((9,))),
    "thirdreality": Vendor(frozenset((0x1233, 0x1407)), frozenset()),
    "ubisys": Vendor(frozenset((0x10F2,)), frozenset()),
}

_BY_CODE: Final = {code: vendor for vendor in VENDORS.values() for code in vendor.codes}


def vendor_of(image: OtaImage) -> Vendor | None:
    """Whose file it is: by its manufacturer code, or by a shape only one SDK makes."""
    if image.layout == "telink":
        return VENDORS["telink"]
    return _BY_CODE.get(image.header.manufacturer_code)
