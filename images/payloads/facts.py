"""What is known of a firmware payload after a look at it; knows no format and no OTA header."""

from typing import NamedTuple


class PayloadDefect(NamedTuple):
    """One thing wrong inside a payload.

    Attributes:
        offset: byte in the payload.
        message: what is wrong, in one line.
        expected: what a good payload has there.
        actual: what this one has.
        grave: the bootloader will refuse the payload; otherwise it is only unusual.
    """

    offset: int
    message: str
    expected: str
    actual: str
    grave: bool = True


class PayloadFacts(NamedTuple):
    """A payload whose format was recognised.

    Attributes:
        format: name of the format, for people.
        defects: what is wrong with it, by offset.
        checked: a checksum or digest inside it was computed anew and was right; None for a format
            in which none is known here.
        signed: it carries a signature; None when the format does not say.
        encrypted: its firmware is encrypted; None when the format does not say.
        version: the firmware version it states, as text, or None.
        number: the same as one number where the format has one that an OTA header can repeat.
        multiple: its length must be a multiple of so many bytes.
        fill: bytes of fill behind its own end.
    """

    format: str
    defects: tuple[PayloadDefect, ...] = ()
    checked: bool | None = False
    signed: bool | None = None
    encrypted: bool | None = None
    version: str | None = None
    number: int | None = None
    multiple: int = 1
    fill: int = 0
