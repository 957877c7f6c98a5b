"""A push through real bellows and a virtual dongle: what the emulated links do, on a radio's terms."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.home.roster import RosterEntry
from emulators.platform.spec import ChipSpec
from hw.radio import ZigpyRadio
from images import ImageSpec, build
from images.catalogue import ImageStatus, Range, Terms
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.activation.security import Security
from ota_engine.hub.push.verdict import PushStanding, PushVerdict
from ota_engine.link.contract import Link
from ota_engine.link.recording import CaptureFile, RecordingLink
from ota_engine.records import ImageRecord, ImageTerms
from ota_engine.shell.push import PushRequest, PushResult, push
from ota_engine.shell.service import Setup
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.capture.shark import fields, malformed
from tests.faults.signed_home import speaker
from tests.gbcs.parties import PPMID, everyone
from tests.hw.dongle import home
from tests.hw.home import FIRST, NEW, OLD, PATIENCE, PROMPT, device, image
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

ONE, TWO = Eui64(FIRST), Eui64(FIRST + 1)


async def pushed(
    link: Link,
    state: Path,
    *images: ImageRecord,
    devices: tuple[Eui64, ...] | None = None,
    seconds: float = PATIENCE,
    resume: bool = False,
    security: Security | None = None,
    **terms: Any,
) -> PushResult:
    if resume:
        request = PushRequest(timeout=seconds, resume=True)
    else:
        request = PushRequest(images, devices, timeout=seconds, **terms)

    def watch(now: float, standings: Sequence[PushStanding], down: str | None) -> None:
        """Nobody looks on."""

    setup = Setup(link, state, this_machine, False, PROMPT, security)
    return await push(setup, request, watch)


def verdicts(result: PushResult) -> dict[Eui64, PushVerdict | None]:
    return {standing.device: standing.verdict for standing in result.standings}


@pytest.mark.parametrize("line", ["pty", pytest.param("tcp", marks=pytest.mark.heavy)])
async def test_everybody_is_updated_and_says_so(line: str, tmp_path: Path) -> None:
    async with (
        home(device(0), device(1), folder=tmp_path, line=line) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        result = await pushed(radio, tmp_path, image())
    assert verdicts(result) == {ONE: PushVerdict.UPDATED, TWO: PushVerdict.UPDATED}
    assert {standing.running for standing in result.standings} == {NEW}
    assert (dongle.version(ONE), dongle.version(TWO)) == (NEW, NEW)


async def test_a_push_with_keys_ends_with_the_proof_and_does_not_wait_for_what_has_come(
    tmp_path: Path,
) -> None:
    """The alert that an update is proven by is not waited out: it ends the push."""
    display = replace(device(0).spec, eui64=Eui64(PPMID), kind=kinds.PPMID)
    entry = RosterEntry("prepayment display", display, Placement())
    async with (
        home(entry, folder=tmp_path, keys=everyone()) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        result = await pushed(radio, tmp_path, image(), security=speaker())
    (standing,) = result.standings
    assert (standing.verdict, standing.running) == (PushVerdict.UPDATED, NEW)
    assert (standing.reason, standing.proof) == ("the device reports it", "")


async def test_a_device_that_no_file_fits_is_offered_nothing(tmp_path: Path) -> None:
    async with (
        home(device(0), device(1), folder=tmp_path) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        result = await pushed(radio, tmp_path, image(version=OLD), devices=(ONE, TWO))
    assert verdicts(result) == {ONE: PushVerdict.CURRENT, TWO: PushVerdict.CURRENT}
    assert dongle.dongle.blocks == 0


async def test_a_capture_of_real_radio_traffic_is_dissected_whole(tmp_path: Path) -> None:
    capture = tmp_path / "push.pcapng"
    file = image()
    async with home(device(0), folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        with CaptureFile(capture) as sink:
            offset = time.time() - trio.current_time()
            recorded = RecordingLink(radio, sink.write, lambda now: Utc(offset + now))
            await pushed(recorded, tmp_path, file)
    assert not malformed(capture)
    rows = fields(
        capture,
        "zbee_zcl_general.ota.image.data",
        "zbee_zcl_general.ota.file.offset",
        "zbee_zcl_general.ota.image.data",
    )
    blocks = {int(at, 0): bytes.fromhex(data.replace(":", "")) for at, data in rows}
    assert b"".join(blocks[at] for at in sorted(blocks)) == file.data


async def test_a_push_that_was_stopped_goes_on_where_the_device_was(tmp_path: Path) -> None:
    file = image(8000)
    async with home(device(0), folder=tmp_path) as dongle:
        async with ZigpyRadio(dongle.settings) as radio, trio.open_nursery() as nursery:

            async def stop_in_mid_transfer() -> None:
                while dongle.dongle.blocks < 50:  # noqa: ASYNC110 - the dongle is pure
                    await trio.sleep(0.01)
                nursery.cancel_scope.cancel()

            nursery.start_soon(stop_in_mid_transfer)
            await pushed(radio, tmp_path, file, devices=(ONE,))
        served = dongle.dongle.blocks
        async with ZigpyRadio(dongle.settings) as radio:
            result = await pushed(radio, tmp_path, resume=True)
    assert verdicts(result) == {ONE: PushVerdict.UPDATED}
    needed = -(-len(file.data) // 50)
    assert dongle.dongle.blocks - served < needed  # what it had was not sent again


async def test_time_that_is_up_ends_a_push_that_waits_for_nobody_there(tmp_path: Path) -> None:
    async with home(device(0), folder=tmp_path) as dongle:
        dongle.power_off(ONE)
        async with ZigpyRadio(dongle.settings) as radio:
            result = await pushed(radio, tmp_path, image(), devices=(ONE,), seconds=1.0)
    (standing,) = result.standings
    assert standing.verdict is None
    assert "not heard yet" in standing.reason
    assert result.ending.timed_out


# --- terms, each by the devices' own words over the air -------------------------------------------


def of_model(number: int, model: str, **fields: Any) -> RosterEntry:
    entry = device(number)
    return entry._replace(spec=replace(entry.spec, model=model, **fields))


def released(file: ImageRecord, status: ImageStatus = ImageStatus.APPROVED, **terms: Any) -> Any:
    return {"terms": (ImageTerms(file.sha256, status, Terms(**terms)),)}


async def test_of_two_models_with_one_identity_one_is_updated_and_one_passed_over(
    tmp_path: Path,
) -> None:
    file = image()
    lamp, shade = of_model(0, "LAMP-1"), of_model(1, "SHADE-2")
    async with (
        home(lamp, shade, folder=tmp_path) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        result = await pushed(radio, tmp_path, file, **released(file, models=("LAMP-1",)))
    assert verdicts(result) == {ONE: PushVerdict.UPDATED, TWO: PushVerdict.PASSED_OVER}
    assert (dongle.version(ONE), dongle.version(TWO)) == (NEW, OLD)


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"makers": ("Somebody Else",)}, "its manufacturer name is"),
        ({"bases": (Range(0, 0),)}, "applied to 0x00000000"),
        ({"hardware": Range(7, 9)}, "outside the image's 0x0007 to 0x0009"),
        ({"status": ImageStatus.WITHDRAWN}, "was withdrawn"),
        ({"status": ImageStatus.DRAFT}, "is a draft"),
    ],
)
async def test_a_device_that_does_not_meet_the_terms_is_offered_nothing(
    terms: dict[str, Any], says: str, tmp_path: Path
) -> None:
    file = image()
    entry = of_model(0, "LAMP-1", hardware_version=3)
    async with home(entry, folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        result = await pushed(radio, tmp_path, file, devices=(ONE,), **released(file, **terms))
    (standing,) = result.standings
    assert (standing.verdict, says in standing.reason) == (PushVerdict.REFUSED, True)
    assert (dongle.version(ONE), dongle.dongle.blocks) == (OLD, 0)


async def test_a_dry_run_offers_nothing_over_the_air(tmp_path: Path) -> None:
    async with home(device(0), folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        result = await pushed(radio, tmp_path, image(), devices=(ONE,), dry=True)
    assert verdicts(result) == {ONE: PushVerdict.WOULD}
    assert (dongle.version(ONE), dongle.dongle.blocks) == (OLD, 0)


@first_of("turned", [True, False])
async def test_both_chips_of_a_device_get_their_file_in_one_push_whatever_its_order(
    turned: bool, tmp_path: Path
) -> None:
    a = image()
    other = ImageSpec(
        manufacturer_code=a.manufacturer_code,
        image_type=a.image_type + 0x100,
        file_version=NEW,
        integrity=True,
    )
    b = image_record(build(Random(2).randbytes(2000), other), "b", Utc(0.0))
    chip = ChipSpec(b.image_type, OLD)
    entry = of_model(0, "LAMP-1", chips=(chip,))
    files = (b, a) if turned else (a, b)
    async with home(entry, folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        result = await pushed(radio, tmp_path, *files, devices=(ONE,))
    assert {(one.firmware or (0, 0))[1]: one.verdict for one in result.standings} == {
        a.image_type: PushVerdict.UPDATED,
        b.image_type: PushVerdict.UPDATED,
    }
    chips = dongle.dongle.stack.devices[ONE].chips
    assert [chip.client.version for chip in chips] == [NEW, NEW]
