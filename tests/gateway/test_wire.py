"""What travels between gateway and head end: it comes back as it was, and nothing else is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.wire import (
    DOCUMENTS,
    MOST_BODY,
    MOST_OUTCOMES,
    PROTOCOLS,
    Hello,
    HomeGiven,
    HomesGiven,
    LiveTransfer,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    Parting,
    ProgressReport,
    Registering,
    Registration,
    TokenChange,
    Watching,
    WireProblem,
    agreed,
    fitting,
    octets_of,
    opening_of,
    query_of,
    record_of,
)
from ota_engine.gateway.wire_openapi import wire_components, wire_paths
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.gateway.wire_stream import EVENTS, HEARTBEAT, Beat, StreamReader, event_octets
from ota_engine.times import Utc

INSTANCE = "0123456789abcdef"
SHA256 = "ab" * 32
DEVICE = Eui64(0x00DB1234567890A4)

lines = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)
names = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=40)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,20}", fullmatch=True)
instances = st.from_regex(r"[A-Za-z0-9_-]{16,40}", fullmatch=True)
times = st.floats(0, 4e9).map(Utc)
devices = st.integers(0, (1 << 64) - 1).map(Eui64)
counts = st.integers(0, 1 << 40)
versions = st.integers(0, (1 << 32) - 1)
big = st.integers(0, (1 << 63) - 1)
octets = st.binary(max_size=80)
digests = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
counters = st.dictionaries(devices, big, max_size=4)
homes = st.lists(st.builds(HomeGiven, names, counters), max_size=4).map(tuple)
protocols = st.lists(st.integers(1, 1000), min_size=1, max_size=5).map(tuple)

instructions = st.builds(
    Instruction,
    key=names,
    gateway=ids,
    campaign=names,
    attempt=counts,
    home=names,
    device=devices,
    verb=st.sampled_from(Verb),
    sha256=digests | st.just(""),
    version=versions,
    at_utc=st.none() | times,
    until_utc=st.none() | times,
    number=counts,
    commanded=st.booleans(),
    command=octets,
    user=st.none() | devices,
    counter=big,
    provider=lines,
)
outcomes = st.builds(
    HubOutcome,
    key=names,
    campaign=lines,
    attempt=counts,
    home=names,
    device=devices,
    word=st.sampled_from(HubWord),
    reason=lines,
    version=st.none() | versions,
    message=octets,
    utc=times,
)
transfers = st.builds(
    LiveTransfer,
    home=names,
    device=devices,
    sha256=digests,
    version=versions,
    size=counts,
    done=counts,
    pace=st.floats(0, 1e6),
    repeats=counts,
    state=lines,
    utc=times,
)
streamed = st.one_of(
    instructions,
    st.builds(
        Hello, st.integers(1, 1000), times, st.floats(0.5, 1e6), counts, homes, st.booleans()
    ),
    st.builds(HomesGiven, homes),
    st.builds(Watching, st.booleans()),
    st.builds(Parting, lines, st.none() | st.floats(0, 1000)),
)
records = st.one_of(
    streamed,
    st.builds(
        Registering,
        ids,
        st.from_regex(r"[A-Za-z0-9_-]{20,60}", fullmatch=True),
        instances,
        lines,
        protocols,
        times,
    ),
    st.builds(
        Registration,
        st.from_regex(r"[A-Za-z0-9_-]{20,60}", fullmatch=True),
        st.integers(1, 1000),
        times,
        st.floats(0.5, 1e6),
    ),
    st.builds(TokenChange, instances, digests),
    st.builds(
        OutcomeReport,
        instances,
        times,
        st.integers(1, 1 << 40),
        st.integers(1, 1 << 40),
        st.lists(outcomes, max_size=3).map(tuple),
        st.lists(names, max_size=3).map(tuple),
        st.dictionaries(names, counters, max_size=3),
        st.lists(names, max_size=3).map(tuple),
        counts,
        lines,
    ),
    st.builds(OutcomesHeard, counts, times),
    st.builds(ProgressReport, instances, st.lists(transfers, max_size=3).map(tuple)),
    st.builds(WireProblem, lines, st.integers(400, 599), lines, lines),
)


@given(records)
def test_every_record_comes_back_as_it_was_written(record: Any) -> None:
    assert record_of(type(record), octets_of(record)) == record


@given(records)
def test_every_record_keeps_the_schema_that_is_published_for_it(record: Any) -> None:
    schema = DOCUMENTS[type(record)].schema()
    Draft202012Validator(schema).validate(json.loads(octets_of(record)))


@given(st.sampled_from(list(DOCUMENTS)), st.binary(max_size=200))
def test_octets_of_any_kind_are_a_record_or_refused_in_one_line(
    kind: type[Any], octets: bytes
) -> None:
    try:
        record = record_of(kind, octets)
    except WireError as error:
        assert "\n" not in str(error)
    else:
        assert record_of(kind, octets_of(record)) == record


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(records, st.data())
def test_one_field_of_another_type_is_refused_or_read_as_what_it_says(
    record: Any, data: st.DataObject
) -> None:
    plain = json.loads(octets_of(record))
    name = data.draw(st.sampled_from(sorted(plain)))
    plain[name] = data.draw(plain_values)
    octets = json.dumps(plain).encode()
    try:
        found = record_of(type(record), octets)
    except WireError as error:
        assert "\n" not in str(error)
    else:
        assert record_of(type(record), octets_of(found)) == found


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b'{"on": true, "on": false}', "twice"),
        (b'{"on": true, "of": 1}', "'of' is no field of it"),
        (b"{}", "on must be given"),
        (b'{"on": 1}', "true or false is wanted"),
        (b'{"on": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"on": ' + b"[" * 50 + b"]" * 50 + b"}", "within each other"),
        (b'{"on": true}\xff', "not UTF-8"),
        (b" " * (MOST_BODY + 1), "send less at once"),
    ],
)
def test_what_is_not_a_record_is_refused_with_the_place(octets: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        record_of(Watching, octets)


def test_a_number_that_no_float_holds_is_refused_as_any_other() -> None:
    said = b'{"reason": "", "again_s": ' + b"9" * 400 + b"}"
    with pytest.raises(WireError, match="again_s: a number of 0 to 86400"):
        record_of(Parting, said)


def test_what_is_said_before_versions_are_agreed_may_have_fields_of_a_later_version() -> None:
    said = Registering("gw", "c" * 43, INSTANCE, "zota 1", (1,), Utc(1.0))
    plain = json.loads(octets_of(said)) | {"colour": "blue"}
    assert record_of(Registering, json.dumps(plain).encode()) == said


def test_a_reason_of_a_device_that_is_no_line_is_made_one() -> None:
    said = HubOutcome("k", "c", 1, "h", DEVICE, HubWord.FAILED, "a\nb" * 400, None, b"", Utc(1.0))
    report = OutcomeReport(INSTANCE, Utc(1.0), 1, 1, (said,))
    (heard,) = record_of(OutcomeReport, octets_of(report)).outcomes
    assert heard.reason.startswith("a ba b")
    assert len(heard.reason) == 500


@given(st.builds(Opening, instances, lines, protocols, times))
def test_the_query_of_a_stream_comes_back_as_it_was_written(opening: Opening) -> None:
    assert opening_of(query_of(opening)) == opening


@given(
    st.dictionaries(
        st.sampled_from(["instance", "software", "protocols", "utc", "x"]), st.text(max_size=30)
    )
)
def test_any_other_query_is_refused_in_one_line(query: dict[str, str]) -> None:
    try:
        opening_of(query)
    except WireError as error:
        assert "\n" not in str(error)


@given(st.lists(streamed, max_size=4), st.data())
def test_a_stream_that_comes_in_any_pieces_brings_its_events_in_order(
    told: list[Any], data: st.DataObject
) -> None:
    octets = HEARTBEAT.join(event_octets(one) for one in told)
    octets = octets.replace(b"\n", data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"])))
    reader = StreamReader()
    found = []
    while octets:
        size = data.draw(st.integers(1, 40))
        found += reader.feed(octets[:size])
        octets = octets[size:]
    assert [one for one in found if not isinstance(one, Beat)] == told


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_a_stream_of_any_octets_is_read_or_given_up_with_one_line(pieces: list[bytes]) -> None:
    reader = StreamReader()
    try:
        for piece in pieces:
            reader.feed(piece)
    except WireError as error:
        assert "\n" not in str(error)


def test_events_that_are_not_known_are_passed_over() -> None:
    later = b'event: colour\ndata: {"blue": 1}\n\n' + event_octets(Watching(True))
    assert StreamReader().feed(later) == [Watching(True)]


def test_an_event_without_an_end_is_given_up() -> None:
    reader = StreamReader()
    with pytest.raises(WireError, match="an event of more than"):
        for _ in range(6):
            reader.feed(b"data: " + b"x" * (1 << 20))


def test_the_newest_version_that_both_speak_is_agreed() -> None:
    assert agreed((3, 2, 1), (1, 2)) == 2
    assert agreed(PROTOCOLS, (1, 9)) == 1


@pytest.mark.parametrize(("theirs", "whom"), [((2, 3), "the head end"), ((), "the gateway")])
def test_without_a_common_version_both_are_named_and_who_is_to_be_upgraded(
    theirs: tuple[int, ...], whom: str
) -> None:
    with pytest.raises(WireError, match=f"head end protocol 1: upgrade {whom}") as refused:
        agreed((1,), theirs)
    assert all(str(one) in str(refused.value) for one in theirs)


@given(st.lists(st.builds(len, st.binary(max_size=9)), max_size=5), st.integers(0, 2000))
def test_outcomes_that_fit_make_a_report_that_is_read(sizes: list[int], many: int) -> None:
    said = [
        HubOutcome(
            "k" * 400, "c", 1, "h", DEVICE, HubWord.ANSWERED, "", None, b"\1" * size, Utc(1.0)
        )
        for size in [*(one * 29_000 for one in sizes), *[0] * many]
    ]
    first = fitting(said)
    assert 0 < len(first) <= MOST_OUTCOMES or not said
    assert first == tuple(said[: len(first)])
    assert len(octets_of(OutcomeReport(INSTANCE, Utc(1.0), 1, 1, first))) <= MOST_BODY


def test_the_openapi_part_names_every_document_and_nothing_that_is_not_there() -> None:
    paths, components = wire_paths(), wire_components()
    text = json.dumps(paths)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= components["schemas"].keys()
    told = {f"Gateway{DOCUMENTS[kind].title}" for kind in EVENTS.values()} | named
    assert told == components["schemas"].keys()
    for schema in components["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("verb", [Verb.TENANCY, Verb.SUPPLIER])
def test_what_a_home_network_is_told_for_no_campaign_can_be_told(verb: Verb) -> None:
    told = Instruction("k", "gw", "", 0, "h1", Eui64(1), verb)
    assert record_of(Instruction, octets_of(told)) == told
