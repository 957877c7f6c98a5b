"""The network of the emulated stack: formed, taken up, left, and the devices that join it. Pure."""

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Any

from emulators.air.port import Port
from emulators.ncp.core import Core, Handlers
from emulators.ncp.device_object import MGMT_LEAVE, leave_request
from emulators.ncp.layouts import FieldValues, NetworkParameters
from emulators.ncp.member import NetworkMember
from emulators.ncp.messages import JOINS
from emulators.ncp.status import EmberStatus
from ota_engine.events import Send
from ota_engine.times import Monotonic

NO_NETWORK, JOINED = 0, 2  # EmberNetworkStatus
COORDINATOR_NODE, ROUTER_NODE, SLEEPY_NODE = 1, 2, 4  # EmberNodeType
UNSECURED_JOIN, LEFT = 1, 2  # EmberDeviceUpdate
PRECONFIGURED_KEY, NO_ACTION = 0, 3  # EmberJoinDecision
FOREVER = 255  # a duration for which joining is permitted
CHANNELS = range(11, 27)
NOWHERE = NetworkParameters(0, 0xFFFF, 0, 0, 0, 0, 0, 0)
FIRST_JOIN, BETWEEN_JOINS = 0.5, 0.25  # seconds: devices hear the beacon one after another


class Formation:
    """Whether there is a network, and who is in it.

    Args:
        core: what the parts share.
        port: the stack's own place in the air.
    """

    def __init__(self, core: Core, port: Port) -> None:
        self._core = core
        self._port = port
        self._permit_until = -inf

    def handlers(self) -> Handlers:
        """The commands answered here."""
        return {
            "networkState": lambda values: {"state": JOINED if self._core.up else NO_NETWORK},
            "networkInit": self._take_up,
            "formNetwork": self._form,
            "leaveNetwork": self._leave,
            "tokenFactoryReset": self._forget,
            "permitJoining": self._permit,
            "getNetworkParameters": self._parameters,
            "getEui64": lambda values: {"eui64": self._core.memory.eui64},
            "getNodeId": lambda values: {"nwk": 0x0000 if self._core.up else 0xFFFE},
            "getParentChildParameters": self._children,
            "getChildData": self._child,
            "childId": lambda values: {"nwk": 0xFFFF},
            "removeDevice": self._remove,
        }

    def reset(self) -> None:
        """The network stands still until the host takes it up again; devices do not notice."""
        self._core.up = False
        self._permit_until = -inf

    # --- the network ------------------------------------------------------------------------------

    def _take_up(self, _: FieldValues) -> Mapping[str, Any]:
        memory = self._core.memory
        if memory.parameters is None:
            return {"status": EmberStatus.NOT_JOINED}
        if self._core.up:
            return {"status": EmberStatus.INVALID_STATE}
        self._go_up()
        return {"status": EmberStatus.OK}

    def _form(self, values: FieldValues) -> Mapping[str, Any]:
        core, parameters = self._core, values["parameters"]
        if core.up or core.memory.security is None:
            return {"status": EmberStatus.INVALID_STATE}
        if parameters.channel not in CHANNELS:
            return {"status": EmberStatus.INVALID_PARAMETER}
        core.memory.forget_network()
        core.memory.parameters = parameters
        self._go_up()
        return {"status": EmberStatus.OK}

    def _go_up(self) -> None:
        """Run the network; devices that were in it before get their power now."""
        core = self._core
        core.up = True
        core.say("stackStatusHandler", status=EmberStatus.NETWORK_UP)
        for eui64 in core.memory.members:
            member = core.members.get(eui64)
            if member is not None and not member.joined:
                member.joined = True
                core.network.power_on(eui64, core.now)

    def _leave(self, _: FieldValues) -> Mapping[str, Any]:
        if not self._core.up:
            return {"status": EmberStatus.INVALID_STATE}
        self._scatter()
        self._core.up = False
        self._core.say("stackStatusHandler", status=EmberStatus.NETWORK_DOWN)
        return {"status": EmberStatus.OK}

    def _forget(self, _: FieldValues) -> Mapping[str, Any]:
        """All tokens go; the network in RAM runs on until the next reset."""
        self._core.memory.tokens.clear()
        self._scatter()
        return {}

    def _scatter(self) -> None:
        """Nobody is in the network any more; its devices look for another."""
        for member in self._core.members.values():
            if member.joined:
                self._let_go(member)
        self._core.memory.forget_network()

    def _parameters(self, _: FieldValues) -> Mapping[str, Any]:
        parameters = self._core.memory.parameters
        if parameters is None or not self._core.up:
            return {"status": EmberStatus.NOT_JOINED, "node_type": 0, "parameters": NOWHERE}
        return {"status": EmberStatus.OK, "node_type": COORDINATOR_NODE, "parameters": parameters}

    # --- devices ----------------------------------------------------------------------------------

    def _permit(self, values: FieldValues) -> Mapping[str, Any]:
        core, duration = self._core, values["duration"]
        if not core.up:
            return {"status": EmberStatus.INVALID_STATE}
        self._permit_until = inf if duration == FOREVER else core.now + duration
        if duration:
            outside = [member for member in core.members.values() if not member.joined]
            for number, member in enumerate(outside):
                core.later(FIRST_JOIN + number * BETWEEN_JOINS, partial(self._join, member))
        return {"status": EmberStatus.OK}

    def _join(self, member: NetworkMember, now: Monotonic) -> None:
        core = self._core
        if not core.up or member.joined or now > self._permit_until:
            return
        member.joined = True
        if member.eui64 not in core.memory.members:
            core.memory.members.append(member.eui64)
        core.counters[JOINS] += 1
        if member.sleepy and not core.network.stations[member.eui64].placement.relays:
            core.say(
                "childJoinHandler",
                index=self._own_children().index(member),
                joining=True,
                nwk=member.network_address,
                eui64=member.eui64,
                node_type=SLEEPY_NODE,
            )
        self._tell(member, UNSECURED_JOIN, PRECONFIGURED_KEY)
        core.network.power_on(member.eui64, now)

    def left(self, member: NetworkMember, now: float) -> None:
        """A device was told to leave, and does once it has answered."""
        self._core.network.agenda.at(now + BETWEEN_JOINS, lambda then: self._depart(member))

    def _depart(self, member: NetworkMember) -> None:
        if not member.joined:
            return
        self._let_go(member)
        self._core.memory.members.remove(member.eui64)
        if self._core.up:
            self._tell(member, LEFT, NO_ACTION)

    def _let_go(self, member: NetworkMember) -> None:
        member.joined = False
        self._core.network.power_off(member.eui64)

    def _tell(self, member: NetworkMember, update: int, decision: int) -> None:
        self._core.say(
            "trustCenterJoinHandler",
            nwk=member.network_address,
            eui64=member.eui64,
            update=update,
            decision=decision,
            parent=0x0000,
        )

    def _remove(self, values: FieldValues) -> Mapping[str, Any]:
        core, member = self._core, self._core.members.get(values["target"])
        if member is None or not member.joined:
            return {"status": EmberStatus.NOT_FOUND}
        request = leave_request(0, member.eui64)
        send = Send(member.eui64, 0, 0, 0, MGMT_LEAVE, request, False, member.sleepy, 0, 0)
        core.network.submit(self._port, (send,), core.now)
        return {"status": EmberStatus.OK}

    def _own_children(self) -> list[NetworkMember]:
        """The sleepy devices whose parent the coordinator is."""
        stations = self._core.network.stations
        return [
            member
            for member in self._core.members.values()
            if member.joined and member.sleepy and not stations[member.eui64].placement.relays
        ]

    def _children(self, _: FieldValues) -> Mapping[str, Any]:
        return {"children": len(self._own_children()), "parent": 0, "parent_nwk": 0xFFFF}

    def _child(self, values: FieldValues) -> Mapping[str, Any]:
        children = self._own_children()
        known = values["index"] < len(children)
        return {
            "status": EmberStatus.OK if known else EmberStatus.NOT_JOINED,
            "eui64": children[values["index"]].eui64 if known else 0,
            "type": SLEEPY_NODE if known else 0,
            "nwk": children[values["index"]].network_address if known else 0xFFFF,
            "phy": 0,
            "power": 0,
            "timeout": 0,
            "remaining": 0,
        }
