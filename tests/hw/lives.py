"""An engine in a process of its own, to be killed: ``python -m tests.hw.lives URL FOLDER``.

Says ``under way`` on standard output once its device has asked for more than 500 octets.
"""

import sys
from pathlib import Path

import trio

from hw.radio import ZigpyRadio
from hw.settings import parse_link
from images.eui64 import Eui64
from tests.hw.home import FIRST, engine, image, until_under_way

OCTETS = 6000


async def main(url: str, folder: Path) -> None:
    async with (
        ZigpyRadio(parse_link(url, folder)) as radio,
        engine(radio, folder, image(OCTETS), [Eui64(FIRST)]) as shell,
    ):
        await until_under_way(shell)
        sys.stdout.write("under way\n")
        sys.stdout.flush()
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], Path(sys.argv[2]))
