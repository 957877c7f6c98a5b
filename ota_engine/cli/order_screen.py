"""Shows an order while it is followed: a line for every step; decides nothing."""

import sys

from ota_engine.cli.order_report import heading, step_line
from ota_engine.cli.remarks import put
from ota_engine.records import OrderRecord


class OrderScreen:
    """Where people watch one order.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._said = ""

    def watch(self, order: OrderRecord) -> None:
        """Show a step, unless nothing changed that one can see."""
        if self._quiet:
            return
        if not self._said:
            put(heading(order), sys.stderr)
        line = step_line(order)
        if line != self._said:
            self._said = line
            put(line, sys.stderr)
