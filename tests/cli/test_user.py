"""``zota user``: accounts, invitations, sessions and tokens on a state folder, beside a server that runs."""

import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.cli.exits import Exit
from ota_engine.cli.fleet_desk import private_key
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.parties.acts import RemovePerson
from ota_engine.head_end.access.desk import AccessDesk, NotLetInError
from ota_engine.head_end.access.passwords import Passwords
from ota_engine.head_end.deciding import Wish, decide
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.store.fleet.book import FleetStore
from ota_engine.wall_clock import this_machine
from tests.cli.fleet import FleetFolder
from tests.cli.zota import Ran, zota
from tests.fleet.databases import place_in
from tests.head_end.access.lab import CHEAP

PASSWORD = "a horse with 4 batteries"  # noqa: S105 - of everybody here
HERE = "127.0.0.1"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords cost next to nothing in this process, where a test is not about them."""
    monkeypatch.setattr(Passwords.__init__, "__defaults__", (CHEAP,))


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    fleet = FleetFolder(tmp_path, number=2)
    password = tmp_path / "password"
    password.touch(0o600)
    password.write_text(f"{PASSWORD}\nanother line\n")
    return fleet


def _user(fleet: FleetFolder, *words: str | Path) -> Ran:
    return zota("user", *words, "--state", fleet.state)


def _done(fleet: FleetFolder, *words: str | Path) -> str:
    ran = _user(fleet, *words)
    assert ran.code == Exit.OK, ran
    return ran.out


def _refused(fleet: FleetFolder, *words: str | Path) -> str:
    ran = _user(fleet, *words)
    assert (ran.code, ran.out) == (Exit.ERRORS, ""), ran
    assert ran.err.count("\n") == 1
    return ran.err


def _with_account(fleet: FleetFolder, person: str) -> None:
    key = fleet.folder / f"{person}.key"
    _done(fleet, "add", person, "--key", key, "--password-file", fleet.folder / "password")


@asynccontextmanager
async def _server(fleet: FleetFolder) -> AsyncIterator[AccessDesk]:
    """What lets persons in at a server that runs beside the commands."""
    store = FleetStore.open(place_in(fleet.state))
    try:
        with ReadingRoom.open(place_in(fleet.state)) as reading:
            writing = DeskRoom(FleetDesk(Fleet(), store))
            yield AccessDesk(writing, reading, this_machine)
    finally:
        store.close()


def _decided(fleet: FleetFolder, wish: Wish, signer: ec.EllipticCurvePrivateKey | None) -> Reply:
    desk = fleet.desk()
    with closing(desk.store):
        return decide(desk, wish, signer, this_machine()).reply


async def test_an_account_with_a_key_signs_its_persons_decisions(fleet: FleetFolder) -> None:
    _with_account(fleet, "olive")
    async with _server(fleet) as desk:
        begun = await desk.sign_in("olive", PASSWORD, HERE)
        assert begun.seen.signer is not None
        wish = Wish("olive", RemovePerson("sam"))
        reply = _decided(fleet, wish, begun.seen.signer)
        assert reply.accepted, reply.text


async def test_who_is_not_in_the_fleet_gets_her_first_key_and_two_persons_let_her_in(
    fleet: FleetFolder,
) -> None:
    """Her key is hers from the beginning: nobody else ever had it, and an invitation alone is no way in."""
    invited = json.loads(_done(fleet, "add", "nora", "--json"))
    assert invited["registered"] is False
    async with _server(fleet) as desk:
        accepted = await desk.accept(invited["code"], PASSWORD)
        assert accepted.to_register
        with pytest.raises(NotLetInError, match="not registered in the fleet yet"):
            await desk.sign_in("nora", PASSWORD, HERE)
        public = fleet.folder / "nora.pub"
        _done(fleet, "key", "nora", "-o", public)
        assert public.read_text() == accepted.public_key
        words = ("estate", "person", "add", "nora", "--party", "dcc", "--name", "Nora")
        fleet.done("olive", *words, "--public-key", public)
        with pytest.raises(NotLetInError, match="a second person has yet to confirm"):
            await desk.sign_in("nora", PASSWORD, HERE)
        assert "somebody else" in fleet.refused("olive", "estate", "person", "confirm", "nora")
        fleet.done("peter", "estate", "person", "confirm", "nora")
        begun = await desk.sign_in("nora", PASSWORD, HERE)
        assert begun.seen.signer is not None
        wish = Wish("nora", RemovePerson("sam"))
        assert _decided(fleet, wish, begun.seen.signer).accepted


@pytest.mark.usefixtures("cheap")
async def test_commands_beside_a_server_hold_from_the_next_request_on(fleet: FleetFolder) -> None:
    _with_account(fleet, "olive")
    _with_account(fleet, "sam")
    token = _done(fleet, "token", "add", "sam", "--name", "ci").strip()
    async with _server(fleet) as desk:
        olive, sam = [(await desk.sign_in(one, PASSWORD, HERE)).secret for one in ("olive", "sam")]
        assert "since" in _done(fleet, "sessions")
        assert "1 session of olive ended" in _done(fleet, "sign-out", "olive")
        assert await desk.by_session(olive) is None
        assert await desk.by_session(sam) is not None
        assert await desk.by_token(token) is not None
        _done(fleet, "lock", "sam", "--reason", "left his laptop on a train")
        assert await desk.by_session(sam) is None
        assert await desk.by_token(token) is None
        with pytest.raises(NotLetInError, match="left his laptop on a train"):
            await desk.sign_in("sam", PASSWORD, HERE)
        assert "locked" in _done(fleet, "list")
        _done(fleet, "unlock", "sam")
        assert await desk.by_token(token) is not None
        _done(fleet, "token", "revoke", "sam", "--name", "ci")
        assert await desk.by_token(token) is None
        fleet.done("olive", "estate", "person", "remove", "sam")
        with pytest.raises(NotLetInError, match="no longer in the fleet"):
            await desk.sign_in("sam", PASSWORD, HERE)


@pytest.mark.usefixtures("cheap")
async def test_a_token_goes_into_a_file_for_its_owner_alone(fleet: FleetFolder) -> None:
    _with_account(fleet, "olive")
    place, password = fleet.folder / "token", fleet.folder / "password"
    words = ("token", "add", "olive", "--name", "ci", "--token-file", place)
    told = json.loads(_done(fleet, *words, "--password-file", password, "--json"))
    assert told == {
        "person": "olive",
        "name": "ci",
        "reads_only": False,
        "signs": True,
        "token_file": str(place),
    }
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    token = place.read_text().strip()
    async with _server(fleet) as desk:
        seen = await desk.by_token(token)
        assert seen is not None
        assert seen.signer is not None
        public = seen.signer.public_key()
    assert public == private_key(fleet.folder / "olive.key").public_key()
    assert token not in _done(fleet, "token", "list", "--json")
    assert "exists already" in _refused(fleet, *words)


def test_the_secret_of_a_token_or_a_code_is_the_whole_of_standard_output(
    fleet: FleetFolder,
) -> None:
    code = _user(fleet, "add", "sam")
    assert code.out.startswith("zota_i_")
    assert code.out.count("\n") == 1
    assert "until" in code.err
    token = _user(fleet, "token", "add", "sam", "--name", "ci", "--reads-only")
    assert token.out.startswith("zota_t_")
    assert token.out.count("\n") == 1


@pytest.mark.usefixtures("cheap")
def test_lists_as_json_hold_no_secret(fleet: FleetFolder) -> None:
    _with_account(fleet, "olive")
    _done(fleet, "token", "add", "olive", "--name", "ci", "--reads-only")
    (account,) = json.loads(_done(fleet, "list", "--json"))
    assert (account["person"], account["tokens"], account["hindrance"]) == ("olive", 1, "")
    assert {"password", "sealed_key", "digest"}.isdisjoint(account)
    (token,) = json.loads(_done(fleet, "token", "list", "olive", "--json"))
    assert (token["name"], token["reads_only"], token["signs"]) == ("ci", True, False)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "olive", "--key", "peter.key"), "not the one that is registered"),
        (("add", "no body"), "no id of a person"),
        (("invite", "olive"), "zota user add"),
        (("lock", "olive", "--reason", "x"), "no such account"),
        (("unlock", "../../etc/passwd"), "no such account"),
        (("sign-out", "\x1b[2J"), "no such account"),
        (("token", "add", "olive", "--name", "ci"), "no such account"),
        (("token", "revoke", "olive", "--name", "ci"), "has no token"),
        (("key", "olive"), "no such account"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    fleet: FleetFolder, words: tuple[str, ...], told: str
) -> None:
    given = [str(fleet.folder / word) if word.endswith(".key") else word for word in words]
    if "--key" in words:
        given += ["--password-file", str(fleet.folder / "password")]
    assert told in _refused(fleet, *given)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "12 at least"),
        ("x" * 1_025, "more than 1,024"),
        ("olive-olive-olive", "little more than a name"),
        ("", "first line is empty"),
        ("\nthe second line", "first line is empty"),
    ],
)
def test_a_password_that_is_none_is_refused_in_one_line(
    fleet: FleetFolder, password: str, told: str
) -> None:
    file = fleet.folder / "weak"
    file.touch(0o600)
    file.write_text(password)
    key = fleet.folder / "olive.key"
    assert told in _refused(fleet, "add", "olive", "--key", key, "--password-file", file)


@pytest.mark.usefixtures("cheap")
def test_a_password_that_others_may_read_is_called_a_password(fleet: FleetFolder) -> None:
    file = fleet.folder / "open"
    file.write_text("x" * 20)
    file.chmod(0o644)
    key = fleet.folder / "olive.key"
    ran = zota(
        "user", "add", "olive", "--key", key, "--password-file", file, "--state", fleet.state
    )
    assert f"{file}: a password that others may read: chmod 600 it" in ran.err


@pytest.mark.usefixtures("cheap")
def test_a_second_account_of_a_person_is_refused(fleet: FleetFolder) -> None:
    _with_account(fleet, "olive")
    assert "has an account already" in _refused(fleet, "add", "olive")


@pytest.mark.usefixtures("cheap")
def test_a_password_is_never_typed_where_there_is_no_terminal(fleet: FleetFolder) -> None:
    told = _refused(fleet, "add", "olive", "--key", fleet.folder / "olive.key")
    assert "--password-file" in told
