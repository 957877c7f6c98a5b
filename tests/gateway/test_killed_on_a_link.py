"""A process that dies before any line that carries out what users order: nothing is lost, nothing doubled.

Engine, store, gateway and its book are on disk, and what the device keeps without power is, too.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from ota_engine.cli.engines import EngineChoice, open_setup
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.links import resolve
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction
from ota_engine.shell.gateway import GatewayBook, LinkGateway, open_gateway
from ota_engine.shell.runner import Shell
from tests.crashes import crash_at_every_line
from tests.gateway import users
from tests.gateway.homes import HCALCS, IMAGES, OLD
from tests.gbcs.parties import files
from tests.tiers import points

HOUR: Final = 3600.0
TALK_EVERY: Final = 60.0  # seconds between two exchanges
SAID: Final = {
    ("sr/1", HubWord.REACHED): 1,
    ("sr/1", HubWord.TRANSFERRED): 1,
    ("sr/1", HubWord.RECEIVED): 1,
    ("sr/1", HubWord.ACTIVATED): 1,
    ("sr/2", HubWord.ANSWERED): 1,
    ("sr/3", HubWord.ANSWERED): 1,
    ("sr/4", HubWord.REFUSED): 1,
}
TRACED: Final = (
    LinkGateway.give,
    LinkGateway.settle,
    LinkGateway.begin,
    LinkGateway._look,
    LinkGateway._carry_out,
    LinkGateway._direct,
    GatewayBook.write,
    Shell._carry_out,
)


class Lab:
    """A home that outlives the processes on it, and a fleet that keeps what it hears."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        keys = folder / "keys"
        keys.mkdir()
        for name, octets in files().items():
            (keys / name).write_bytes(octets)
            (keys / name).chmod(0o600)
        (folder / "home.toml").write_text(
            f'[[device]]\nkind = "hcalcs"\neui64 = "{HCALCS:016x}"\nversion = {OLD}\n'
        )
        self._keys = keys

    def state(self, point: int) -> Path:
        """The folder of one kill and of the run after it."""
        state = self.folder / f"{point}"
        state.mkdir(exist_ok=True)
        return state

    def live(self, point: int, seconds: float = 6 * HOUR) -> None:
        """Run a gateway, and exchange with it."""
        state = self.state(point)
        url = f"sim://?devices={self.folder / 'home.toml'}&keys={self._keys}"
        choice = EngineChoice(resolve(url), state, keys=self._keys)

        async def main() -> None:
            keys = read_key_folder(self._keys)
            async with (
                open_setup(choice, keys) as setup,
                open_gateway(setup, "h1", IMAGES.get) as gateway,
            ):
                end = trio.current_time() + seconds
                while trio.current_time() < end:
                    if self.is_done(point):  # what comes after that is not wanted
                        end = min(end, trio.current_time() + 10 * TALK_EVERY)
                    await gateway.give(self.told(point))
                    await trio.sleep(TALK_EVERY)
                    self._keep(point, await gateway.outcomes())
                    await gateway.settle(list(self.heard(point)))

        choice.link.run(main)

    def told(self, point: int) -> Sequence[Instruction]:
        """What the fleet wants: a command once the device holds its image."""
        said = set(self.heard(point).values())
        told = [users.deliver("1"), users.read("2", 7)]
        if ("sr/1", HubWord.TRANSFERRED) in said:
            told.append(users.command("3", users.signed(1000)))
        if ("sr/3", HubWord.ANSWERED) in said:
            told.append(users.command("4", users.signed(999)))
        return told

    def heard(self, point: int) -> dict[str, tuple[str, HubWord]]:
        """What the fleet keeps, by its key."""
        path = self.state(point) / "heard.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return {key: (campaign, HubWord(word)) for key, campaign, word in rows}

    def _keep(self, point: int, said: Sequence[HubOutcome]) -> None:
        known = self.heard(point)
        with (self.state(point) / "heard.jsonl").open("a") as file:
            for one in said:
                if one.key not in known:
                    file.write(json.dumps([one.key, one.campaign, one.word]) + "\n")

    def is_done(self, point: int) -> bool:
        """Whether everything has been said."""
        return set(SAID) <= set(self.heard(point).values())

    def look_over(self, point: int) -> None:
        """Go on where a process died, and see what was said in all."""
        self.live(point)
        words = self.heard(point).values()
        said = Counter(one for one in words if one[0] and one[1] is not HubWord.VERSION)
        assert said == SAID, point


@points(350, 40)
def test_what_users_order_outlives_a_process_that_dies_anywhere(tmp_path: Path, step: int) -> None:
    lab = Lab(tmp_path)
    last = crash_at_every_line(TRACED, lab.live, lab.look_over, step)
    assert last > 1_500, "the lines of a whole course"
