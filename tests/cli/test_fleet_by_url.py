"""Commands of the fleet on a server: the same words, the same output, the same exit codes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.fleet.campaigns.rows import DeviceToReplace
from ota_engine.fleet.incidents.rows import Incident, IncidentState, Resolution
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.wall_clock import this_machine
from tests.cli.fleet import FleetFolder
from tests.cli.fleet_server import FleetServer
from tests.cli.zota import Ran, zota


class Served:
    """A fleet in its folder, and at a server, with a campaign under way."""

    def __init__(self, fleet: FleetFolder, server: FleetServer) -> None:
        self.fleet, self.server = fleet, server
        self._tokens: dict[str, Path] = {}

    def at_folder(self, *words: str | Path) -> Ran:
        return zota(*words, "--state", self.fleet.state)

    def at_server(self, person: str, *words: str | Path) -> Ran:
        return zota(*words, *self.there(person))

    def there(self, person: str, *, with_key: bool = False) -> tuple[str | Path, ...]:
        if person not in self._tokens:
            key = self.fleet.folder / f"{person}.key" if with_key else None
            self._tokens[person] = self.server.token(self.fleet.folder, person, key=key)
        return "--url", self.server.url, "--token-file", self._tokens[person]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    fleet = FleetFolder(tmp_path_factory.mktemp("fleet"))
    fleet.proposed()
    fleet.done("peter", "campaign", "approve", "c1", "--revision", "1")
    desk, now = fleet.desk(), this_machine()
    with desk.store.reading():
        device = desk.store.select(Select(InstalledDevice, (), (), (), 1))[0]
    desk.handle([SupplierTold("h00000000", Fuel.GAS, "supplier-4", now)], now)
    desk.store.close()
    fleet.put(
        DeviceToReplace(device.device, device.home, "c1", "does not start", 1_800_000_000.0),
        Incident(
            *("i1", "c1", 1, 3, "odd lights", "supplier-1", "sam", "", IncidentState.OPEN),
            *(Resolution.NONE, "", "", 1_800_000_000.0, None, 1),
        ),
    )
    with FleetServer(fleet.state) as server:
        yield Served(fleet, server)


READING = (
    "campaign list",
    "campaign show c1",
    "campaign homes c1",
    "campaign homes c1 --in waiting --in planned --most 7",
    "campaign homes c1 --phase 2 --supplier supplier-2",
    "campaign replacements c1",
    "estate people",
    "estate show",
    "estate homes --variant hub-1 --version older --supplier supplier-2 --most 7",
    "estate gained supplier-4",
    "release list",
    "release show r1",
    "incident list",
    "notices list",
    "notices list --party supplier-1 --state-of waiting --most 3",
    "duis outbox list",
)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("line", READING)
def test_what_is_read_is_the_same_in_a_folder_and_at_a_server(
    served: Served, line: str, as_json: bool
) -> None:
    words = (*line.split(), *(("--json",) if as_json else ()))
    here, there = served.at_folder(*words), served.at_server("olive", *words)
    assert (here.code, here.err) == (Exit.OK, "")
    assert here.out
    if line == "campaign show c1":  # says when phases end, reckoned from now
        here, there = _without_times(here), _without_times(there)
    assert there == here


def _without_times(ran: Ran) -> Ran:
    lines = [line for line in ran.out.splitlines() if "expected" not in line]
    return ran._replace(out="\n".join(lines))


def test_every_command_that_reads_is_compared() -> None:
    from ota_engine.cli import (
        duis_outbox,
        fleet_campaign,
        fleet_estate,
        fleet_incident,
        fleet_notices,
        fleet_release,
    )

    groups = ("campaign", "estate", "release", "incident", "notices", "duis outbox")
    modules = (
        fleet_campaign,
        fleet_estate,
        fleet_release,
        fleet_incident,
        fleet_notices,
        duis_outbox,
    )
    for group, module in zip(groups, modules, strict=True):
        for command in module.app.registered_commands:
            if command.name in ("list", "show", "people", "homes", "replacements", "gained"):
                line = f"{group} {command.name}"
                assert any(one.startswith(line) for one in READING), line


def test_the_repository_is_written_the_same(served: Served, tmp_path: Path) -> None:
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    assert served.at_folder("release", "repository", "export", "-o", here).code == Exit.OK
    ran = served.at_server("olive", "release", "repository", "export", "-o", there)
    assert ran.code == Exit.OK, ran
    assert there.read_bytes() == here.read_bytes() != b""


def test_evidence_is_the_same_octets_and_verifies(served: Served, tmp_path: Path) -> None:
    here, there = tmp_path / "here.zip", tmp_path / "there.zip"
    assert served.at_folder("evidence", "export", "c1", "-o", here).code == Exit.OK
    ran = served.at_server("olive", "evidence", "export", "c1", "-o", there)
    assert ran.code == Exit.OK, ran
    assert here.read_bytes() == there.read_bytes()
    head = ran.out.rpartition(" ")[2].strip()
    assert zota("evidence", "verify", there, "--head", head).code == Exit.OK
    own = served.at_server("sam", "evidence", "export", "c1", "-o", tmp_path / "own.zip")
    assert own.code == Exit.OK, own
    assert "the homes of supplier-1" in zota("evidence", "verify", tmp_path / "own.zip").out
    ran = served.at_server("sam", "evidence", "export", "c1", "-o", here, "--party", "supplier-2")
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)


def test_what_is_not_there_is_told_in_the_same_words(served: Served) -> None:
    for line in (
        "campaign show c9",
        "campaign homes c9",
        "release show r9",
        "notices list --party x",
    ):
        here, there = served.at_folder(*line.split()), served.at_server("olive", *line.split())
        assert there == here
        assert (here.code, here.err.count("\n")) == (Exit.ERRORS, 1)


def test_a_supplier_is_shown_her_own_homes_alone(served: Served) -> None:
    ran = served.at_server("sam", "campaign", "homes", "c1", "--json")
    told = json.loads(ran.out)
    desk = served.fleet.desk()
    with desk.store.reading():
        rows = desk.store.driver.execute(
            "SELECT home FROM homes WHERE 'supplier-1' IN (electricity, gas)"
        )
        own = {row[0] for row in rows}
    desk.store.close()
    assert {one["home"] for one in told["homes"]} == own
    assert told["total"] == len(own) < 40
    people = json.loads(served.at_server("sam", "estate", "people", "--json").out)
    assert [one["person"] for one in people["persons"]] == ["sam"]


def test_a_person_who_signs_at_home_decides_at_a_server_and_twice_is_once(served: Served) -> None:
    words = ("campaign", "pause", "c1", "--reason", "a storm", "--json")
    by = ("--as", "olive", "--key", served.fleet.folder / "olive.key")
    first = zota(*words, *by, *served.there("olive"))
    assert first.code == Exit.OK, first
    told = json.loads(first.out)
    assert told["accepted"]
    assert told["signed"]
    again = zota(*words, *by, *served.there("olive"))
    assert again == first
    here = zota(*words, *by, "--state", served.fleet.state)
    assert json.loads(here.out) == told


def test_a_decision_that_is_refused_reads_the_same(served: Served) -> None:
    words = ("campaign", "approve", "c1", "--revision", "1", "--decision-key", "k1")
    by = ("--as", "olive", "--key", served.fleet.folder / "olive.key")
    there = zota(*words, *by, *served.there("olive"))
    here = zota(*words, *by, "--state", served.fleet.state)
    assert there == here
    assert (there.code, there.out, there.err.count("\n")) == (Exit.ERRORS, "", 1)
    as_json = zota(*words, *by, *served.there("olive"), "--json")
    assert as_json == zota(*words, *by, "--state", served.fleet.state, "--json")
    assert json.loads(as_json.out)["accepted"] is False


def test_a_token_with_a_key_signs_at_the_server(served: Served) -> None:
    words = ("incident", "own", "i1", "--owner", "peter", "--as", "peter", "--json")
    unsigned = zota(*words, *_token_only(served, "peter"))
    assert (unsigned.code, json.loads(unsigned.out)["code"]) == (Exit.ERRORS, "signature")
    key = served.fleet.folder / "peter.key"
    token = served.server.token(served.fleet.folder, "peter", key=key)
    ran = zota(*words, "--url", served.server.url, "--token-file", token)
    assert ran.code == Exit.OK, ran
    assert json.loads(ran.out)["signed"]


def _token_only(served: Served, person: str) -> tuple[str | Path, ...]:
    token = served.server.token(served.fleet.folder, person)
    return "--url", served.server.url, "--token-file", token


def test_a_token_decides_for_its_own_person_alone(served: Served) -> None:
    key = served.fleet.folder / "peter.key"
    ran = zota(
        *("campaign", "pause", "c1", "--reason", "x", "--as", "peter", "--key", key),
        *served.there("olive"),
    )
    assert (ran.code, ran.out) == (Exit.ERRORS, "")
    assert ran.err == "zota: --as peter: the token lets in olive: give the token of peter\n"


def test_a_list_is_imported_by_a_server_as_from_a_folder(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "variants.csv"
    head = "variant,kind,manufacturer,model,hardware,maker\n"
    file.write_text(f"{head}meter-x,ESME,Acme,X,1,\n,,,,,\n")
    words = ("estate", "import", file, "--list", "variants", "--as", "olive", "--dry-run")
    here, there = served.at_folder(*words), served.at_server("olive", *words)
    assert there == here
    assert here.code == Exit.ERRORS
    file.write_text(f"{head}meter-x,ESME,Acme,X,1,\n")
    ran = served.at_server("olive", *words[:-1], "--json")
    assert ran.code == Exit.OK, ran
    assert json.loads(ran.out)["taken"]
    ran = served.at_server("sam", *words[:-3], "--as", "sam")
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)


@pytest.mark.parametrize(
    "line",
    [
        "campaign tick",
        "campaign run",
        "notices deliver",
        "release images nothing",
        "estate sample --as olive",
        "evidence key -o fleet.pub",
    ],
)
def test_what_is_done_at_the_folder_alone_says_so(served: Served, line: str) -> None:
    ran = served.at_server("olive", *line.split())
    assert (ran.code, ran.out) == (Exit.ERRORS, "")
    assert (
        ran.err == "zota: --url: this is done where the state folder is: give --state DIR there\n"
    )


def test_who_says_no_place_and_who_says_two_are_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = zota("campaign", "list")
    assert (ran.code, ran.err) == (
        Exit.ERRORS,
        "zota: which fleet? give --state DIR, or --url URL of a server that has it\n",
    )
    ran = zota("campaign", "list", "--state", served.fleet.state, *served.there("olive"))
    assert ran.code == Exit.ERRORS
    assert "leave one of them out" in ran.err
    monkeypatch.setenv("ZOTA_URL", served.server.url)
    assert zota("campaign", "list", "--state", served.fleet.state).code == Exit.OK
    monkeypatch.setenv("ZOTA_TOKEN_FILE", str(served.there("olive")[3]))
    assert zota("campaign", "list").out == served.at_folder("campaign", "list").out
    assert os.environ["ZOTA_URL"]
