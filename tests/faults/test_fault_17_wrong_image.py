"""Fault 17: an order for what the device does not hold ends as failed, by the device's own word."""

from collections.abc import Callable

import pytest

from emulators.platform.spec import SecurityOptions
from ota_engine.gbcs.codes import ActivationCode
from ota_engine.records import OrderState
from tests.faults.home import OLD
from tests.faults.signed_home import SignedHome, signed_device

AT = 1800.0  # seconds from the start
STRANGE = bytes(32)


def no_image() -> SignedHome:
    home = SignedHome()
    home.deliver()
    home.device.flash.discard()
    return home


def another_hash() -> SignedHome:
    home = SignedHome()
    home.deliver()
    return home


def rotten() -> SignedHome:
    home = another_hash()
    home.device.flash.damage(0)
    return home


def fails_its_self_test() -> SignedHome:
    home = SignedHome(signed_device(self_test_fails=True))
    home.deliver()
    return home


def fails_before_the_restart() -> SignedHome:
    home = SignedHome(signed_device(security=SecurityOptions(activation_fails=True)))
    home.deliver()
    return home


CASES = [
    (no_image, None, ActivationCode.NO_IMAGE_HELD),
    (another_hash, STRANGE, ActivationCode.HASH_MISMATCH),
    (rotten, None, ActivationCode.HASH_MISMATCH),
    (fails_its_self_test, None, ActivationCode.ACTIVATION_FAILURE),
    (fails_before_the_restart, None, ActivationCode.ACTIVATION_FAILURE),
]


@pytest.mark.parametrize("at", [None, AT], ids=["now", "later"])
@pytest.mark.parametrize(("make", "digest", "code"), CASES)
def test_the_outcome_code_ends_the_order(
    make: Callable[[], SignedHome],
    digest: bytes | None,
    code: ActivationCode,
    at: float | None,
) -> None:
    home = make()
    home.activate(at, digest)
    home.pass_time(AT + 300.0)
    order = home.order_record
    assert (order.state, order.code) == (OrderState.FAILED, code)
    assert order.firmware_version == OLD == home.device.version
    (outcome,) = home.outcomes("order")
    assert outcome.verdict == "failed" and outcome.message == order.evidence
    assert home.shell.store.verify_audit() is None
