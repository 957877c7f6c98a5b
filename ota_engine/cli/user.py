"""``zota user``: who may sign in at a server, on its state folder, also while it runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ota_engine.cli import user_tokens
from ota_engine.cli.app import GroupedHelp
from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.extras import require
from ota_engine.cli.files import write_key_file
from ota_engine.cli.fleet_desk import Json, State, opened, private_key
from ota_engine.cli.remarks import put, remark
from ota_engine.cli.user_passwords import PasswordFile, read_password
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text

if TYPE_CHECKING:
    from ota_engine.head_end.access.listing import AccountShown
    from ota_engine.head_end.access.moment import Moment

EXTRA: Final = "server"

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(
    user_tokens.app,
    cls=GroupedHelp,
    name="token",
    help="Make, list and revoke tokens of programs.",
)

Person = Annotated[str, typer.Argument(metavar="PERSON", help="Id of the person.")]


@app.callback()
def user() -> None:
    """Let persons sign in at a server, and programs on their behalf."""


@app.command("add")
def add_command(
    person: Person,
    state: State,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Her private key: the server signs with it."),
    ] = None,
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Make an account: by an invitation, or at once with a password.

    Alone, this prints a code by which she chooses a password herself, and gives her key. With --key
    or --password-file the account is made at once; the key stays sealed by her password. A person who
    is not in the fleet yet gets a key, and is let in once she is registered with it and confirmed.
    """
    require(EXTRA, "user")
    if key is None and password_file is None:
        _invite(state, person, is_new=True, as_json=as_json)
        return
    from ota_engine.head_end.access.accounts import choose, known_of, open_at_once
    from ota_engine.head_end.access.book import LOCAL_ACTOR
    from ota_engine.head_end.access.passwords import Passwords

    with opened(state) as desk:
        who = known_of(desk, person)
        _refuse_second(who.account, person)
        signer = None if key is None else private_key(key)
        password = read_password(password_file, is_new=True)
        chosen = choose(who, person, password, signer, Passwords())
        open_at_once(desk, person, chosen, LOCAL_ACTOR, now_of(state))
    told = {
        "person": person,
        "signs": bool(chosen.sealed_key),
        "registered": who.person is not None,
        "public_key": chosen.public_key,
    }
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    put(f"{person} has an account" + ("" if chosen.sealed_key else "; it holds no key of hers"))
    if who.person is None:
        put(_to_register(person))


@app.command("invite")
def invite_command(person: Person, state: State, as_json: Json = False) -> None:
    """Print a code by which who has an account chooses a new password.

    Her sessions and tokens end when she does. A sealed key is lost with a forgotten password: she gives
    her key file again.
    """
    require(EXTRA, "user")
    _invite(state, person, is_new=False, as_json=as_json)


@app.command("list")
def list_command(state: State, as_json: Json = False) -> None:
    """List accounts, and why somebody is not let in."""
    require(EXTRA, "user")
    from ota_engine.head_end.access.listing import accounts_shown

    with opened(state) as desk:
        found = accounts_shown(desk, now_of(state))
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], indent=2))
        return
    if not found:
        put("no account: zota user add makes one")
        return
    columns = (
        Column("person"),
        Column("party"),
        Column("name", gives_way=1),
        Column("sessions", right=True),
        Column("tokens", right=True),
    )
    lines = [
        TableRow(
            (one.person, one.party, one.name, f"{one.sessions:,}", f"{one.tokens:,}"), _why(one)
        )
        for one in found
    ]
    show_table(columns, lines)


@app.command("key")
def key_command(
    person: Person,
    state: State,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.")
    ] = None,
) -> None:
    """Print the public key of an account, with which its person is registered."""
    require(EXTRA, "user")
    from ota_engine.head_end.access.accounts import account_of
    from ota_engine.head_end.access.book import looking

    with opened(state) as desk, looking(desk) as book:
        public = account_of(book, person).public_key
    if not public:
        raise LocalError(
            f"the account of {person} holds no key: she has yet to accept, or gave none"
        )
    if output is None:
        typer.echo(public, nl=False)
    else:
        write_key_file(output, public.encode(), secret=False)
        put(f"the public key of {person} is in {output}")


@app.command("lock")
def lock_command(
    person: Person,
    state: State,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; she is told.")],
) -> None:
    """Let nobody in by an account, from the next request on; its tokens rest."""
    require(EXTRA, "user")
    from ota_engine.head_end.access.accounts import lock
    from ota_engine.head_end.access.book import LOCAL_ACTOR

    with opened(state) as desk:
        lock(desk, person, reason, LOCAL_ACTOR, now_of(state))
    put(f"the account of {person} is locked")


@app.command("unlock")
def unlock_command(person: Person, state: State) -> None:
    """Let a person in again, also where only wrong passwords kept her out."""
    require(EXTRA, "user")
    from ota_engine.head_end.access.accounts import unlock
    from ota_engine.head_end.access.book import LOCAL_ACTOR

    with opened(state) as desk:
        unlock(desk, person, LOCAL_ACTOR, now_of(state))
    put(f"the account of {person} is open")


@app.command("sessions")
def sessions_command(
    state: State,
    person: Annotated[str, typer.Argument(metavar="[PERSON]", help="Whose; all by default.")] = "",
    as_json: Json = False,
) -> None:
    """List who is signed in, from where and since when."""
    require(EXTRA, "user")
    from ota_engine.head_end.access.sessions import sessions_of

    with opened(state) as desk:
        found = sessions_of(desk, person, now_of(state))
    if as_json:
        fields = ("person", "begun_utc", "seen_utc", "ends_utc", "address")
        shown: list[dict[str, Any]] = [
            {name: getattr(one, name) for name in fields} for one in found
        ]
        typer.echo(json.dumps(shown, indent=2))
        return
    if not found:
        put("nobody is signed in")
        return
    columns = (Column("person"), Column("since"), Column("used"), Column("from", gives_way=1))
    lines = [
        TableRow(
            (
                one.person,
                utc_text(Utc(one.begun_utc)),
                utc_text(Utc(one.seen_utc)),
                one.address,
            )
        )
        for one in found
    ]
    show_table(columns, lines)


@app.command("sign-out")
def sign_out_command(person: Person, state: State) -> None:
    """End all sessions of a person; tokens stay."""
    require(EXTRA, "user")
    from ota_engine.head_end.access.accounts import sign_out_everywhere
    from ota_engine.head_end.access.book import LOCAL_ACTOR

    with opened(state) as desk:
        ended = sign_out_everywhere(desk, person, LOCAL_ACTOR, now_of(state))
    put(f"{counted(ended, 'session')} of {person} ended")


def now_of(state: Path) -> "Moment":
    """Now, by the calendar of a fleet.

    Raises:
        LocalError: the file that says how it runs cannot be used.
        OSError: it cannot be read.
    """
    from ota_engine.head_end.access.moment import Moment
    from ota_engine.head_end.trial_clock import clock_of
    from ota_engine.paced_clock import rate_of

    clock = clock_of(state)
    return Moment(clock(), rate_of(clock))


def _invite(state: Path, person: str, *, is_new: bool, as_json: bool) -> None:
    from ota_engine.head_end.access.accounts import INVITED_S, invite, known_of
    from ota_engine.head_end.access.book import LOCAL_ACTOR

    with opened(state) as desk:
        who, now = known_of(desk, person), now_of(state)
        if is_new:
            _refuse_second(who.account, person)
        elif who.account is None:
            raise LocalError(f"{person} has no account: zota user add makes one")
        code = invite(desk, person, LOCAL_ACTOR, now)
    until = now.after(INVITED_S)
    if as_json:
        told = {"person": person, "code": code, "until_utc": until}
        typer.echo(json.dumps({**told, "registered": who.person is not None}, indent=2))
        return
    remark(f"{person} is invited until {utc_text(until)}; the code, shown this once:")
    put(code)
    if who.person is None:
        remark(_to_register(person))


def _refuse_second(account: object | None, person: str) -> None:
    if account is not None:
        raise LocalError(f"{person} has an account already: zota user invite gives a new code")


def _to_register(person: str) -> str:
    return (
        f"{person} is not in the fleet yet: zota user key {person} prints the key to register,"
        " zota estate person add registers, and a second person confirms"
    )


def _why(one: "AccountShown") -> str:
    parts = [one.hindrance] if one.hindrance else []
    if one.invited_until_utc is not None:
        parts.append(f"invited until {utc_text(Utc(one.invited_until_utc))}")
    return "; ".join(parts)
