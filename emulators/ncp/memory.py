"""What an NCP remembers without power: its identity, its network, keys, tokens and members.

Pure. Knows the values and their text form; what they mean to whom is the stack's parts' to know.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from emulators.ncp.layouts import NetworkParameters, SecurityState
from emulators.node import COORDINATOR
from images.eui64 import Eui64
from ota_engine.errors import LocalError

FORMAT = 1  # of the text


@dataclass(slots=True)
class Memory:
    """The non-volatile part of an NCP.

    Attributes:
        parameters: the network it has formed, None without one.
        security: the keys of that network, or of the one to be formed.
        counter: frame counter of the network key.
        tokens: NVM3 objects by (key, index).
        manufacturing: manufacturing tokens that were written.
        link_keys: (partner, key) by index.
        members: the devices that have joined.
    """

    eui64: Eui64 = COORDINATOR
    parameters: NetworkParameters | None = None
    security: SecurityState | None = None
    counter: int = 0
    tokens: dict[tuple[int, int], bytes] = field(default_factory=dict)
    manufacturing: dict[int, bytes] = field(default_factory=dict)
    link_keys: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    members: list[Eui64] = field(default_factory=list)

    def forget_network(self) -> None:
        """Leave the network for good."""
        self.parameters = None
        self.members = []

    def dump(self) -> str:
        """Write it down."""
        security = self.security
        content: dict[str, Any] = {
            "format": FORMAT,
            "eui64": self.eui64,
            "parameters": None if self.parameters is None else list(self.parameters),
            "security": None
            if security is None
            else [item.hex() if isinstance(item, bytes) else item for item in security],
            "counter": self.counter,
            "tokens": [[*key, data.hex()] for key, data in sorted(self.tokens.items())],
            "manufacturing": [
                [key, data.hex()] for key, data in sorted(self.manufacturing.items())
            ],
            "link_keys": [
                [index, eui64, key.hex()] for index, (eui64, key) in sorted(self.link_keys.items())
            ],
            "members": self.members,
        }
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def load(cls, text: str) -> "Memory":
        """Read what ``dump`` wrote.

        Raises:
            LocalError: it is not that.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise LocalError(f"was written in format {content['format']!a:.40}, not {FORMAT}")
            return cls._from(content)
        except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise LocalError("is no memory of a virtual dongle: name another file") from error

    @classmethod
    def _from(cls, content: dict[str, Any]) -> "Memory":
        parameters, security = content["parameters"], content["security"]
        return cls(
            eui64=Eui64(int(content["eui64"])),
            parameters=None if parameters is None else NetworkParameters(*map(int, parameters)),
            security=None if security is None else _security(security),
            counter=int(content["counter"]),
            tokens={(key, index): bytes.fromhex(data) for key, index, data in content["tokens"]},
            manufacturing={key: bytes.fromhex(data) for key, data in content["manufacturing"]},
            link_keys={
                index: (eui64, bytes.fromhex(key)) for index, eui64, key in content["link_keys"]
            },
            members=[Eui64(int(eui64)) for eui64 in content["members"]],
        )


def _security(items: list[Any]) -> SecurityState:
    bitmask, preconfigured, network, sequence, trust_center = items
    return SecurityState(
        int(bitmask),
        bytes.fromhex(preconfigured),
        bytes.fromhex(network),
        int(sequence),
        int(trust_center),
    )
