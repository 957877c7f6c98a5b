"""Hypothesis strategies for every record of cluster 0x0019 that may be sent."""

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.zcl import ota
from ota_engine.zcl.status import Status

T = TypeVar("T")

U8 = st.integers(0, 0xFF)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFF_FFFF)
EUI64 = st.integers(0, 0xFFFF_FFFF_FFFF_FFFF).map(Eui64)
FAILURES = U8.filter(lambda status: status != Status.SUCCESS)
NEITHER_BLOCK_NOR_WAIT = FAILURES.filter(lambda status: status != Status.WAIT_FOR_DATA)


@st.composite
def image_notifies(draw: st.DrawFn) -> ota.ImageNotify:
    payload_type = draw(st.integers(0, 3))
    fields = draw(st.tuples(U16, U16, U32))
    return ota.ImageNotify(payload_type, draw(U8), *fields[:payload_type])


@st.composite
def query_requests(draw: st.DrawFn) -> ota.QueryNextImageRequest:
    control = draw(U8)
    hardware = draw(U16) if control & ota.QUERY_HARDWARE_VERSION else None
    return ota.QueryNextImageRequest(control, draw(U16), draw(U16), draw(U32), hardware)


@st.composite
def block_requests(draw: st.DrawFn) -> ota.ImageBlockRequest:
    control = draw(U8)
    address = draw(EUI64) if control & ota.REQUEST_NODE_ADDRESS else None
    period = draw(st.none() | U16) if control & ota.MINIMUM_BLOCK_PERIOD else None
    fields = draw(st.tuples(U16, U16, U32, U32, U8))
    return ota.ImageBlockRequest(control, *fields, address, period)


@st.composite
def page_requests(draw: st.DrawFn) -> ota.ImagePageRequest:
    control = draw(U8)
    address = draw(EUI64) if control & ota.REQUEST_NODE_ADDRESS else None
    identity = draw(st.tuples(U16, U16, U32))
    page = draw(st.tuples(U32, U8, U16, U16))
    return ota.ImagePageRequest(control, *identity, *page, address)


def of(record: Callable[..., T], *fields: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Records with exactly these fields; ``st.builds`` would also fill those with a default."""
    return st.tuples(*fields).map(lambda values: record(*values))


def wait(current_time: int, request_time: int, period: int | None) -> ota.ImageBlockResponse:
    return ota.ImageBlockResponse(
        Status.WAIT_FOR_DATA,
        current_time=current_time,
        request_time=request_time,
        minimum_block_period=period,
    )


SUCCESS = st.just(0)
QUERY_RESPONSES = of(ota.QueryNextImageResponse, FAILURES) | of(
    ota.QueryNextImageResponse, SUCCESS, U16, U16, U32, U32
)
BLOCKS = of(ota.ImageBlockResponse, SUCCESS, U16, U16, U32, U32, st.binary(max_size=255))
WAITS = of(wait, U32, U32, st.none() | U16)
BLOCK_RESPONSES = BLOCKS | WAITS | of(ota.ImageBlockResponse, NEITHER_BLOCK_NOR_WAIT)
END_REQUESTS = of(ota.UpgradeEndRequest, FAILURES) | of(ota.UpgradeEndRequest, U8, U16, U16, U32)
END_RESPONSES = of(ota.UpgradeEndResponse, U16, U16, U32, U32, U32)
SPECIFIC_REQUESTS = of(ota.QueryDeviceSpecificFileRequest, EUI64, U16, U16, U32, U16)
SPECIFIC_RESPONSES = of(ota.QueryDeviceSpecificFileResponse, FAILURES) | of(
    ota.QueryDeviceSpecificFileResponse, SUCCESS, U16, U16, U32, U32
)

EVERY_RECORD: st.SearchStrategy[ota.OtaCommand] = st.one_of(
    image_notifies(),
    query_requests(),
    QUERY_RESPONSES,
    block_requests(),
    page_requests(),
    BLOCK_RESPONSES,
    END_REQUESTS,
    END_RESPONSES,
    SPECIFIC_REQUESTS,
    SPECIFIC_RESPONSES,
)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Octets near the truth: a record's, then cut, lengthened or with one octet changed."""
    octets = bytearray(ota.encode(draw(EVERY_RECORD)))
    octets += draw(st.binary(max_size=6))
    del octets[draw(st.integers(0, len(octets))) :]
    if octets and draw(st.booleans()):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(U8)
    return bytes(octets)


ANY_PAYLOAD = st.binary(max_size=64) | payloads()
