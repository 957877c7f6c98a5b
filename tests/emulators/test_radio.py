from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.air import radio
from emulators.air.radio import Conditions, FrameFate, Medium
from ota_engine.errors import LocalError

MILLI = 1e-3


@pytest.mark.parametrize(
    ("data", "best_ms"), [(16, 14.14), (32, 14.66), (40, 14.91), (48, 15.17), (63, 15.65)]
)
def test_block_exchange_takes_the_published_air_time(data: int, best_ms: float) -> None:
    way = radio.path(0)
    seconds = way.up[17] + way.down[17 + data] + 2 * way.ack
    assert seconds / MILLI == pytest.approx(best_ms, abs=0.005)


@pytest.mark.parametrize(("data", "best_ms"), [(32, 15.81), (48, 16.32), (56, 16.58)])
def test_aps_security_adds_nine_octets_to_every_frame(data: int, best_ms: float) -> None:
    way = radio.path(0, aps_security=True)
    seconds = way.up[17] + way.down[17 + data] + 2 * way.ack
    assert seconds / MILLI == pytest.approx(best_ms, abs=0.005)


@pytest.mark.parametrize(
    ("data", "kilobytes"), [(16, 0.86), (32, 1.67), (48, 2.44), (50, 2.54), (65, 3.22)]
)
def test_block_ceiling_is_the_published_mean_rate(data: int, kilobytes: float) -> None:
    assert radio.block_ceiling(data) * data / 1000 == pytest.approx(kilobytes, abs=0.006)


@pytest.mark.parametrize(("data", "kilobytes"), [(32, 3.01), (48, 4.31), (65, 5.57)])
def test_block_ceiling_without_aps_acknowledgements(data: int, kilobytes: float) -> None:
    rate = radio.block_ceiling(data, request_ack=False, response_ack=False)
    assert rate * data / 1000 == pytest.approx(kilobytes, abs=0.006)


@pytest.mark.parametrize(("data", "kilobytes"), [(32, 5.24), (48, 6.89), (65, 8.59)])
def test_page_ceiling_is_the_published_mean_rate(data: int, kilobytes: float) -> None:
    assert radio.page_ceiling(data, 1024) / 1000 == pytest.approx(kilobytes, rel=0.015)


@pytest.mark.parametrize(
    ("relays", "secured", "data"),
    [(0, False, 65), (1, False, 61), (2, False, 59), (5, False, 53), (0, True, 56), (3, True, 48)],
)
def test_largest_block_by_relays_and_security(relays: int, secured: bool, data: int) -> None:
    assert radio.max_payload(relays, secured) - 17 == data


def test_each_hop_costs_the_whole_frame_again() -> None:
    assert radio.path(2).up[17] == pytest.approx(3 * radio.path(0).up[17])


def test_a_relayed_frame_carries_its_source_route_down_but_not_up() -> None:
    way = radio.path(1)
    assert way.down[17] == pytest.approx(2 * radio.attempt_time(62 + 4))
    assert way.up[17] == pytest.approx(2 * radio.attempt_time(62))


@pytest.mark.parametrize("hops", range(1, 5))
def test_back_off_sums_have_the_mean_and_range_of_the_standard(hops: int) -> None:
    sums = radio.path(hops - 1).backoff
    assert sum(sums) / len(sums) == pytest.approx(3.5 * 320e-6 * hops)
    assert min(sums) == 0.0
    assert max(sums) == pytest.approx(7 * 320e-6 * hops)


@pytest.mark.parametrize("relays", [-1, 6])
def test_more_relays_than_the_model_carries_are_refused(relays: int) -> None:
    with pytest.raises(LocalError, match="relays"):
        radio.path(relays)


@pytest.mark.parametrize(
    "wrong", [{"loss": -0.1}, {"corruption": 1.5}, {"loss": 0.6, "duplication": 0.6}]
)
def test_chances_outside_zero_to_one_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(LocalError, match="between 0 and 1"):
        Conditions(**wrong)


def fates(
    conditions: Conditions, hops: int, seed: int = 7, frames: int = 20_000
) -> Counter[FrameFate]:
    medium = Medium(Random(seed), conditions)
    seen: Counter[FrameFate] = Counter()
    for _ in range(frames):
        drawn = medium.draw()
        if drawn < medium.trouble[hops]:
            fate, _ = medium.resolve(drawn, hops, hops * 0.004)
            seen[fate] += 1
        else:
            seen[FrameFate.DELIVERED] += 1
    return seen


def test_fates_come_as_often_as_the_conditions_say() -> None:
    air = Conditions(loss=0.04, duplication=0.03, reordering=0.02, garbling=0.01)
    seen = fates(air, 1)
    shares = {fate: count / 20_000 for fate, count in seen.items()}
    assert shares[FrameFate.LOST] == pytest.approx(0.04, abs=0.006)
    assert shares[FrameFate.DUPLICATED] == pytest.approx(0.03, abs=0.006)
    assert shares[FrameFate.DELAYED] == pytest.approx(0.02, abs=0.005)
    assert shares[FrameFate.GARBLED] == pytest.approx(0.01, abs=0.004)


def test_mac_repeats_damaged_frames_three_times_before_it_gives_up() -> None:
    seen = fates(Conditions(corruption=0.3), 2)
    expected = 1 - (1 - 0.3**4) ** 2
    assert seen[FrameFate.LOST] / 20_000 == pytest.approx(expected, abs=0.004)


def test_mac_repetitions_cost_air_time() -> None:
    medium = Medium(Random(3), Conditions(corruption=0.5))
    extras = [medium.resolve(0.1, 1, 0.004)[1] for _ in range(100)]
    failed = 0.004 - 192e-6 - 352e-6 - 640e-6 + 864e-6
    assert all(extra >= failed for extra in extras)
    assert medium.counters.repeated >= 100


@given(st.binary(min_size=1, max_size=82), st.integers(0, 2**32))
def test_garbling_keeps_the_length(payload: bytes, seed: int) -> None:
    garbled = Medium(Random(seed)).garble(payload)
    assert len(garbled) == len(payload)


@given(
    st.floats(0, 0.2),
    st.floats(0, 0.2),
    st.floats(0, 0.2),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 6),
    st.integers(0, 1000),
)
def test_every_draw_resolves(
    loss: float, duplication: float, corruption: float, drawn: float, hops: int, seed: int
) -> None:
    air = Conditions(loss=loss, duplication=duplication, corruption=corruption)
    medium = Medium(Random(seed), air)
    assert 0 <= medium.trouble[hops] <= 1
    if drawn < medium.trouble[hops]:
        fate, extra = medium.resolve(drawn, hops, 0.004 * hops)
        assert extra >= 0
        assert medium.arrivals(fate, 5.0)[0] >= 5.0


def test_the_same_seed_gives_the_same_air() -> None:
    air = Conditions(loss=0.1, corruption=0.2, duplication=0.1)
    assert fates(air, 3, seed=11) == fates(air, 3, seed=11)
