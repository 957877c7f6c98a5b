"""A gateway over the wire that dies before any effect: it goes on, and every outcome is kept once."""

from pathlib import Path
from typing import Final

import trio

from ota_engine.shell.gateway import GatewayBook, LinkGateway
from ota_engine.shell.gateway_papers import write_papers
from ota_engine.shell.gateway_program import GatewayProgram
from ota_engine.shell.head_end_link import HeadEndLink
from ota_engine.shell.image_cellar import ImageCellar
from tests.crashes import crash_at_every_line
from tests.gateway.scripted import Field, ScriptedHeadEnd
from tests.gateway.test_link_to_a_head_end import ALL, a_campaign, said
from tests.tiers import points

HOUR: Final = 3600.0
TRACED: Final = (
    GatewayBook.write,
    GatewayProgram._papers,
    GatewayProgram._serve,
    HeadEndLink._give,
    HeadEndLink._listen,
    HeadEndLink._report,
    HeadEndLink._kept,
    HeadEndLink._fetch,
    ImageCellar.fetch,
    LinkGateway._carry_out,
    LinkGateway.give,
    LinkGateway.settle_up_to,
    write_papers,
)


@points(150, 5)
def test_a_gateway_that_dies_anywhere_tells_every_outcome_once(tmp_path: Path, step: int) -> None:
    Field.furnish(tmp_path)

    def live(point: int) -> None:
        field = Field(tmp_path, tmp_path / f"{point}")
        field.head_end.cut_images_after = 700
        field.head_end.told = a_campaign

        async def work(field: Field) -> None:
            await field.until(lambda one: said(one) == ALL, 6 * HOUR)
            await trio.sleep(60.0)

        field.live(work)

    def look_over(point: int) -> None:
        live(point)
        head_end = ScriptedHeadEnd(tmp_path / f"{point}")
        keys = [key for key, _, _ in head_end.outcomes]
        assert said(head_end) == ALL, point
        assert len(keys) == len(set(keys)), point
        assert head_end.taken == {"c/h1/1", "c/h1/2"}, point

    assert crash_at_every_line(TRACED, live, look_over, step) > 200
