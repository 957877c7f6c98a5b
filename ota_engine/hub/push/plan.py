"""What a push was asked to do, as a value that survives an interruption; knows no files."""

import json
from dataclasses import dataclass
from typing import Any

from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.errors import LocalError
from ota_engine.records import Activation, VersionPolicy

FORMAT = 1  # of the JSON text


@dataclass(frozen=True, slots=True)
class PushPlan:
    """Which images for which devices, and on which terms.

    Attributes:
        images: SHA-256 of files in the catalogue.
        devices: who is to be updated.
        everyone: nobody was named: a device that none of the images is for is passed over.
        policy: which version steps are allowed.
        activation: when devices may run what they hold.
        activation_utc: for ``Activation.AT``.
        created_utc: when it was asked for.
        ended_utc: when every device had come to its end; None while it goes on.
    """

    images: tuple[str, ...]
    devices: tuple[Eui64, ...]
    everyone: bool
    policy: VersionPolicy
    activation: Activation
    activation_utc: float | None
    created_utc: float
    ended_utc: float | None = None

    def to_json(self) -> str:
        """Write it down."""
        return json.dumps(
            {
                "format": FORMAT,
                "images": self.images,
                "devices": [format_eui64(device) for device in self.devices],
                "everyone": self.everyone,
                "policy": self.policy,
                "activation": self.activation,
                "activation_utc": self.activation_utc,
                "created_utc": self.created_utc,
                "ended_utc": self.ended_utc,
            },
            indent=2,
        )

    @classmethod
    def from_json(cls, text: str) -> "PushPlan":
        """Read it back.

        Raises:
            LocalError: it is not what ``to_json`` wrote.
        """
        try:
            return _read(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LocalError(f"the plan of the push cannot be read ({error})") from error


def _read(fields: dict[str, Any]) -> PushPlan:
    if fields["format"] != FORMAT:
        raise ValueError(f"format {fields['format']}")
    return PushPlan(
        images=tuple(str(image) for image in fields["images"]),
        devices=tuple(Eui64(parse_eui64(device)) for device in fields["devices"]),
        everyone=bool(fields["everyone"]),
        policy=VersionPolicy(fields["policy"]),
        activation=Activation(fields["activation"]),
        activation_utc=_time(fields["activation_utc"]),
        created_utc=float(fields["created_utc"]),
        ended_utc=_time(fields["ended_utc"]),
    )


def _time(value: float | None) -> float | None:
    return None if value is None else float(value)
