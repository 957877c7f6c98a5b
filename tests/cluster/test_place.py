"""Where a scheduler may be: on this machine, or under TLS."""

import pytest

from emulators.cluster.jobs import Twins
from emulators.cluster.place import read_place
from ota_engine.errors import LocalError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("local", ("", 0, True)),
        ("local:3", ("", 3, True)),
        ("tcp://127.0.0.1:8786", ("tcp://127.0.0.1:8786", 0, False)),
        ("tcp://127.8.0.1:1/", ("tcp://127.8.0.1:1", 0, False)),
        ("tcp://localhost:65535", ("tcp://localhost:65535", 0, False)),
        ("tcp://[::1]:8786", ("tcp://[::1]:8786", 0, False)),
        ("tls://scheduler.example:8786", ("tls://scheduler.example:8786", 0, True)),
        ("tls://[2001:db8::1]:8786", ("tls://[2001:db8::1]:8786", 0, True)),
    ],
)
def test_a_scheduler_is_here_or_reached_under_tls(text: str, place: tuple[str, int, bool]) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize(
    "host", ["10.0.0.7", "scheduler", "[::]", "localhost.example", "[2001:db8::1]"]
)
def test_one_that_is_elsewhere_is_not_reached_without_tls(host: str) -> None:
    with pytest.raises(LocalError, match="whoever reaches a scheduler has it run anything") as told:
        read_place(f"tcp://{host}:8786")
    assert str(told.value).endswith(f"give tls://{host}:8786")


@pytest.mark.parametrize(
    "text",
    [
        *("", "dask", "http://127.0.0.1:1", "tcp://127.0.0.1", "tcp://:8786", "tls://host:0"),
        *("tls://host:70000", "local:", "local:0", "local:x", "local:5000", "tcp://a b:1"),
        *("tls://user@host:1", "inproc://1", "tls://host:1/path", "tls://host:1\n"),
    ],
)
def test_what_is_no_scheduler_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="give"):
        read_place(text)


@pytest.mark.parametrize(
    "text",
    [
        "tls://u:geheim77@host",
        "tls://u:gehe@im/geheim77@host:8786",
        "tcp:/u:geheim77@host:8786",
        "u:geheim77@host:8786",
        "tls://host:8786?password=geheim77",
    ],
)
def test_a_password_in_the_address_of_a_scheduler_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(LocalError, match=r"is no scheduler: give tcp://HOST:PORT") as told:
        read_place(text)
    assert "geheim" not in str(told.value)


def test_the_second_result_of_a_job_has_to_be_the_first_again() -> None:
    twins = Twins()
    twins.saw("shard-5-0", "aa")
    twins.saw("shard-5-0", "aa")
    twins.saw("shard-5-1", "bb")
    with pytest.raises(LocalError, match=r"shard-5-0: two workers .* SHA-256 aa and cc: believe"):
        twins.saw("shard-5-0", "cc")
