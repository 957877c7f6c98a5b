"""One text for one value: the JSON form that is journalled, hashed and compared. Pure."""

import json

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
)


def canonical_json(value: object) -> str:
    """Write a value the one way: keys sorted, no spaces, printable ASCII only.

    Equal values give equal bytes on every machine, so the text may be hashed; being printable it holds
    no line break, escape code or lone surrogate that a device's string might have carried.

    Raises:
        ValueError: a number is NaN or infinite; JSON has no form for it.
        TypeError: a value that JSON does not know.
    """
    return _ENCODER.encode(value).replace("\x7f", "\\u007f")  # DEL is ASCII, but not printable
