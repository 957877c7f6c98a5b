"""What comes over HTTP: bodies of decisions, questions in addresses, documents and streams of gateways."""

import json
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis.strategies import builds

from ota_engine.fleet.fleet import Fleet
from ota_engine.gateway.wire import DOCUMENTS, Opening, octets_of, opening_of, query_of, record_of
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.gateway.wire_stream import Beat, StreamReader, event_octets
from ota_engine.head_end.api.addresses import (
    PREFIX,
    AddressError,
    path_fields,
    question_address,
    read_question,
)
from ota_engine.head_end.api.problems import Problem
from ota_engine.head_end.api.wanted import read_act, read_posted
from ota_engine.head_end.problem_document import problem_values
from ota_engine.head_end.questions.catalogue import QUESTIONS
from ota_engine.head_end.questions.values import plain
from targets.drawn import drawn
from targets.target import Target, one_line
from tests.gateway import test_wire as wires
from tests.head_end.api.test_addresses import questions

ACTS: Final = tuple(Fleet().acts)
KINDS: Final = tuple(QUESTIONS)
RECORDS: Final = tuple(DOCUMENTS)
BODY: Final = 4_000  # octets of an input; what limits bodies limits them before they are read
BATCH: Final = 30  # records drawn


@cache
def act_seeds() -> tuple[bytes, ...]:
    """An empty body for every act, and one with a value of each kind in some field."""
    made = []
    for at, kind in enumerate(ACTS):
        names = list(
            kind.__dataclass_fields__ if hasattr(kind, "__dataclass_fields__") else kind._fields
        )
        for value in ("x", 1, 0.5, None, ["a"], {"a": 1}, "0011223344556677", True):
            fields = dict.fromkeys(names, value)
            told = {
                "fields": fields,
                "reason": "as agreed",
                "given_utc": 1.5,
                "signature": "00" * 64,
            }
            made.append(bytes((at,)) + json.dumps(told).encode())
    return tuple(made)


def deciding(octets: bytes) -> None:
    """A body is an act, which can be told and read again, or a problem in one line."""
    kind = ACTS[(octets[0] if octets else 0) % len(ACTS)]
    try:
        wanted = read_act(kind, read_posted(octets[1:]))
    except Problem as problem:
        _sound(problem)
        return
    told = {"fields": plain(wanted.act), "reason": wanted.reason}
    again = read_act(kind, read_posted(json.dumps(told).encode()))
    assert again.act == wanted.act or again.act != again.act


def _sound(problem: Problem) -> None:
    values = problem.as_values()
    one_line(ValueError(values["detail"]))
    assert 400 <= values["status"] < 500
    assert problem_values(problem.code, 400, "t", values["detail"])["detail"] == values["detail"]


@cache
def question_seeds() -> tuple[bytes, ...]:
    """Addresses of questions, behind an octet for their kind."""
    return tuple(
        bytes((KINDS.index(type(one)),)) + question_address(one, QUESTIONS[type(one)]).encode()
        for one in drawn(questions(), 6 * BATCH)
    )


def asking(octets: bytes) -> None:
    """An address is a question, whose own address says the same, or refused in one line."""
    kind = KINDS[(octets[0] if octets else 0) % len(KINDS)]
    row = QUESTIONS[kind]
    path, _, query = octets[1:].decode("latin-1").partition("?")
    parts = [unquote(part) for part in path.removeprefix(PREFIX).split("/")]
    in_path = dict(zip(path_fields(row), parts[2:], strict=False))
    try:
        question = read_question(kind, row, in_path, parse_qsl(query, keep_blank_values=True))
    except AddressError as error:
        one_line(error)
        return
    address = urlsplit(question_address(question, row))
    rest = parse_qsl(address.query, keep_blank_values=True)
    if set(in_path) == set(path_fields(row)):
        assert read_question(kind, row, in_path, rest) == question


@cache
def wire_seeds() -> tuple[bytes, ...]:
    """Documents of every kind, behind an octet for it."""
    made = drawn(wires.records, 6 * BATCH)
    return tuple(bytes((RECORDS.index(type(one)),)) + octets_of(one) for one in made)


def wiring(octets: bytes) -> None:
    """A document is a record, which is written and read again, or refused in one line."""
    kind = RECORDS[(octets[0] if octets else 0) % len(RECORDS)]
    try:
        record = record_of(kind, octets[1:])
    except WireError as error:
        one_line(error)
        return
    assert record_of(kind, octets_of(record)) == record


@cache
def opening_seeds() -> tuple[bytes, ...]:
    """Queries by which a stream is opened."""
    opening = builds(Opening, wires.instances, wires.lines, wires.protocols, wires.times)
    made = [query_of(one) for one in drawn(opening, BATCH)]
    return tuple(
        "&".join(f"{name}={value}" for name, value in one.items()).encode() for one in made
    )


def opening(octets: bytes) -> None:
    """A query opens a stream, and is written as one that opens the same, or is refused."""
    query = dict(parse_qsl(octets.decode("latin-1"), keep_blank_values=True))
    try:
        found = opening_of(query)
    except WireError as error:
        one_line(error)
        return
    assert opening_of(query_of(found)) == found


@cache
def stream_seeds() -> tuple[bytes, ...]:
    """Streams of events, with each end of a line."""
    events = list(map(event_octets, drawn(wires.streamed, 2 * BATCH)))
    three = [b": \n\n".join(events[at : at + 3]) for at in range(0, len(events), 3)]
    ends = (b"\n", b"\r\n", b"\r")
    return (*events, *(one.replace(b"\n", ends[at % 3]) for at, one in enumerate(three)))


def streaming(octets: bytes) -> None:
    """A stream gives the same events however it is cut, or is given up in one line."""
    assert _events(octets, len(octets) or 1) == _events(octets, 7)


def _events(octets: bytes, size: int) -> list[Any]:
    reader, found = StreamReader(), []
    for at in range(0, len(octets), size):
        try:
            found += reader.feed(octets[at : at + size])
        except WireError as error:
            one_line(error)
            # what came with the same octets is lost with the stream
            return [one for one in found if size == 0]
    return [one for one in found if not isinstance(one, Beat)]


API: Final = "ota_engine.head_end.api"
WIRE: Final = "ota_engine.gateway.wire"
VALUES: Final = "ota_engine.head_end.questions.values"
TARGETS: Final = {
    "api-act": Target(act_seeds, deciding, (f"{API}.wanted", VALUES), 2, BODY),
    "api-question": Target(question_seeds, asking, (f"{API}.addresses", VALUES), 2, BODY),
    "wire": Target(wire_seeds, wiring, (WIRE, "ota_engine.gateway.wire_shapes"), 2, BODY),
    "wire-opening": Target(opening_seeds, opening, (WIRE,), 1, BODY),
    "wire-stream": Target(stream_seeds, streaming, ("ota_engine.gateway.wire_stream",), 2, BODY),
}
