"""An emulated EmberZNet coordinator that any host can drive over a pty or TCP.

Each layer knows only the one below it: ``frames`` the octets of ASH, ``ash`` its conversation,
``ezsp`` headers and field layouts, ``stack`` what a coordinator does, ``dongle`` how they hang
together in virtual time, ``server`` the port. All but the server are pure. The air is an
``emulators.air.network.Network`` and the devices are the ones of every other emulation.
"""
