"""Imports: a dry run, all or nothing, all others, known homes, moved devices, and never an address in the trail."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError, StoreFull
from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.fleet.inventory.arrivals import DeviceTold, merged
from ota_engine.fleet.inventory.configurations import configuration_id, contents
from ota_engine.fleet.inventory.importing import COLUMNS, ImportKind, KnownNames, rows_of
from ota_engine.fleet.inventory.rows import (
    ConfigurationSet,
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Particulars,
    PseudonymKey,
    Variant,
    VersionSource,
)
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import PartyId, Responsibility, Tenancy
from ota_engine.head_end.imports import EstateImport
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.forms import FORMS
from ota_engine.store.fleet.intake import FleetIntake
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.imports.lists import (
    DEVICES,
    FIRST,
    HOMES,
    KEY,
    ImportingEstate,
    device_lines,
    home,
    home_lines,
    octets,
)


def filled(count: int = 3) -> ImportingEstate:
    estate = ImportingEstate()
    assert estate.take(ImportKind.HOMES, home_lines(count)).taken
    assert estate.take(ImportKind.DEVICES, device_lines(count)).taken
    return estate


def test_homes_and_devices_come_with_suppliers_dates_and_both_ids_of_a_hub() -> None:
    estate = filled()
    row = estate.row(Home, home=home(1))
    assert (row.electricity, row.gas, row.status) == (
        "supplier-1",
        "supplier-2",
        HomeStatus.COMPLETE,
    )
    rows = estate.rows(Responsibility, home=home(1))
    assert {one.fuel: one.from_utc for one in rows} == {
        "electricity": 1767484800.0,
        "gas": 1770292800.0,
    }
    hub = estate.row(InstalledDevice, home=home(1))
    assert (hub.device, hub.gpf) == (FIRST + 2, FIRST + 3)
    assert (hub.version, hub.version_source) == (0x10000, VersionSource.REGISTRATION)


def test_what_names_a_home_is_in_its_particulars_and_nowhere_else() -> None:
    estate = filled(2)
    assert estate.row(Particulars, home=home(1)).address == "1, High Street"
    with estate.store.reading():
        text = json.dumps([row.record.detail for row in estate.store.trail()])
        others = str([estate.store.select(Select(kind)) for kind in (Home, InstalledDevice)])
    for word in ("High Street", "1000000000001", "ref-1"):
        assert word not in text + others


def test_an_import_is_a_line_of_the_audit_trail_with_the_digest_of_the_file() -> None:
    estate = ImportingEstate()
    report = estate.take(ImportKind.HOMES, home_lines(3))
    with estate.store.reading():
        (row,) = estate.store.trail()
    assert (row.record.actor, row.record.action) == ("olive", "imported homes")
    assert row.record.subject == f"file:{report.sha256}"
    assert json.loads(row.record.detail) == {"left out": 0, "lines": 3, "new": 3, "known": 0}


def test_a_dry_run_says_all_and_takes_nothing() -> None:
    estate = ImportingEstate()
    report = estate.take(ImportKind.HOMES, home_lines(3), dry_run=True)
    assert (report.lines, report.new, report.bad, report.taken) == (3, 3, 0, False)
    assert not estate.rows(Home)
    assert not estate.rows(Particulars)


def test_one_bad_line_keeps_all_from_being_taken_unless_the_others_are_wanted() -> None:
    lines = [*home_lines(3), "ref-9,,gw,supplier-1,,,,,"]
    estate = ImportingEstate()
    report = estate.take(ImportKind.HOMES, lines)
    assert (report.bad, report.taken) == (1, False)
    assert estate.reasons() == {5: "region is empty: fill it in"}
    assert not estate.rows(Home)
    report = estate.take(ImportKind.HOMES, lines, take_others=True)
    assert (report.bad, report.new, report.taken) == (1, 3, True)
    assert len(estate.rows(Home)) == 3


def test_a_list_taken_again_changes_nothing_but_what_is_listed_otherwise() -> None:
    estate = filled()
    before = estate.rows(Home), estate.rows(InstalledDevice), estate.rows(Responsibility)
    report = estate.take(ImportKind.HOMES, home_lines(3))
    assert (report.new, report.known) == (0, 3)
    estate.take(ImportKind.DEVICES, device_lines(3))
    assert before == (
        estate.rows(Home),
        estate.rows(InstalledDevice),
        estate.rows(Responsibility),
    )
    moved = (line.replace("North", "South") for line in home_lines(3))
    estate.take(ImportKind.HOMES, moved)
    assert {row.region for row in estate.rows(Home)} == {"South"}


def test_a_change_of_supplier_is_not_imported_as_a_home() -> None:
    estate = filled(2)
    lines = [line.replace("supplier-1", "supplier-3") for line in home_lines(2)]
    assert not estate.take(ImportKind.HOMES, lines).taken
    assert "as a registration" in estate.reasons()[2]


def test_a_supplier_of_later_is_not_imported_with_the_home() -> None:
    estate = ImportingEstate()
    lines = [line.replace("2026-01-04", "2031-01-04") for line in home_lines(1)]
    assert not estate.take(ImportKind.HOMES, lines).taken
    assert "answers later only" in estate.reasons()[2]


def test_registrations_and_tenancies_are_told_line_by_line() -> None:
    estate = filled(2)
    lines = ["home,fuel,supplier,from,withdrawn", "ref-0,Gas,supplier-4,2027-01-14,"]
    lines.append("ref-1,electricity,supplier-4,2027-02-01,no")
    assert estate.take(ImportKind.REGISTRATIONS, lines).taken
    assert estate.row(Home, home=home(0)).gas == "supplier-4"
    assert estate.row(Home, home=home(1)).electricity == "supplier-1"
    estate.pass_time(30 * DAY)
    assert estate.row(Home, home=home(1)).electricity == "supplier-4"
    assert estate.take(ImportKind.TENANCIES, ["home,from", "ref-1,2027-01-01"]).taken
    assert estate.row(Tenancy).home == home(1)


def test_a_registration_of_an_unknown_home_is_named_and_nothing_is_told() -> None:
    estate = filled(1)
    lines = ["home,fuel,supplier,from", "ref-0,gas,supplier-4,2027-01-14", "ref-7,gas,,2027-01-14"]
    assert not estate.take(ImportKind.REGISTRATIONS, lines).taken
    assert estate.reasons() == {3: "its home is not in the estate: import the home first"}
    assert estate.row(Home).gas == "supplier-2"
    assert estate.take(ImportKind.REGISTRATIONS, lines, take_others=True).taken
    assert estate.row(Home).gas == "supplier-4"


def test_a_home_that_completes_by_a_list_is_decided_by_the_fleet() -> None:
    estate = ImportingEstate()
    lines = ["home,region,gateway,status", "ref-0,North,gw,installing"]
    estate.take(ImportKind.HOMES, lines)
    estate.take(ImportKind.HOMES, [lines[0], "ref-0,North,gw,complete"])
    row = estate.row(Home)
    assert (row.status, row.installed_utc) == (HomeStatus.COMPLETE, BEGIN)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ref-0,nonsense,hub-1,1,,", "device is no EUI-64: give 16 hex digits"),
        ("ref-0,00-DB-00-00-00-00-00-01,hub-9,1,,", "variant 'hub-9' is no variant: import"),
        ("ref-0,00-DB-00-00-00-00-00-01,hub-1,one,,", "version 'one' is no version"),
        ("ref-0,00-DB-00-00-00-00-00-01,hub-1,1,soon,", "version_since 'soon' is no time"),
        ("ref-0,00-DB-00-00-00-00-00-01,hub-1,1,2027-01-04T10:00,", "no time with a zone"),
        (",00-DB-00-00-00-00-00-01,hub-1,1,,", "home is empty"),
        ("ref-8,00-DB-00-00-00-00-00-01,hub-1,1,,", "home is not in the estate"),
        ("ref-0,00-DB-00-00-00-00-00-01,hub-1", "3 cells under 6 columns"),
        ('ref-0,"00-DB-00-00-00-00-00-01,hub-1,1,,', "a quote is not closed"),
    ],
)
def test_a_bad_device_is_named_with_what_to_do(line: str, reason: str) -> None:
    estate = ImportingEstate()
    estate.take(ImportKind.HOMES, home_lines(1))
    assert not estate.take(ImportKind.DEVICES, [DEVICES, line]).taken
    assert reason in estate.reasons()[2]


def test_a_line_that_clashes_with_another_names_that() -> None:
    estate = ImportingEstate()
    estate.take(ImportKind.HOMES, home_lines(1))
    one = "ref-0,00-DB-00-00-00-00-00-01,hub-1,1,,00-DB-00-00-00-00-00-0F"
    lines = [DEVICES, one, one, one.replace("-01,", "-02,")]
    assert not estate.take(ImportKind.DEVICES, lines).taken
    assert "stands in line 2 already" in estate.reasons()[3]
    assert estate.reasons().keys() == {3, 4}
    estate = ImportingEstate()
    estate.take(ImportKind.HOMES, home_lines(1))
    two = [
        DEVICES,
        "ref-0,00-DB-00-00-00-00-00-01,hub-1,1,,",
        "ref-0,00-DB-00-00-00-00-00-02,hub-1,1,,",
    ]
    assert not estate.take(ImportKind.DEVICES, two).taken
    assert "another hub in line 2" in estate.reasons()[3]


def test_no_bad_line_repeats_what_names_a_home() -> None:
    estate = ImportingEstate()
    line = "ref-0,North,gw,supplier-1,,,,no mpan,1 High Street"
    estate.take(ImportKind.HOMES, [HOMES, line])
    assert estate.reasons() == {2: "mpan is no meter point number: give its digits"}


def test_columns_may_be_left_out_and_stand_in_any_order_but_must_be_known() -> None:
    estate = ImportingEstate()
    assert estate.take(ImportKind.HOMES, ["gateway,HOME,Region", "gw,ref-0,North"]).taken
    for head, reason in (
        ("home,region,gateway,colour", "'colour' is no column of homes"),
        ("home,region", "column gateway is missing"),
        ("home,region,gateway,home", "column home stands there twice"),
    ):
        with pytest.raises(LocalError, match=f"line 1: .*{reason}"):
            estate.take(ImportKind.HOMES, [head, "ref-1,North"])
    lines = ['{"home": "a", "region": "N", "gateway": "g"}', '{"home": "b", "colour": 1}']
    assert not estate.take(ImportKind.HOMES, lines).taken
    assert "'colour' is no column" in estate.reasons()[2]


TEXTS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2}|Z))?"),
    st.sampled_from(["supplier-1", "hub-1", "gas", "CHF", "00-DB-00-00-00-00-00-01", "1"]),
)


@given(st.sampled_from(ImportKind), st.data())
def test_any_cells_are_rows_or_one_line_that_names_the_column(
    kind: ImportKind, data: st.DataObject
) -> None:
    names = [column.name for column in COLUMNS[kind]]
    cells = data.draw(st.dictionaries(st.sampled_from(names), TEXTS))
    hub = Variant("hub-1", "CHF", "Maker", "Hub", "1")
    known = KnownNames(KEY, {"supplier-1": "supplier-1"}, {"hub-1": hub})
    try:
        rows = rows_of(kind, cells, known)
    except LocalError as error:
        assert str(error).split()[0] in names
        assert str(error).isprintable()
        return
    for row in rows:
        if type(row) in FORMS:
            FORMS[type(row)].write(row)


def test_variants_name_their_maker_and_what_their_images_are_for() -> None:
    estate = ImportingEstate()
    head = ",".join(column.name for column in COLUMNS[ImportKind.VARIANTS])
    lines = [head, "hub-2,chf,Maker,Hub,2,1,maker,10F2,0x0001"]
    assert estate.take(ImportKind.VARIANTS, lines).taken
    row = estate.row(Variant, variant="hub-2")
    assert row == Variant("hub-2", "CHF", "Maker", "Hub", "2", 1, "maker", 0x10F2, 1)
    assert not estate.take(ImportKind.VARIANTS, [head, "hub-2,PPMID,M,H,2,,,,"]).taken
    assert "another kind of device" in estate.reasons()[2]


def test_an_id_of_a_party_stands_for_the_party() -> None:
    estate = ImportingEstate()
    estate.put(PartyId("GASCO", "supplier-2", "gas supplier"))
    lines = ["home,region,gateway,gas", "ref-0,North,gw,GASCO"]
    assert estate.take(ImportKind.HOMES, lines).taken
    assert estate.row(Home).gas == "supplier-2"


def test_json_arrays_and_json_lines_say_the_same_as_csv() -> None:
    records = [
        {"home": f"ref-{number}", "region": "North", "gateway": "gw", "gas": "supplier-1"}
        for number in range(3)
    ]
    found = []
    for text in (json.dumps(records, indent=1), "\n".join(map(json.dumps, records))):
        estate = ImportingEstate()
        assert estate.take(ImportKind.HOMES, octets([text])).taken, estate.bad
        found.append(estate.rows(Home))
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_configuration_sets_are_what_stands_together_with_counts() -> None:
    estate = filled(4)
    lines = [DEVICES, f"ref-3,{format_eui64(0xCC_0000_0000_0001)},ppmid-1,7,,"]
    estate.put(Variant("ppmid-1", "PPMID", "Maker", "Display", "1"))
    estate.take(ImportKind.DEVICES, lines)
    sets = {row.contents: row.homes for row in estate.rows(ConfigurationSet) if row.homes}
    assert sets == {"CHF:hub-1:00010000": 3, "CHF:hub-1:00010000;PPMID:ppmid-1:00000007": 1}
    for row in estate.rows(Home):
        devices = estate.rows(InstalledDevice, home=row.home)
        assert row.configuration == configuration_id(contents(devices))


STATUSES = st.sampled_from(InventoryStatus)
VERSIONS = st.sampled_from([None, 1, 2])
TIMES = st.sampled_from([0.0, 5.0, 9.0])


@given(STATUSES, STATUSES, VERSIONS, VERSIONS, TIMES, TIMES, st.booleans())
def test_a_set_of_devices_is_merged_as_one_device_is(
    before: InventoryStatus,
    after: InventoryStatus,
    held: int | None,
    told: int | None,
    held_utc: float,
    told_utc: float,
    with_gpf: bool,
) -> None:
    device = Eui64(FIRST)
    known = InstalledDevice(
        device,
        "h",
        "CHF",
        "hub-1",
        before,
        held,
        VersionSource.DEVICE,
        held_utc,
        "4",
        1.0,
        Eui64(9),
    )
    gpf = Eui64(8) if with_gpf else None
    event = DeviceTold(device, "h", "CHF", "hub-1", after, told, Utc(told_utc), "5", gpf, Utc(2.0))
    estate = ImportingEstate()
    estate.put(known)
    with estate.store.transaction():
        intake = FleetIntake(estate.store.driver)
        intake.stage([(1, merged(event, None))])
        intake.take_devices()
        intake.close()
    assert estate.row(InstalledDevice) == merged(event, known)
    estate.store.close()


def test_an_import_that_fails_half_way_leaves_nothing_behind_and_can_be_repeated(
    tmp_path: Path,
) -> None:
    estate = ImportingEstate(FleetStore.open(tmp_path / "fleet.sqlite"))
    driver = estate.store.driver
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(StoreFull, match="make room"):
        estate.take(ImportKind.HOMES, home_lines(3_000))
    for kind in (Home, Responsibility, Particulars):
        assert not estate.rows(kind)
    assert not driver.execute("SELECT name FROM temp.sqlite_master").fetchall()
    driver.execute(f"PRAGMA max_page_count = {pages + 10_000}")
    assert estate.take(ImportKind.HOMES, home_lines(3_000)).new == 3_000
    estate.store.close()


def test_a_file_that_changes_while_it_is_read_is_not_told() -> None:
    class Changing(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            super().seek(0, io.SEEK_END)
            self.write(b"ref-1,gas,supplier-4,2027-01-02\n")
            return super().seek(offset, whence)

    estate = filled(2)
    lines = b"home,fuel,supplier,from\nref-0,gas,supplier-4,2027-01-02\n"
    with pytest.raises(LocalError, match="changed while it was read"):
        estate.take(ImportKind.REGISTRATIONS, Changing(lines))
    assert {row.gas for row in estate.rows(Home)} == {"supplier-2"}


def test_an_estate_names_its_homes_by_one_key_for_ever() -> None:
    estate = filled(1)
    other = EstateImport(estate.desk, bytes(32), ImportKind.HOMES, estate.bad.append)
    with pytest.raises(LocalError, match="restore it from a backup"):
        other.run(octets(home_lines(1)), "olive", estate.utc)
    assert len(estate.rows(Home)) == 1
    assert KEY.hex() not in str(estate.rows(PseudonymKey))


def test_a_list_takes_no_home_from_a_gateway_that_serves_it() -> None:
    """That one has its counters and works in it: it lets go first."""
    estate = filled(2)
    late = [line.replace(",gw,", ",gw-2,") for line in home_lines(2)]
    assert estate.take(ImportKind.HOMES, late).taken  # nobody serves the homes yet
    estate.put(RegisteredGateway("gw-2", "", 0.0, instance="instance-of-gw-2"))
    report = estate.take(ImportKind.HOMES, home_lines(2))
    assert (report.bad, report.taken) == (2, False)
    assert estate.bad[-1].text == (
        "the home belongs to gateway gw-2, which serves it: move it (zota gateway move-homes)"
    )
    assert estate.row(Home, home=home(1)).gateway == "gw-2"
    assert estate.take(ImportKind.HOMES, [*late, late[1].replace("ref-0", "ref-9")]).taken
    estate.put(RegisteredGateway("gw-2", "", 0.0, instance="instance-of-gw-2", revoked="stolen"))
    assert not estate.take(ImportKind.HOMES, home_lines(2)).taken
