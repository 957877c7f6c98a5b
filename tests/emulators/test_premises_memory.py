"""What a display or a meter knows of changes outlives its process, as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.home.memory import dump_home, read_home_memory, recall_home
from emulators.premises.memory import Cleared, PremisesMemory
from emulators.premises.words import SUBJECTS, ToldChange
from ota_engine.errors import LocalError
from tests.emulators.premises_home import HOUR, Premises, display

U32 = st.integers(0, 0xFFFF_FFFF)
EUI64 = st.integers(0, 2**64 - 1)
SUBJECT = st.sampled_from(SUBJECTS)
TEXT = st.binary(max_size=19)
CHANGES = st.builds(ToldChange, SUBJECT, U32, U32, st.integers(0, 2), U32, U32, U32, TEXT, TEXT)
MEMORIES = st.builds(
    PremisesMemory,
    st.lists(st.tuples(EUI64, CHANGES), max_size=4).map(
        lambda pairs: {(server, told.subject): told for server, told in pairs}
    ),
    st.dictionaries(st.tuples(EUI64, SUBJECT), st.tuples(U32, st.integers(1, 3)), max_size=4),
    st.lists(
        st.builds(
            Cleared, EUI64, SUBJECT, U32, st.none() | st.floats(0, 4e9), st.just(("tariff",))
        ),
        max_size=3,
    ).map(tuple),
    st.booleans(),
    st.lists(CHANGES, max_size=2).map(lambda told: {one.subject: one for one in told}),
    st.dictionaries(EUI64, st.integers(1, 240), max_size=3),
)


def a_display() -> EmulatedDevice:
    return DeviceAssembly().build(display())


@given(MEMORIES)
def test_what_was_kept_is_kept_again(memory: PremisesMemory) -> None:
    device, copy = a_display(), a_display()
    assert device.premises is not None and copy.premises is not None
    device.premises.recall(memory)
    recall_home(read_home_memory(dump_home([device])), [copy])
    assert copy.premises.memory == memory


@pytest.mark.parametrize("key", ["pending", "done", "cleared", "standing", "callers"])
@given(value=st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_json_in_its_place_is_read_or_refused(key: str, value: object) -> None:
    document = json.loads(dump_home([a_display()]))
    (row,) = document["devices"].values()
    row["premises"][key] = value
    try:
        memory = read_home_memory(json.dumps(document))
    except LocalError as error:
        assert "remove it" in str(error)
    else:
        recall_home(memory, [a_display()])


def test_a_change_that_waited_in_one_life_is_acted_on_in_the_next() -> None:
    home = Premises(display())
    home.power_on()
    home.run(60.0)
    home.announce(after=HOUR, event=7)
    home.run(60.0)
    text = dump_home(home.devices)
    again = Premises(display())
    recall_home(read_home_memory(text), again.devices)
    again.power_on()
    again.run(2 * HOUR)
    assert again.cleared() == [("tenancy", 7)]
    assert kinds.IHD.premises == "ihd"
