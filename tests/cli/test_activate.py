"""``zota activate``, ``orders`` and ``version`` as the supplier's engineer meets them, home and all."""

import json
import time
from base64 import b64decode
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emulators.devices import kinds
from emulators.devices.kinds import KINDS, MANUFACTURER, DeviceKind
from emulators.home.roster import default_roster
from images import ImageSpec, build
from images.eui64 import format_eui64
from ota_engine.gbcs.pki import ORGANISATIONS
from ota_engine.shell import service
from ota_engine.telling import http_sink
from ota_engine.times import Utc
from ota_engine.wording import utc_text
from tests.cli.zota import Ran, zota
from tests.faults.test_fault_34_receiver import receiver_process

SPECS = {entry.spec.kind: entry.spec for entry in default_roster()}
PPMID, IHD, HCALCS, HUB = (format_eui64(spec.eui64) for spec in SPECS.values())
OLD, NEW = "0x01000000", "0x01010000"
SUPPLIER, SECOND_SUPPLIER, _, WAN_PROVIDER = (party.eui64 for party in ORGANISATIONS)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "keys"
    assert zota("pki", "init", folder).code == 0
    return folder


@pytest.fixture
def bench(tmp_path: Path, keys: Path) -> "Bench":
    return Bench(tmp_path, keys)


class Bench:
    """A state folder, keys, and a home that goes on where the last command left it."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder = folder
        self.keys = keys
        self.state = folder / "state"
        self.link = "sim://?keys={}"

    def run(self, *command: object, **options: object) -> Ran:
        words = [*command, "--link", self.link.format(self.keys), "--state", self.state]
        words += ["--keys", self.keys]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
        return zota(*(str(word) for word in words))

    def image(
        self, kind: DeviceKind = kinds.HCALCS, octets: int = 700, signer: int = SUPPLIER
    ) -> Path:
        key = (self.keys / f"{signer:016x}-ds.key").read_bytes()
        what = ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=kind.image_type,
            file_version=int(NEW, 16),
            layout="gb",
            sign_key=key,
        )
        path = self.folder / f"{kind.word}-{octets}-{signer:x}.ota"
        path.write_bytes(build(Random(octets).randbytes(octets), what))
        return path

    def push(self, **options: object) -> Ran:
        """Have the HCALCS take and hold its image."""
        pushed = self.run("push", self.image(), device=HCALCS, **options)
        assert pushed.code == 0, pushed.err
        return pushed

    def activate(self, **options: object) -> Ran:
        return self.run("activate", device=HCALCS, **{"image": self.image(), **options})

    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            zota("orders", "list", "--state", self.state, "--json").out
        )
        return found

    def outcomes(self) -> list[dict[str, Any]]:
        lines = (self.state / "outcomes.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def test_what_was_pushed_is_run_on_a_signed_order_and_the_device_signs_for_it(
    bench: Bench,
) -> None:
    pushed = bench.push()
    assert "awaits its command" in pushed.out
    assert f"zota activate --link 'sim://?keys={bench.keys}'" in pushed.out
    done = bench.activate()
    assert done.code == 0, done.err
    steps = done.complaints.splitlines()
    assert steps[0].startswith(f"order 1: CS06 for {HCALCS}, counter ")
    assert [step.split(":")[1].split(";")[0].strip() for step in steps[1:]] == [
        "committed",
        "sent",
        "activated",
    ]
    assert done.out == f"order 1 is activated; the device runs {NEW} by its own signed word\n"
    (order,) = bench.orders()
    assert (order["state"], order["code_name"]) == ("activated", "success")
    answer = zota("orders", "show", 1, "--state", bench.state, "--raw", "answer").out.strip()
    checked = zota("gbcs", "decode", answer, "--keystore", bench.keys, "--json")
    assert json.loads(checked.out)["signature"] == "valid"


def test_every_order_and_its_counter_are_shown_without_a_radio(bench: Bench) -> None:
    bench.activate()
    bench.activate()
    first, second = bench.orders()
    assert first["counter"] < second["counter"]
    table = zota("orders", "list", "--state", bench.state)
    assert table.out.count(HCALCS) == 2
    shown = zota("orders", "show", 2, "--state", bench.state)
    assert f"{second['counter']}" in shown.out
    assert "deliver that with zota push" in shown.out


def test_an_order_for_later_returns_once_the_device_has_noted_it(bench: Bench) -> None:
    bench.push()
    earliest = _in_an_hour()
    done = bench.activate(at="+1h")
    latest = _in_an_hour()
    assert done.code == 0, done.err
    assert "is accepted" in done.out
    (order,) = bench.orders()
    assert earliest <= order["execution"] <= latest
    assert (order["state"], order["firmware_version"]) == ("accepted", None)


def _in_an_hour() -> str:
    return utc_text(Utc(float(round(time.time() + 3600))))


def test_waiting_for_an_order_for_later_goes_on_to_the_devices_report(bench: Bench) -> None:
    bench.push()
    done = bench.activate(at="+1h", wait=True, json=True)
    assert done.code == 0, done.err
    order = json.loads(done.out)
    assert (order["state"], order["firmware_version"]) == ("activated", NEW)
    assert order["waited_for"] is True


@pytest.mark.parametrize(("kind", "eui64", "alert"), [("esme", 5, "00CE"), ("gsme", 6, "00CF")])
def test_a_meter_tells_of_its_image_obeys_and_tells_its_version(
    bench: Bench, tmp_path: Path, kind: str, eui64: int, alert: str
) -> None:
    meter = f"00db12340000000{eui64}"
    roster = tmp_path / "meters.toml"
    roster.write_text(f'[[device]]\nkind = "{kind}"\neui64 = "{meter}"\nsleepy = true\n')
    bench.link = f"sim://?devices={roster}&keys={{}}"
    image = bench.image(KINDS[kind])
    assert bench.run("push", image, device=meter).code == 0
    done = bench.run("activate", device=meter, image=image)
    assert done.code == 0, done.err
    assert json.loads(bench.run("version", device=meter, json=True).out)["version"] == NEW
    octets = [b64decode(one["message"]).hex() for one in bench.outcomes() if one["message"]]
    decoded = [json.loads(zota("gbcs", "decode", each, "--json").out) for each in octets]
    assert alert in [message["message_code"].removeprefix("0x").upper() for message in decoded]


def test_time_that_jumped_is_not_set_back_by_the_next_command(bench: Bench) -> None:
    bench.activate(at="+1d", wait=True)
    later = bench.activate(at="+2d")
    assert later.code == 0, later.err


@pytest.mark.parametrize("by_number", [True, False])
def test_an_order_is_taken_back(bench: Bench, by_number: bool) -> None:
    bench.push()
    bench.activate(at="+1h")
    if by_number:
        done = bench.run("orders", "cancel", 1)
    else:
        done = bench.run("activate", device=HCALCS, cancel=True)
    assert (done.code, done.out) == (0, "order 1 is cancelled\n")
    (order,) = bench.orders()
    assert order["cancel_counter"] > order["counter"]
    for words in (("orders", "cancel", 1), ("activate", "--device", HCALCS, "--cancel")):
        again = bench.run(*words)
        assert (again.code, again.out, again.complaints) == (0, "order 1 is cancelled\n", "")
    assert bench.orders() == [order]


def test_an_order_that_was_obeyed_cannot_be_taken_back(bench: Bench) -> None:
    bench.push()
    bench.activate()
    for words in (("orders", "cancel", 1), ("activate", "--device", HCALCS, "--cancel")):
        refused = bench.run(*words)
        assert (refused.code, len(refused.complaints.splitlines())) == (2, 1)


@pytest.mark.parametrize("by_hash", [False, True])
def test_ordering_again_what_a_device_runs_sends_nothing_and_says_since_when(
    bench: Bench, by_hash: bool
) -> None:
    bench.push()
    assert bench.activate().code == 0
    (order,) = bench.orders()
    wanted = {"hash": order["manufacturer_image_hash"]} if by_hash else {"image": bench.image()}
    again = bench.run("activate", device=HCALCS, **wanted)
    assert again.out == (
        f"{HCALCS} runs {NEW} already, since {order['since']}, by its signed answer to order 1: "
        "nothing is sent\n"
    )
    assert (again.code, again.complaints) == (0, "")
    facts = json.loads(bench.run("activate", device=HCALCS, json=True, **wanted).out)
    assert (facts["already"], facts["state"], facts["number"]) == (True, "activated", 1)
    assert bench.orders() == [order]


def test_what_a_device_runs_of_itself_is_not_ordered_either(bench: Bench) -> None:
    """Somebody else had it run the image; its own attributes say so."""
    bench.push()
    bench.activate()
    (bench.state / "zota.db").unlink()
    again = bench.activate()
    assert (again.code, again.complaints) == (0, "")
    assert f"{HCALCS} runs {NEW} already, since " in again.out
    assert "by its own attributes: nothing is sent" in again.out
    assert bench.orders() == []


def test_an_image_delivered_anew_is_ordered_anew(bench: Bench) -> None:
    bench.push()
    assert bench.activate().code == 0
    bench.push()  # until its own query, too, says that it runs it: it signs before it restarts
    again = bench.push(policy="reinstall")
    assert "awaits its command" in again.out, again
    done = bench.activate()
    assert done.out.startswith("order 2 is activated"), done
    assert [order["state"] for order in bench.orders()] == ["activated", "activated"]


def test_an_order_beside_an_open_one_is_refused_and_the_same_goes_on(bench: Bench) -> None:
    at = utc_text(Utc(time.time() + 3600))[:-4].replace(" ", "T") + "+00:00"
    assert bench.activate(at=at).code == 0
    other = bench.activate(at="+2h")
    assert (other.code, len(other.complaints.splitlines())) == (2, 1)
    assert "order 1" in other.err and "still open" in other.err
    assert bench.activate(at=at).code == 0
    assert len(bench.orders()) == 1


@pytest.mark.parametrize(
    ("held", "code", "cure"),
    [(False, 1, "holds no image"), (True, 2, "holds another image")],
)
def test_a_device_that_cannot_obey_says_why_and_the_last_line_what_to_do(
    bench: Bench, held: bool, code: int, cure: str
) -> None:
    if held:
        bench.push()
    done = bench.activate(image=bench.image(octets=701))
    assert done.code == 2
    assert cure in done.complaints.splitlines()[-1]
    assert bench.orders()[0]["code"] == code
    assert f"runs {OLD}" in done.out


def test_when_time_is_up_it_is_said_what_is_not_known_and_how_to_go_on(bench: Bench) -> None:
    bench.push()
    done = bench.activate(originator=f"{SECOND_SUPPLIER:016x}", timeout="30s")
    assert done.code == 2
    what, how = done.complaints.splitlines()[-2:]
    assert "not known yet" in what
    assert "zota orders cancel 1" in how
    assert bench.orders()[0]["state"] == "sent"


def test_a_second_supplier_is_not_obeyed_and_the_order_expires(bench: Bench) -> None:
    bench.push()
    done = bench.activate(originator=f"{SECOND_SUPPLIER:016x}")
    assert done.code == 2
    (order,) = bench.orders()
    assert (order["state"], order["firmware_version"]) == ("expired", OLD)
    assert "is the originator the supplier it trusts" in done.complaints.splitlines()[-1]


def test_a_hub_is_ordered_by_its_wan_provider(bench: Bench) -> None:
    image = bench.image(kinds.COMMUNICATIONS_HUB)
    assert bench.run("push", image, device=HUB, no_activate=True).code == 0
    done = bench.run(
        "activate", device=HUB, image=image, originator=f"{WAN_PROVIDER:016x}", at="+10m", wait=True
    )
    assert done.code == 0, done.err
    assert json.loads(bench.run("version", device=HUB, json=True).out)["version"] == NEW


@pytest.mark.parametrize("device", [PPMID, HCALCS, HUB])
def test_a_device_tells_its_version_under_its_own_key(bench: Bench, device: str) -> None:
    told = bench.run("version", device=device, json=True)
    assert told.code == 0, told.err
    facts = json.loads(told.out)
    assert facts["version"] == OLD
    checked = zota("gbcs", "decode", facts["answer"], "--keystore", bench.keys, "--json")
    assert json.loads(checked.out)["mac"] == "valid"


def test_a_device_without_keys_does_not_answer(bench: Bench) -> None:
    told = bench.run("version", device=IHD)
    assert (told.code, len(told.complaints.splitlines())) == (2, 1)
    assert "knows no tunnels" in told.err


def test_a_device_that_does_not_answer_in_time_is_asked_after(bench: Bench) -> None:
    told = bench.run("version", device=HCALCS, timeout="0s")
    assert (told.code, len(told.complaints.splitlines())) == (2, 1)
    assert "not answered in time" in told.err


def test_a_device_that_is_not_there_is_named_with_those_that_are(bench: Bench) -> None:
    for command in ("activate", "version"):
        image = {"hash": "00" * 32} if command == "activate" else {}
        refused = bench.run(command, device="00-11-22-33-44-55-66-77", **image)
        assert refused.code == 2
        assert "is not in this network" in refused.err
        assert HCALCS in refused.err
        assert len(refused.complaints.splitlines()) == 1


def test_without_the_suppliers_signing_key_nothing_is_ordered(bench: Bench, tmp_path: Path) -> None:
    bench.keys = _without(bench.keys, tmp_path, f"{SUPPLIER:016x}-ds.key")
    order = {"device": HCALCS, "hash": "00" * 32, "originator": f"{SUPPLIER:016x}"}
    refused = bench.run("activate", **order)
    assert refused.code == 2
    assert f"put {SUPPLIER:016x}-ds.key into the key folder" in refused.err
    assert len(refused.complaints.splitlines()) == 1


def test_a_radio_without_a_signing_key_of_its_own_is_told_so(bench: Bench, tmp_path: Path) -> None:
    bench.keys = _without(bench.keys, tmp_path, "00db123400c00000-ds.key")
    pushed = bench.push()
    assert "no signing key of this radio" in pushed.err
    assert {outcome["kind"] for outcome in bench.outcomes()} == {"transfer"}


def test_a_folder_without_certificates_of_parties_is_of_no_use(
    bench: Bench, tmp_path: Path
) -> None:
    bench.keys = _without(bench.keys, tmp_path, "90b3d51f")
    refused = bench.run("version", device=HCALCS)
    assert refused.code == 2
    assert "zota pki init" in refused.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "which image?"),
        ({"image": "a.ota", "hash": "00" * 32}, "which image?"),
        ({"hash": "00" * 31}, "not a SHA-256"),
        ({"cancel": True, "hash": "00" * 32}, "--cancel takes back"),
        ({"cancel": True, "at": "+1h"}, "--cancel takes back"),
        ({"cancel": True, "originator": f"{SUPPLIER:016x}"}, "leave out --originator"),
        ({"hash": "00" * 32, "wait": True}, "--wait goes with --at"),
        ({"hash": "00" * 32, "at": "2020-01-01T00:00"}, "--at has passed"),
        ({"hash": "00" * 32, "at": "soon"}, "no time"),
        ({"hash": "00" * 32, "at": "+soon"}, "no length of time"),
        ({"hash": "00" * 32, "outcomes_to": "ftp://somewhere"}, "URL is none"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_ordered(
    bench: Bench, options: dict[str, object], says: str
) -> None:
    refused = bench.run("activate", device=HCALCS, **options)
    assert refused.code == 2
    assert says in refused.err
    assert not (bench.state / "zota.db").exists() or bench.orders() == []


def test_a_file_without_a_manufacturer_image_cannot_be_ordered(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "zcl.ota"
    path.write_bytes(
        build(b"x" * 100, ImageSpec(manufacturer_code=1, image_type=2, file_version=3))
    )
    refused = bench.activate(image=path)
    assert refused.code == 2
    assert "no Manufacturer Image Hash" in refused.err


def test_an_order_that_was_never_given_is_not_there(bench: Bench) -> None:
    bench.activate()
    shown = zota("orders", "show", 7, "--state", bench.state)
    assert (shown.code, len(shown.complaints.splitlines())) == (2, 1)
    assert "there is no order 7" in shown.err
    raw = zota("orders", "show", 1, "--state", bench.state, "--raw", "cancellation")
    assert "has no cancellation" in raw.err


def test_a_state_folder_without_a_database_has_no_orders(tmp_path: Path) -> None:
    listed = zota("orders", "list", "--state", tmp_path)
    assert listed.code == 3
    assert "there is no database" in listed.err


def test_the_audit_trail_names_every_order(bench: Bench) -> None:
    bench.activate(at="+1h")
    bench.run("orders", "cancel", 1)
    assert zota("audit", "verify", "--state", bench.state).code == 0


# --- the receiver -------------------------------------------------------------------------------


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command waits for what a busy machine does in the end."""
    monkeypatch.setattr(service, "LINGER_S", 300.0)
    monkeypatch.setattr(http_sink, "TIMEOUT_S", 300.0)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("link", ["sim://?keys={}", "han://?speed=50&keys={}"])
def test_the_receiver_gets_every_outcome_once_with_its_proof(
    bench: Bench, tmp_path: Path, link: str
) -> None:
    bench.link = link
    records = tmp_path / "records.jsonl"
    with receiver_process(records) as (_, url):
        bench.push(outcomes_to=url)
        assert bench.activate(outcomes_to=url).code == 0
    letters = [json.loads(line) for line in records.read_text().splitlines()]
    assert [letter["id"] for letter in letters] == [one["id"] for one in bench.outcomes()]
    signed = [letter for letter in letters if letter["message"] is not None]
    assert [letter["kind"] for letter in signed] == ["alert", "order"]
    for letter in signed:
        octets = b64decode(letter["message"]).hex()
        checked = zota("gbcs", "decode", octets, "--keystore", bench.keys, "--json")
        assert json.loads(checked.out)["signature"] == "valid"
        assert letter["decoded"]["signature"] == "valid"


@pytest.mark.usefixtures("unhurried")
def test_a_receiver_has_its_own_time_to_answer_where_that_of_the_home_goes_faster(
    bench: Bench, tmp_path: Path
) -> None:
    bench.link = "han://?speed=1000&keys={}"  # the home's 300 s last for 0.3 s
    records = tmp_path / "records.jsonl"
    with receiver_process(records, "--port", "0", "--delay", "1") as (_, url):
        told = bench.run("version", device=HCALCS, outcomes_to=url)
    assert told.code == 0
    assert told.complaints == ""
    assert len(records.read_text().splitlines()) == 1


def test_what_the_receiver_could_not_take_waits_and_the_last_line_says_for_what(
    bench: Bench,
) -> None:
    bench.link = "han://?speed=50&keys={}"
    told = bench.run("version", device=HCALCS, outcomes_to="http://127.0.0.1:9/", json=True)
    assert told.code == 0
    assert json.loads(told.out)["version"] == OLD
    assert "not delivered yet" in told.err
    assert "1 outcome waits for the receiver" in told.err
    assert f"zota receiver deliver http://127.0.0.1:9/ --state {bench.state}" in told.err


# --- keys ---------------------------------------------------------------------------------------


def _without(keys: Path, folder: Path, prefix: str) -> Path:
    """A copy of a key folder that lacks some files."""
    copy = folder / "fewer keys"
    copy.mkdir()
    for path in keys.iterdir():
        if not path.name.startswith(prefix):
            (copy / path.name).write_bytes(path.read_bytes())
            (copy / path.name).chmod(path.stat().st_mode & 0o777)
    return copy


def test_a_device_that_tells_the_version_a_push_expected_is_ordered_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    """Its firmware reports another version than its file's, which the push was told."""
    told = "0x01017777"
    roster = tmp_path / "valves.toml"
    roster.write_text(
        f'[[device]]\nkind = "hcalcs"\neui64 = "{HCALCS}"\nversion = {told}\nsleepy = true\n'
    )
    bench.link = f"sim://?devices={roster}&keys={{}}"
    pushed = bench.run("push", bench.image(), device=HCALCS, expect_version=told)
    assert pushed.code == 0, pushed.err
    done = bench.activate(json=True)
    assert done.code == 0, done.err
    assert (json.loads(done.out)["already"], bench.orders()) == (True, [])
