"""A gateway over the wire: what it takes, tells and fetches, whatever goes wrong with the head end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest
import trio

from images.eui64 import Eui64
from ota_engine.errors import LocalError, StoreError, first_of
from ota_engine.fleet.port import HubWord, Instruction, Verb
from ota_engine.gateway.wire import HomeGiven, HomesGiven, Parting, Watching
from ota_engine.shell.gateway_health import GatewayHealth
from ota_engine.shell.gateway_papers import PAPERS_NAME, AdmissionCode, read_papers
from ota_engine.shell.gateway_program import IMAGES_NAME
from ota_engine.shell.head_end_door import HeadEndDoor, ShutOutError
from ota_engine.wall_clock import this_machine
from tests.gateway.homes import CH, FOR_HCALCS, FOR_HUB, GATEWAY, HCALCS, NEW
from tests.gateway.scripted import TOKEN, Field, ScriptedHeadEnd
from tests.gbcs.parties import SUPPLIER

HOUR: Final = 3600.0
WEEK: Final = 7 * 86_400.0
ALL: Final = {
    HubWord.REACHED: 1,
    HubWord.RECEIVED: 1,
    HubWord.TRANSFERRED: 1,
    HubWord.ACTIVATED: 1,
}


def told(verb: Verb, number: int) -> Instruction:
    return Instruction(
        f"c/h1/{number}",
        GATEWAY,
        "c",
        1,
        "h1",
        HCALCS,
        verb,
        FOR_HCALCS.sha256,
        NEW,
        number=number,
        commanded=True,
    )


def a_campaign(head_end: ScriptedHeadEnd) -> Sequence[Instruction]:
    """Assign, and activate once the image is there."""
    words = {word for _, campaign, word in head_end.outcomes if campaign == "c"}
    more = [told(Verb.ACTIVATE, 2)] if HubWord.TRANSFERRED in words else []
    return [told(Verb.ASSIGN, 1), *more]


def said(head_end: ScriptedHeadEnd) -> dict[HubWord, int]:
    words = (HubWord(word) for _, campaign, word in head_end.outcomes if campaign == "c")
    return {
        word: count
        for word, count in Counter(words).items()
        if word in ALL or word is HubWord.FAILED
    }


def is_done(head_end: ScriptedHeadEnd) -> bool:
    return said(head_end) == ALL


@pytest.fixture
def field(tmp_path: Path) -> Field:
    Field.furnish(tmp_path)
    one = Field(tmp_path, tmp_path / "gateway")
    one.head_end.told = a_campaign
    return one


def test_a_gateway_registers_takes_its_work_and_tells_every_outcome_once(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(is_done, 6 * HOUR)
        await trio.sleep(HOUR)

    field.live(work)
    head_end = field.head_end
    assert said(head_end) == ALL
    assert head_end.taken == {"c/h1/1", "c/h1/2"}
    assert len({key for key, _, _ in head_end.outcomes}) == len(head_end.outcomes)
    posts = [one for one in head_end.requests if one.endswith("/outcomes")]
    assert len(posts) <= 3 * len(head_end.outcomes)
    assert field.counters(), "the counter of the order that was signed"
    assert head_end.reports[-1].homes == 1
    papers = field.state / PAPERS_NAME
    assert papers.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in str(field.log)
    assert TOKEN not in repr(read_papers(field.state))


def test_a_gateway_goes_on_while_the_head_end_is_away_for_a_week(field: Field) -> None:
    async def work(field: Field) -> None:
        head_end = field.head_end
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)
        head_end.away = True
        head_end.hang_up()
        await trio.sleep(WEEK)
        assert HubWord.TRANSFERRED not in said(head_end)
        tries = len(head_end.requests)
        head_end.away = False
        await field.until(lambda one: HubWord.TRANSFERRED in said(one), 600.0)
        assert tries < 5_000, "no more than one in two minutes, at most one in five"
        await field.until(is_done, 6 * HOUR)

    field.live(work)
    assert said(field.head_end) == ALL


def test_a_gateway_started_while_the_head_end_is_away_goes_on_with_what_it_has(
    field: Field,
) -> None:
    async def begin(field: Field) -> None:
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)

    async def alone(field: Field) -> None:
        field.head_end.away = True
        await trio.sleep(6 * HOUR)
        field.head_end.away = False
        await field.until(lambda one: HubWord.TRANSFERRED in said(one), 600.0)

    field.live(begin)
    field.head_end.hang_up()
    field.live(alone)


def test_a_head_end_restored_from_an_old_copy_hears_again_what_it_has_lost(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(is_done, 6 * HOUR)
        before = field.head_end.outcomes
        field.head_end.restore(1)
        field.head_end.hang_up()
        await field.until(is_done, HOUR)
        assert field.head_end.outcomes == before

    field.live(work)


def test_an_answer_that_is_lost_makes_nothing_count_twice(field: Field) -> None:
    field.head_end.loses_answers = 3

    async def work(field: Field) -> None:
        await field.until(is_done, 6 * HOUR)

    field.live(work)
    keys = [key for key, _, _ in field.head_end.outcomes]
    assert len(keys) == len(set(keys))


# --- the hub itself ------------------------------------------------------------------------------


def for_the_hub(head_end: ScriptedHeadEnd) -> Sequence[Instruction]:
    return [
        replace(one, device=CH, sha256=FOR_HUB.sha256, commanded=False)
        for one in a_campaign(head_end)
    ]


def test_a_campaign_of_the_hubs_own_firmware_goes_over_the_wire(field: Field) -> None:
    field.head_end.told = for_the_hub

    async def work(field: Field) -> None:
        await field.until(lambda one: HubWord.ACTIVATED in said(one), 6 * HOUR)
        await trio.sleep(2 * HOUR)

    field.live(work)
    words = [word for _, campaign, word in field.head_end.outcomes if campaign == "c"]
    assert words == [HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED]
    assert "HAN lost" not in words
    assert [event for event, _ in field.log].count("hub") == 2, "it has started anew"


def test_a_hub_that_is_killed_while_it_fetches_its_firmware_goes_on_with_it(field: Field) -> None:
    field.head_end.told = for_the_hub

    async def a_little(field: Field) -> None:
        await field.until(lambda one: HubWord.REACHED in said(one), HOUR)

    async def the_rest(field: Field) -> None:
        await field.until(lambda one: HubWord.ACTIVATED in said(one), 6 * HOUR)

    field.live(a_little)
    field.head_end.hang_up()
    field.live(the_rest)


# --- who is let in -------------------------------------------------------------------------------


def test_a_revoked_gateway_stops_its_work_and_says_so_in_one_line(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)
        field.head_end.refuses = "revoked"
        field.head_end.hang_up()
        await trio.sleep(HOUR)

    with pytest.raises(BaseExceptionGroup) as caught:
        field.live(work)
    error = first_of(caught.value)
    assert isinstance(error, ShutOutError)
    assert "revoked" in str(error)
    assert "\n" not in str(error)
    assert read_papers(field.state) is None, "it is not let in by a start either"

    async def nothing(field: Field) -> None:
        await trio.sleep(HOUR)

    with pytest.raises(BaseExceptionGroup) as caught:
        field.live(nothing, code=None)
    assert "has not registered" in str(first_of(caught.value))


@pytest.mark.parametrize("code", ["another instance", "no common protocol"])
def test_a_gateway_that_is_not_let_in_ends_and_says_why(field: Field, code: str) -> None:
    async def work(field: Field) -> None:
        await field.until(lambda one: bool(one.taken), HOUR)
        field.head_end.refuses = code
        field.head_end.hang_up()
        await trio.sleep(HOUR)

    with pytest.raises(BaseExceptionGroup) as caught:
        field.live(work)
    assert code in str(first_of(caught.value))
    assert read_papers(field.state) is not None


def test_a_code_that_is_refused_ends_the_gateway(field: Field) -> None:
    async def work(_: Field) -> None:
        await trio.sleep(HOUR)

    with pytest.raises(BaseExceptionGroup) as caught:
        field.live(work, code=AdmissionCode(GATEWAY, "another-code-of-enough-letters"))
    assert "code refused" in str(first_of(caught.value))


def test_a_gateway_registers_while_nobody_answers_once_somebody_does(field: Field) -> None:
    field.head_end.away = True

    async def work(field: Field) -> None:
        await trio.sleep(HOUR)
        field.head_end.away = False
        await field.until(lambda one: bool(one.taken), HOUR)

    field.live(work)


def test_a_head_end_that_knows_none_of_its_addresses_is_asked_again(field: Field) -> None:
    field.head_end.told = a_campaign

    async def work(field: Field) -> None:
        await field.until(lambda one: bool(one.taken), HOUR)
        field.head_end.refuses = "not yours"
        field.head_end.hang_up()
        await trio.sleep(HOUR)
        field.head_end.refuses = ""
        await field.until(is_done, 6 * HOUR)

    field.live(work)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gateway.example", "is no head end"),
        ("ftp://gateway.example", "is no head end"),
        ("https://name:secret@gateway.example", "is no head end"),
        ("http://gateway.example", "others could read"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_in_one_line(url: str, says: str) -> None:
    with pytest.raises(LocalError, match=says) as caught:
        HeadEndDoor(url)
    assert "\n" not in str(caught.value)


def test_two_gateways_in_one_state_folder_are_refused(field: Field) -> None:
    async def work(field: Field) -> None:
        async with field.running():
            raise AssertionError("a second one came in")

    with pytest.raises(BaseExceptionGroup) as caught:
        field.live(work)
    assert isinstance(first_of(caught.value), StoreError)


# --- images --------------------------------------------------------------------------------------


def test_an_image_that_breaks_off_is_gone_on_from_where_it_did(field: Field) -> None:
    field.head_end.cut_images_after = 700

    async def work(field: Field) -> None:
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)

    field.live(work)
    assert field.head_end.ranges[:2] == ["bytes=700-", "bytes=1400-"]
    assert (field.state / IMAGES_NAME / FOR_HCALCS.sha256).read_bytes() == FOR_HCALCS.data


def test_a_damaged_image_is_refused_and_its_home_told_of_as_failed(field: Field) -> None:
    field.head_end.damages_images = True

    async def work(field: Field) -> None:
        await field.until(lambda one: HubWord.FAILED in said(one), HOUR)

    field.live(work)
    assert list((field.state / IMAGES_NAME).iterdir()) == []
    assert "hashes to" in field.head_end.reports[-1].trouble or any(
        "hashes to" in one.trouble for one in field.head_end.reports
    )


def test_an_image_that_the_head_end_has_not_fails_its_errand(field: Field) -> None:
    field.head_end.images.clear()

    async def work(field: Field) -> None:
        await field.until(lambda one: HubWord.FAILED in said(one), HOUR)

    field.live(work)


def test_a_full_disk_is_told_and_waited_for(field: Field) -> None:
    folder = field.state / IMAGES_NAME
    folder.mkdir()
    part = folder / f".{FOR_HCALCS.sha256}.part"
    part.symlink_to("/dev/full")

    async def work(field: Field) -> None:
        await field.until(lambda one: any("No space" in r.trouble for r in one.reports), HOUR)
        assert field.head_end.taken == set()
        part.unlink()
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)
        await field.until(lambda one: one.reports[-1].trouble == "", HOUR)

    field.live(work)


# --- homes ---------------------------------------------------------------------------------------


def test_a_home_that_is_taken_away_is_let_go_with_its_counters(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(is_done, 6 * HOUR)
        field.head_end.homes = ()
        field.head_end.say(HomesGiven(()))
        await field.until(lambda one: one.reports[-1].released == ("h1",), HOUR)
        report = field.head_end.reports[-1]
        assert report.counters["h1"] == field.counters()
        await trio.sleep(HOUR)
        assert field.head_end.reports[-1] == report, "it is told once"

    field.live(work)


def test_a_home_that_is_given_with_counters_is_served_above_them(field: Field) -> None:
    from ota_engine.times import Utc

    floor = int(Utc(this_machine() + 400 * 86_400.0) * 1000)
    field.head_end.homes = (HomeGiven("h1", {Eui64(SUPPLIER): floor}),)

    async def work(field: Field) -> None:
        await field.until(is_done, 6 * HOUR)

    field.live(work)
    assert field.counters()[Eui64(SUPPLIER)] > floor


def test_a_gateway_without_a_home_waits_for_one(field: Field) -> None:
    field.head_end.homes = ()

    async def work(field: Field) -> None:
        await trio.sleep(HOUR)
        assert field.head_end.taken == set()
        field.head_end.homes = (HomeGiven("h1", {}),)
        field.head_end.say(HomesGiven(field.head_end.homes))
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)

    field.live(work)
    assert any("no home yet" in str(facts.get("trouble")) for _, facts in field.log)


def test_of_several_homes_one_has_to_be_named(field: Field) -> None:
    field.head_end.homes = (HomeGiven("h1", {}), HomeGiven("h2", {}))

    async def waits(field: Field) -> None:
        await trio.sleep(HOUR)
        assert field.head_end.taken == set()

    async def works(field: Field) -> None:
        await field.until(lambda one: "c/h1/1" in one.taken, HOUR)

    field.live(waits)
    field.head_end.hang_up()
    field.live(works, home="h1")


# --- what else is said ---------------------------------------------------------------------------


def test_transfers_are_shown_while_somebody_looks(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(lambda one: bool(one.taken), HOUR)
        assert field.head_end.shown == []
        field.head_end.say(Watching(True))
        await field.until(is_done, 6 * HOUR)
        field.head_end.say(Watching(False))
        await trio.sleep(10.0)
        shown = len(field.head_end.shown)
        await trio.sleep(HOUR)
        assert len(field.head_end.shown) == shown

    field.live(work)
    transfers = [one for report in field.head_end.shown for one in report.transfers]
    assert {one.device for one in transfers} == {HCALCS}
    assert max(one.done for one in transfers) == len(FOR_HCALCS.data)


def test_a_head_end_that_parts_is_asked_again_when_it_wants_to_be(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(lambda one: bool(one.taken), HOUR)
        streams = field.head_end.requests.count("GET /gateway/v1/stream")
        field.head_end.say(Parting("it is being upgraded", 1800.0))
        await trio.sleep(1700.0)
        assert field.head_end.requests.count("GET /gateway/v1/stream") == streams
        await trio.sleep(200.0)
        assert field.head_end.requests.count("GET /gateway/v1/stream") == streams + 1

    field.live(work)


def test_whoever_watches_over_machines_is_told_how_a_gateway_fares(field: Field) -> None:
    told: dict[str, httpx.Response] = {}

    async def main() -> None:
        async with field.running() as program:
            app = httpx.ASGITransport(app=GatewayHealth(program).app)
            async with httpx.AsyncClient(transport=app, base_url="http://gateway") as client:
                told["first"] = await client.get("/healthz")
                await field.until(is_done, 6 * HOUR)
                await trio.sleep(60.0)
                told["well"] = await client.get("/healthz")
                told["figures"] = await client.get("/metrics")
                field.head_end.away = True
                field.head_end.hang_up()
                await trio.sleep(60.0)
                told["away"] = await client.get("/healthz")

    field.choice().link.run(main)
    assert told["first"].json()["status"] == "wants attention"
    assert told["well"].json() == {"status": "well", "home": "h1", "troubles": {}}
    assert told["away"].status_code == 200, "a hub that works on alone is not to be restarted"
    assert "nobody is there" in told["away"].json()["troubles"]["head end"]
    figures = dict(
        line.split() for line in told["figures"].text.splitlines() if not line.startswith("#")
    )
    assert figures["zota_gateway_connected"] == "1"
    assert figures["zota_gateway_outcomes_waiting"] == "0"
    assert int(figures["zota_gateway_outcomes_said"]) == len(field.head_end.outcomes)


def test_a_gateway_that_is_told_not_to_come_again_ends_and_says_why(field: Field) -> None:
    async def work(field: Field) -> None:
        await field.until(lambda one: bool(one.taken), HOUR)
        field.head_end.say(Parting("another one has taken its place", None))
        await trio.sleep(HOUR)

    with pytest.raises(BaseExceptionGroup) as caught:
        field.live(work)
    assert isinstance(first_of(caught.value), ShutOutError)
    assert "another one has taken its place" in str(first_of(caught.value))


def test_an_instruction_of_another_home_is_not_taken(field: Field) -> None:
    field.head_end.told = lambda _: [replace(told(Verb.ASSIGN, 1), home="h2")]

    async def work(field: Field) -> None:
        await trio.sleep(HOUR)

    field.live(work)
    assert field.head_end.taken == set()
