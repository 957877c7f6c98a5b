"""The options of ``zota soak`` that say what is soaked: how each is written and what it means; runs nothing."""

import secrets
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from emulators.soak.soak import SoakSpec


class Faults(StrEnum):
    """How much goes wrong."""

    NONE = "none"
    MILD = "mild"
    HARSH = "harsh"


class ShellKind(StrEnum):
    """Which shell runs the engine."""

    SIM = "sim"
    TRIO = "trio"


class SpecOptions(NamedTuple):
    """What is soaked."""

    devices: Annotated[int, typer.Option(min=1, help="How many emulated devices.")] = 100
    hours: Annotated[float, typer.Option(help="Virtual hours.")] = 24.0
    image: Annotated[
        Path | None, typer.Option(help="Deliver this OTA file, or wrap this firmware.")
    ] = None
    image_size: Annotated[int, typer.Option(help="Octets of made-up images.")] = 128 * 1024
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of every draw; chosen and shown when left out.")
    ] = None
    chips: Annotated[
        float, typer.Option(min=0, max=1, help="Share of devices with a second chip.")
    ] = 0.0
    faults: Annotated[Faults, typer.Option(help="What goes wrong.")] = Faults.NONE
    shell: Annotated[ShellKind, typer.Option(help="One heap, or trio.")] = ShellKind.SIM

    def spec(self) -> "SoakSpec":
        """Say it as a soak is told; a seed that is left out is drawn.

        Raises:
            LocalError: it makes no sense.
        """
        from emulators.soak.soak import SoakSpec

        return SoakSpec(
            devices=self.devices,
            hours=self.hours,
            seed=secrets.randbelow(2**32) if self.seed is None else self.seed,
            faults=self.faults.value,
            shell=self.shell.value,
            image_size=self.image_size,
            image=None if self.image is None else str(self.image),
            chips=self.chips,
        )


Processes = Annotated[
    int | None,
    typer.Option(min=1, help="Shards at once; as many as cores, or workers, by default."),
]
Report = Annotated[
    Path | None, typer.Option(help="A folder for report.html, the journals and result.json.")
]
Model = Annotated[
    Path | None, typer.Option(help="Write what was measured, for zota rehearse --model.")
]
Blocks = Annotated[
    str | None,
    typer.Option(help="Soak seed after seed until so many blocks, e.g. 1e9, are carried."),
]
State = Annotated[
    Path | None,
    typer.Option(help="With --blocks: the folder that keeps each shard's verdict; resumable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
