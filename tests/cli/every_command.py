"""Every command of zota with the least it can be given: what ends with work done, and what with one line."""

import shlex
from collections.abc import Iterator
from enum import StrEnum
from inspect import Parameter
from pathlib import Path
from typing import Annotated, get_args, get_origin

from ota_engine.cli.exits import Exit
from ota_engine.cli.fleet_acts import BY_HAND, words_of
from ota_engine.cli.fleet_fields import ActField, act_fields
from ota_engine.fleet.fleet import Fleet
from tests.cli.firmware import NEW_VERSION

SCENARIO = Path(__file__).parents[2] / "docs" / "examples" / "hub-campaign.toml"
FIRMWARE = "firmware.bin"
OCTETS = bytes(range(256)) * 8  # of it
IMAGE = "121D-0084-01020304.zigbee"
GB_IMAGE = "load-switch.ota"
GB_FIRMWARE = f"--layout gb --manufacturer 0x121D --type 0x86 --version {NEW_VERSION:#x}"
HCALCS = "00-DB-12-34-00-00-00-03"
USER = "90-B3-D5-1F-40-01-00-00"
SIGNED_BY = "keys/90b3d51f40010000-ds.key"
SIM = "--link sim://?keys=keys --state gb"
NOWHERE = "--state nowhere"
BY = f"{NOWHERE} --as olive"
PORT = "--link ezsp:///dev/ttyACM9"
SERVER = "http://127.0.0.1:1"
URL = f"{SERVER}/outcomes"

# Every command with the least it can be given, in an order in which each finds what it needs, and
# how it ends.
WORK: tuple[tuple[str, Exit], ...] = (
    (f"image build {FIRMWARE} --manufacturer 0x121D --type 0x84 --version 0x01020304", Exit.OK),
    (f"image inspect {IMAGE}", Exit.OK),
    (f"image hash {IMAGE}", Exit.OK),
    (f"image validate {IMAGE}", Exit.OK),
    (f"image fix {IMAGE} -o fixed.zigbee", Exit.OK),
    (f"image extract {IMAGE} -o inner.bin", Exit.OK),
    (f"image unwrap {IMAGE} -o bare.ota", Exit.OK),
    (f"catalogue add {IMAGE}", Exit.OK),
    ("catalogue approve 121D-0084-01020304", Exit.OK),
    ("catalogue list", Exit.OK),
    ("catalogue show 121D-0084-01020304", Exit.OK),
    ("catalogue route --manufacturer 0x121D --type 0x84 --running 1", Exit.OK),
    ("catalogue check", Exit.OK),
    ("catalogue export released", Exit.OK),
    ("catalogue import released/zigpy.json --catalogue second", Exit.OK),
    ("catalogue withdraw 121D-0084-01020304 --reason late", Exit.OK),
    ("catalogue remove 121D-0084-01020304", Exit.OK),
    ("pki init keys", Exit.OK),
    (f"image build {FIRMWARE} -o {GB_IMAGE} {GB_FIRMWARE}", Exit.OK),
    (f"image sign {GB_IMAGE} --sign-key {SIGNED_BY} -o signed.ota", Exit.OK),
    ("image verify signed.ota --certificate keys/90b3d51f40010000-ds.pem", Exit.OK),
    (f"push signed.ota --device {HCALCS} {SIM} --keys keys", Exit.OK),
    (f"version --device {HCALCS} {SIM} --keys keys", Exit.OK),
    (f"activate --image signed.ota --device {HCALCS} {SIM} --keys keys", Exit.OK),
    (f"premises tenancy {SIM}", Exit.OK),
    (f"premises supplier {SIM} --at +30d", Exit.OK),
    (f"premises cancel supplier {SIM}", Exit.OK),
    ("premises show --state gb", Exit.OK),
    ("orders list --state gb", Exit.OK),
    ("orders show 1 --state gb", Exit.OK),
    ("store check --state gb", Exit.OK),
    ("store dead-letters --state gb", Exit.OK),
    ("store requeue --state gb --all", Exit.OK),
    ("audit verify --state gb", Exit.OK),
    ("estate key olive", Exit.OK),
    ("demo --keep shown", Exit.OK),
    (f"rehearse {SCENARIO} --homes 50 --seed 1 --state fleet", Exit.ERRORS),  # its pilot stops it
    ("campaign list --state fleet", Exit.OK),
    ("campaign show campaign-R2 --state fleet", Exit.OK),
    ("campaign homes campaign-R2 --state fleet", Exit.OK),
    ("campaign replacements campaign-R2 --state fleet", Exit.OK),
    ("estate people --state fleet", Exit.OK),
    ("estate show --state fleet", Exit.OK),
    ("estate homes --variant hub-1 --version n-1 --state fleet", Exit.OK),
    ("release list --state fleet", Exit.OK),
    ("release repository export -o paths.csv --state fleet", Exit.OK),
    ("incident list --state fleet", Exit.OK),
    ("notices list --state fleet", Exit.OK),
    ("evidence export campaign-R2 -o evidence.zip --state fleet", Exit.OK),
    ("evidence key -o fleet.pub --state fleet", Exit.OK),
    ("evidence verify evidence.zip --key fleet.pub", Exit.OK),
    ("duis outbox list --state fleet", Exit.OK),
    ("estate check --state fleet", Exit.OK),
    ("estate backup -o estate.backup --state fleet", Exit.OK),
    ("estate restore estate.backup --state estate", Exit.OK),
    ("duis backup -o fleet.backup --state fleet", Exit.OK),
    ("duis restore fleet.backup --state restored", Exit.OK),
    ("soak --devices 4 --hours 0.05 --image-size 1000 --seed 1 --processes 1", Exit.OK),
    (
        "soak --devices 4 --hours 1 --image-size 1000 --blocks 9 --state shards --processes 1",
        Exit.OK,
    ),
)


def _given(field: ActField) -> str:
    """What is typed for one field, if it must be."""
    if field.parameter.default is not Parameter.empty:
        return ""
    assert get_origin(field.parameter.annotation) is Annotated
    plain, option = get_args(field.parameter.annotation)
    name = option.default if isinstance(option.default, str) else ""  # an argument has none
    if plain is bool:
        return name.partition("/")[0]
    value = "2027-03-01T10:00" if field.name.endswith("_utc") else "1"
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        value = next(iter(plain))
    return f"{name} {shlex.quote(value)}".lstrip()


def _acts_nowhere() -> Iterator[str]:
    """A command line for every act, where there is no fleet."""
    for act in Fleet().acts:
        if act.__name__ not in BY_HAND:
            given = " ".join(filter(None, map(_given, act_fields(act))))
            yield f"{words_of(act).words} {given}"


# What cannot be done here, or not with these words: one line, and the code for it.
ONE_LINE: tuple[tuple[str, Exit], ...] = (
    (f"image strip {IMAGE}", Exit.ERRORS),
    (f"orders cancel 9 {SIM} --keys keys", Exit.ERRORS),
    ("gbcs decode 00", Exit.ERRORS),
    (f"doctor {PORT}", Exit.ERRORS),
    (f"radio form {PORT} --state lab", Exit.ERRORS),
    (f"radio info {PORT}", Exit.ERRORS),
    (f"radio permit {PORT} --state lab", Exit.ERRORS),
    (f"radio devices {PORT}", Exit.ERRORS),
    (f"radio leave {PORT} --state lab --force", Exit.ERRORS),
    ("receiver listen --port 0", Exit.ERRORS),
    (f"receiver deliver {URL} --state gb", Exit.ERRORS),
    ("head-end listen --port 0", Exit.ERRORS),
    (f"head-end deliver {URL} --state gb", Exit.ERRORS),
    (f"push {IMAGE} --all {PORT} --state lab", Exit.ERRORS),
    (f"push {IMAGE} --all {SIM} --outcomes-to {URL}", Exit.ERRORS),
    (f"version --device {HCALCS} --keys keys --state lab {PORT}", Exit.ERRORS),
    (f"premises tenancy --state lab {PORT}", Exit.ERRORS),
    ("soak --plan nothing.json", Exit.UNREADABLE),
    (f"activate --hash {'0' * 64} --device {HCALCS} --keys keys --state lab {PORT}", Exit.ERRORS),
    (f"demo --outcomes-to {URL}", Exit.ERRORS),
    *((f"{line} {BY}", Exit.UNREADABLE) for line in _acts_nowhere()),
    (f"estate init nothing.toml {BY}", Exit.UNREADABLE),
    (f"estate import nothing.csv --list homes {BY}", Exit.UNREADABLE),
    (f"estate sample {BY}", Exit.UNREADABLE),
    (f"estate gained supplier-1 {NOWHERE}", Exit.UNREADABLE),
    (f"release show r1 {NOWHERE}", Exit.UNREADABLE),
    (f"release images nothing {NOWHERE}", Exit.UNREADABLE),
    (f"release path CPL-1 --variant v --version 1 {BY}", Exit.UNREADABLE),
    (f"release repository import nothing.csv {BY}", Exit.UNREADABLE),
    ("campaign policy nothing.toml", Exit.UNREADABLE),
    (f"campaign stop --all {BY}", Exit.UNREADABLE),
    (f"campaign tick {NOWHERE}", Exit.UNREADABLE),
    (f"campaign run {NOWHERE}", Exit.UNREADABLE),
    (f"serve {NOWHERE}", Exit.ERRORS),
    (f"gateway admit gw-1 {BY}", Exit.UNREADABLE),
    (f"gateway emulate --head-end {SERVER} --homes homes --state gws", Exit.ERRORS),
    (f"gateway homes -o homes {NOWHERE}", Exit.UNREADABLE),
    (f"gateway list {NOWHERE}", Exit.UNREADABLE),
    (f"gateway show gw-1 {NOWHERE}", Exit.UNREADABLE),
    (f"gateway conformance --url {SERVER} --code gw:{'c' * 43}", Exit.ERRORS),
    (f"gateway run --head-end {SERVER} --link han:// --state gw", Exit.ERRORS),
    ("api describe -o openapi.json", Exit.ERRORS),
    ("portal try --http nowhere", Exit.ERRORS),
    (f"notices deliver {NOWHERE}", Exit.UNREADABLE),
    (f"evidence export c1 -o c1.zip {NOWHERE}", Exit.UNREADABLE),
    (f"evidence key -o fleet.pub {NOWHERE}", Exit.UNREADABLE),
    ("evidence verify nothing.zip", Exit.UNREADABLE),
    (f"user list {NOWHERE}", Exit.ERRORS),
    (f"user sessions {NOWHERE}", Exit.ERRORS),
    (f"user token list {NOWHERE}", Exit.ERRORS),
    (f"user add olive {NOWHERE}", Exit.ERRORS),
    (f"user invite olive {NOWHERE}", Exit.ERRORS),
    (f"user key olive {NOWHERE}", Exit.ERRORS),
    (f"user lock olive --reason late {NOWHERE}", Exit.ERRORS),
    (f"user unlock olive {NOWHERE}", Exit.ERRORS),
    (f"user sign-out olive {NOWHERE}", Exit.ERRORS),
    (f"user token add olive --name ci {NOWHERE}", Exit.ERRORS),
    (f"user token revoke olive --name ci {NOWHERE}", Exit.ERRORS),
    (f"duis make 8.2 --user {USER} --device {HCALCS}", Exit.ERRORS),
    ("duis sign ask.xml --keys keys", Exit.ERRORS),
    ("duis send ask.xml --keys keys", Exit.ERRORS),
    ("duis listen --port 0", Exit.ERRORS),
    (f"duis serve --keys keys {NOWHERE}", Exit.ERRORS),
    (f"duis outbox list {NOWHERE}", Exit.UNREADABLE),
    (f"estate check {NOWHERE}", Exit.UNREADABLE),
    (f"estate backup -o nothing {NOWHERE}", Exit.UNREADABLE),
    ("estate restore nothing --state new", Exit.UNREADABLE),
    (f"store move {NOWHERE} --to sqlite", Exit.UNREADABLE),
    (f"duis backup -o nothing {NOWHERE}", Exit.UNREADABLE),
    ("duis restore nothing --state new", Exit.UNREADABLE),
)
