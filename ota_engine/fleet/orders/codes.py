"""Finds the code of an answer or an alert in the table of codes, as it was changed for this fleet."""

from functools import lru_cache
from typing import Final

from ota_engine.duis.codes import CODES, CodeTable, ResponseCase
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.asking import Served
from ota_engine.fleet.orders.rows import OrderRules

RULES: Final = "orders"  # names the one row


def rules_of(work: Work) -> OrderRules:
    """Read the rules of this fleet; those that are set without a decision where none was taken."""
    return work.get(OrderRules, RULES) or OrderRules()


def code_table(work: Work) -> CodeTable:
    """Read the codes of this fleet."""
    return _changed(rules_of(work).codes)


@lru_cache(maxsize=4)
def _changed(codes: tuple[tuple[str, str], ...]) -> CodeTable:
    return CODES.changed(dict(codes)) if codes else CODES


def code_of(work: Work, case: ResponseCase, variant: str) -> str:
    """Give the code of an answer to a service."""
    return code_table(work).code(case, variant)


def served_case(served: Served) -> ResponseCase:
    """Say what is answered to a request that was served."""
    if served.warning:
        return ResponseCase.SOME_DEVICES_PASSED_OVER
    if served.content is not None:
        return ResponseCase.DONE
    return ResponseCase.ACKNOWLEDGED if served.later else ResponseCase.DONE_WITHOUT_DATA
