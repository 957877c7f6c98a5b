"""The codes that a document may carry (DUIS schema 5.4): which there are, not what they mean."""

from typing import Final

_GENERIC: Final = (
    "I0 I99 E1 E2 E3 E4 E5 E11 E12 E13 E17 E19 E20 E21 E30 E31 E100 "
    "E1000 E1001 E1003 E1004 E1006 E1007 E1008 E1010 E1011"
)
# Kind and service, then what is added to it.
_SPECIFIC: Final = (
    "E0101 01 02",
    "E0102 01",
    "E0303 01 02",
    "E0401 01",
    "E0417 01",
    "E0501 01 02 03 05 07 08 09 10 11 12",
    "E0502 01 02",
    "W0502 01",
    "E0503 01 02",
    "W0503 01",
    "E0605 01 02",
    "E0607 01",
    "E0608 01 02 03",
    "E0613 01 04 05",
    "E0615 01 04 05 06 07 08 09",
    "E0618 01 02 03",
    "E0621 01 02 03 05",
    "E0622 01 02 03",
    "E0623 01 02 03 04 05 06",
    "E0624 01 02 03",
    "E0628 01 02 03",
    "E0802 01 02",
    "E0803 01 02",
    "E0804 05 06 07 08 09 10 11 12 13 14 15",
    "E0805 01 02 03",
    "E0806 01 02 04 06 07",
    "E0807 02 21 22 23",
    "E0808 01 21 22",
    "E0809 01 02 03",
    "E0811 01 02 04 05 06 07 08 09 10 11",
    "E0812 02 04 05 21 22 23",
    "E0813 01 02 03",
    "E0814 01 02 05 06",
    "W0814 01",
    "E1101 01 02 03 05 06",
    "W1101 01",
    "E1104 01 02 03 05",
    "W1104 01",
    "E1201 01 02 03",
    "E1202 01 03 04 07",
)


def _specific(row: str) -> list[str]:
    stem, *ends = row.split()
    return [stem + end for end in ends]


#: Every response code.
RESPONSE_CODES: Final = frozenset(_GENERIC.split()).union(
    (f"E{number}" for number in range(40, 72)), *map(_specific, _SPECIFIC)
)
#: Every code of a DCC alert; there is no N32.
DCC_ALERT_CODES: Final = frozenset(("AD1", "N999")).union(
    f"N{number}" for number in range(1, 66) if number != 32
)
