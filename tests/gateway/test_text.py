"""What a gateway remembers is read back as it was written; any other line is refused in one line."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gateway.errands import (
    AlertsSaid,
    Errand,
    ErrandState,
    GatewayIdentity,
    GatewayRow,
    HeardUpTo,
    HomeServed,
    OutcomeSaid,
    PremisesNews,
    QuietTime,
    SaidUpTo,
    SettledUpTo,
    UserErrand,
    UserErrandState,
    VersionSaid,
)
from ota_engine.gateway.text import LINE_START, forgotten_line, kept_line, read_lines
from ota_engine.records import PremisesSubject
from ota_engine.times import Utc

TEXT: Final = st.text(max_size=20)
MOMENT: Final = st.floats(0, 4e9)
MAYBE: Final = st.none() | MOMENT
DEVICE: Final = st.integers(0, 2**64 - 1).map(Eui64)
NUMBER: Final = st.integers(0, 2**32 - 1)
OUTCOMES: Final = st.builds(
    HubOutcome,
    key=TEXT,
    campaign=TEXT,
    attempt=NUMBER,
    home=TEXT,
    device=DEVICE,
    word=st.sampled_from(HubWord),
    reason=TEXT,
    version=st.none() | NUMBER,
    message=st.binary(max_size=30),
    utc=MOMENT.map(Utc),
)
ROWS: Final = st.one_of(
    st.builds(
        PremisesNews,
        subject=st.sampled_from(PremisesSubject),
        instruction=TEXT,
        number=NUMBER,
        at_utc=MAYBE,
        provider=TEXT,
        announced_utc=MOMENT,
    ),
    st.builds(
        UserErrand,
        campaign=TEXT,
        attempt=NUMBER,
        home=TEXT,
        device=DEVICE,
        number=NUMBER,
        command=st.binary(max_size=30),
        user=st.none() | DEVICE,
        counter=NUMBER,
        state=st.sampled_from(UserErrandState),
        since_utc=MOMENT,
        at_utc=MAYBE,
        said=st.lists(st.sampled_from(HubWord)).map(tuple),
    ),
    st.builds(AlertsSaid, device=DEVICE, alerts=st.lists(TEXT).map(tuple)),
    st.builds(HeardUpTo, outcome=TEXT),
    st.builds(
        Errand,
        campaign=TEXT,
        home=TEXT,
        device=DEVICE,
        attempt=NUMBER,
        number=NUMBER,
        sha256=TEXT,
        version=NUMBER,
        state=st.sampled_from(ErrandState),
        since_utc=MOMENT,
        at_utc=MAYBE,
        until_utc=MAYBE,
        activate_utc=MAYBE,
        push=NUMBER,
        begun_utc=MOMENT,
        order=NUMBER,
        commanded=st.booleans(),
        paused=st.booleans(),
        han_since_utc=MOMENT,
        said=st.lists(st.sampled_from(HubWord)).map(tuple),
    ),
    st.builds(QuietTime, campaign=TEXT, home=TEXT, number=NUMBER, from_utc=MOMENT, until_utc=MAYBE),
    st.builds(VersionSaid, device=DEVICE, version=NUMBER, count=NUMBER),
    st.builds(SaidUpTo, number=NUMBER),
    st.builds(SettledUpTo, number=NUMBER, utc=MOMENT),
    st.builds(GatewayIdentity, instance=TEXT),
    st.builds(HomeServed, home=TEXT, floors=st.lists(st.tuples(TEXT, NUMBER)).map(tuple)),
    st.builds(OutcomeSaid, sequence=NUMBER, outcome=OUTCOMES),
)


@given(ROWS)
def test_a_row_is_read_back_as_it_was(row: GatewayRow) -> None:
    line = kept_line(row)
    assert line.startswith(LINE_START)
    assert line.count(b"\n") == 1
    assert read_lines([line]) == {row.key: row}
    assert read_lines([line, forgotten_line(row)]) == {}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"key":"thing/1","row":{}}',
        b'{"key":7,"row":{}}',
        b'{"key":"errand/c/h","row":{"state":"nowhere"}}',
        b'{"key":"outcome/1","row":{"sequence":1,"outcome":{"message":"zz"}}}',
    ],
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(LocalError, match=r"^line 1 of the gateway's book cannot be read"):
        read_lines([line])


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(line: bytes) -> None:
    try:
        read_lines([line])
    except LocalError as error:
        assert "\n" not in str(error)
