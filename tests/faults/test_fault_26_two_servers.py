"""Fault 26: a second server on the network offers other octets under the same name."""

from random import Random

import pytest

from tests.emulators.dialogue import image, spec
from tests.emulators.street import Street

OURS = image(5000, seed=1)
THEIRS = image(5000, seed=2)


@pytest.mark.parametrize("seed", range(30))
def test_a_device_that_turns_from_one_to_the_other_never_runs_a_mixed_image(seed: int) -> None:
    street = Street(spec(), seed=seed)
    street.assign(OURS)
    theirs = street.second_server(THEIRS, beside=True)
    street.power_on()
    (device,) = street.devices
    fickle = Random(seed)
    for turn in range(40):
        street.run(fickle.uniform(0.02, 0.5))
        street.network.choose(device.eui64, None if turn % 2 else theirs)
    street.run(6 * 3600.0)
    assert device.flash.running_content() in (b"", OURS, THEIRS)


def test_a_file_of_which_each_sent_half_is_refused() -> None:
    street = Street(spec())
    street.assign(OURS)
    street.power_on()
    street.run(1.2)
    (device,) = street.devices
    assert 0 < device.client.transfer.offset < len(OURS)
    street.network.detach(street.port)
    street.second_server(THEIRS)
    street.run(20)
    refused = [note.detail.get("reason") for _, _, note in street.notes]
    assert "the image integrity code does not match" in refused
    street.run(6 * 3600.0)
    assert device.flash.running_content() in (b"", THEIRS)
