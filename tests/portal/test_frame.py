"""Pages of the portal over a real socket: who gets what, with which headers, and what never is markup."""

from pathlib import Path

from ota_engine.paced_clock import PacedClock
from ota_engine.portal.door import PortalDoor
from ota_engine.portal.frame import about, clock_text
from tests.head_end.service_lab import ServiceLab
from tests.portal.listening import listening


async def test_whoever_has_not_signed_in_is_sent_to_do_so_and_comes_back(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.http() as http:
            answer = await http.get("/campaigns?state=held")
            assert answer.status_code == 303
            assert answer.headers["location"] == "/sign-in?next=%2Fcampaigns%3Fstate%3Dheld"


async def test_a_page_says_who_looks_and_lets_nothing_of_others_in(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("sam") as http:
            answer = await http.get("/campaigns")
            assert answer.status_code == 200
            assert "Supplier 1" in answer.text or "supplier-1" in answer.text
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert " style=" not in answer.text
            assert "<script>" not in answer.text


async def test_what_is_not_there_is_a_page_that_says_so(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            answer = await http.get("/nothing/of/this")
            assert answer.status_code == 404
            assert "Nothing is here" in answer.text


async def test_files_are_kept_for_ever_under_names_that_say_what_is_in_them(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = (await http.get("/campaigns")).text
            name = page.split('href="/static/portal.', 1)[1].split('"', 1)[0]
            answer = await http.get(f"/static/portal.{name}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert (await http.get("/static/portal.css")).status_code == 404
            assert (await http.get("/static/..%2fdoor.py")).status_code == 404


async def test_a_page_that_is_looked_at_is_told_what_changed(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = (await http.get("/campaigns")).text
            async with listening(http, "/campaigns") as stream:
                told = await stream.next()
            assert set(told["fragments"]) == {"live_list"}
            assert told["fragments"]["live_list"] in page


async def test_a_database_that_fails_is_a_page_that_says_so_and_when_to_come_again(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            for table in ("campaigns", "sessions"):
                lab.estate.store.driver.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
                answer = await http.get("/campaigns")
                assert answer.status_code == 503
                assert answer.headers["retry-after"]
                assert "Nothing was lost" in answer.text
            assert (await http.get("/nothing/of/this")).status_code == 503
            assert (await http.get("/live", params={"page": "/campaigns"})).status_code == 503


async def test_a_test_clock_is_said_on_every_page(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        clock = PacedClock(lab.clock(), 3_600.0)
        async with lab.serving(PortalDoor, clock=clock) as client, client.browser("olive") as http:
            assert "one second here is 1 hour of the calendar" in (await http.get("/")).text
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            assert "test clock" not in (await http.get("/")).text


def test_what_something_is_about_says_no_word_twice() -> None:
    assert about("home:h00000001") == "home h00000001"
    assert about("campaign:campaign-R2") == "campaign-R2"
    assert about("campaign:c1/2") == "campaign c1/2"
    assert about("fleet") == "fleet"


def test_a_clock_that_is_off_says_by_how_much_and_which_way() -> None:
    assert clock_text(-412.0) == "412.0 s behind"
    assert clock_text(3.25) == "3.2 s ahead"
    assert clock_text(0.01) == "right"
