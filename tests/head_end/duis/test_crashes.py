"""A head end that is gone before any line of taking an order: all of it happened, or nothing."""

from dataclasses import replace
from pathlib import Path

from images.eui64 import Eui64
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.orders.events import WebService
from ota_engine.fleet.orders.rows import ImageOrder, OrderBatch, ServiceInbox
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.intake import Intake
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf
from ota_engine.wall_clock import this_machine
from tests.crashes import crash_at_every_line
from tests.head_end.duis.lab import PPMID, Lab, opened, signed, update
from tests.tiers import points

FIRST = 1_000_000  # counter
MOST = 300  # lines; there are fewer


@points(4)
def test_a_crash_before_any_line_loses_and_doubles_nothing(tmp_path: Path, step: int) -> None:
    lab = Lab(tmp_path)
    (like,) = lab.rows(InstalledDevice, device=PPMID)
    devices = {number: Eui64(PPMID + 0x1000 + number) for number in range(step, MOST, step)}
    lab.put(*(replace(like, device=device) for device in devices.values()))
    # Signed before the child is there: what that draws is its own.
    posts = {n: signed(update(device, counter=FIRST + n)) for n, device in devices.items()}
    answers: dict[int, bytes] = {}

    def serve(number: int) -> bytes:
        intake = Intake(DuisKeys(lab.keys, print), ImageShelf(lab.state / IMAGES_NAME))
        received = intake.take(posts[number], WebService.DCC_ONLY, this_machine())
        with lab.desk() as (desk, _):
            (answer,) = desk.serve([received], this_machine())
        return answer.octets

    def look_over(number: int) -> None:
        kept = {row.request: row.octets for row in lab.rows(ServiceInbox)}
        ordered = {row.request for row in lab.rows(ImageOrder)}
        assert ordered == kept.keys(), "an order and its answer are one commit"
        answer = answers[number] = serve(number)
        told = opened(answer)
        assert told.code == "I99"
        assert told.request_id is not None
        assert kept.get(told.request_id.text, answer) == answer, "what was kept is answered"

    functions = (
        FleetDesk.serve,
        FleetDesk._let_happen,
        FleetDesk._keep,
        FleetDesk._made,
        Intake.take,
        ImageShelf.put,
    )
    assert crash_at_every_line(functions, serve, look_over, step) > 30
    assert len(lab.rows(ServiceInbox)) == len(lab.rows(ImageOrder)) == len(answers)
    assert len(lab.rows(OrderBatch)) == len(answers)
    assert len(list((lab.state / IMAGES_NAME).iterdir())) == 1
