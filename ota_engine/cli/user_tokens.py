"""``zota user token``: tokens by which programs come in on behalf of a person."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.extras import require
from ota_engine.cli.files import write_key_file
from ota_engine.cli.fleet_desk import Json, State, opened, private_key
from ota_engine.cli.remarks import put, remark
from ota_engine.cli.user_passwords import PasswordFile, read_password
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wording import utc_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from ota_engine.head_end.access.moment import Moment
    from ota_engine.head_end.desk import FleetDesk

EXTRA = "server"

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Person = Annotated[str, typer.Argument(metavar="PERSON", help="On whose behalf.")]
Name = Annotated[str, typer.Option("--name", metavar="TEXT", help="What she calls it.")]


@app.callback()
def token() -> None:
    """Make, list and revoke tokens of programs."""


@app.command("add")
def add_command(
    person: Person,
    state: State,
    name: Name,
    days: Annotated[int, typer.Option("--days", metavar="N", help="For how long, 1 to 366.")] = 90,
    reads_only: Annotated[
        bool, typer.Option("--reads-only", help="It is to decide nothing.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help="Her private key: what comes is signed with it."
        ),
    ] = None,
    password_file: PasswordFile = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="Write it there, for the owner alone."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token, and print it once.

    The server signs what comes by it with the person's key, which is opened by --password-file or
    given by --key. With neither, whoever uses it signs decisions; --reads-only decides none.
    """
    require(EXTRA, "user token")
    from ota_engine.cli.user import now_of
    from ota_engine.head_end.access.book import LOCAL_ACTOR
    from ota_engine.head_end.access.tokens import TokenWish, make_token, revoke_token

    if token_file is not None and token_file.exists():
        raise LocalError(f"{token_file}: exists already; name another")
    with opened(state) as desk:
        now = now_of(state)
        signer = _signer(desk, person, key, password_file, now)
        wish = TokenWish(name, days, reads_only)
        made = make_token(desk, person, wish, signer, LOCAL_ACTOR, now)
        if token_file is not None:
            try:
                write_key_file(token_file, f"{made}\n".encode(), secret=True)
            except OSError:
                revoke_token(desk, person, name, LOCAL_ACTOR, now)  # nobody has it
                raise
    signs = signer is not None and not reads_only
    told = {"person": person, "name": name, "reads_only": reads_only, "signs": signs}
    if as_json:
        shown = {"token": made} if token_file is None else {"token_file": str(token_file)}
        typer.echo(json.dumps({**told, **shown}, indent=2))
    elif token_file is not None:
        put(f"token {name} of {person} is in {token_file}")
    else:
        remark(f"token {name} of {person}, shown this once:")
        put(made)


@app.command("list")
def list_command(
    state: State,
    person: Annotated[str, typer.Argument(metavar="[PERSON]", help="Whose; all by default.")] = "",
    as_json: Json = False,
) -> None:
    """List tokens; none of them is shown again."""
    require(EXTRA, "user token")
    from ota_engine.head_end.access.tokens import tokens_of

    with opened(state) as desk:
        found = tokens_of(desk, person)
    if as_json:
        fields = ("person", "name", "reads_only", "created_utc", "ends_utc", "seen_utc")
        rows = [{name: getattr(one, name) for name in fields} for one in found]
        shown = [
            {**row, "signs": bool(one.sealed_key)} for row, one in zip(rows, found, strict=True)
        ]
        typer.echo(json.dumps(shown, indent=2))
        return
    if not found:
        put("no token")
        return
    columns = (Column("person"), Column("name"), Column("may"), Column("ends"), Column("used"))
    lines = [
        TableRow(
            (
                one.person,
                one.name,
                "read" if one.reads_only else "decide",
                utc_text(Utc(one.ends_utc)),
                "" if one.seen_utc is None else utc_text(Utc(one.seen_utc)),
            )
        )
        for one in found
    ]
    show_table(columns, lines)


@app.command("revoke")
def revoke_command(person: Person, state: State, name: Name) -> None:
    """End a token at once."""
    require(EXTRA, "user token")
    from ota_engine.cli.user import now_of
    from ota_engine.head_end.access.book import LOCAL_ACTOR
    from ota_engine.head_end.access.tokens import revoke_token

    with opened(state) as desk:
        revoke_token(desk, person, name, LOCAL_ACTOR, now_of(state))
    put(f"token {name} of {person} is revoked")


def _signer(
    desk: "FleetDesk", person: str, key: Path | None, password_file: Path | None, now: "Moment"
) -> "ec.EllipticCurvePrivateKey | None":
    """Have the key with which the server is to sign, where there is one.

    Raises:
        LocalError: the password is wrong, or her account holds no key.
    """
    from ota_engine.head_end.access.accounts import known_of
    from ota_engine.head_end.access.keeping import check_password
    from ota_engine.head_end.access.passwords import Passwords

    if key is not None:
        return private_key(key)
    if password_file is None:
        return None
    account = known_of(desk, person).account
    arrival = check_password(Passwords(), account, read_password(password_file, is_new=False), "")
    if arrival is None:
        raise LocalError(f"{password_file}: not the password of {person}")
    if arrival.key is None:
        raise LocalError(f"the account of {person} holds no key: give it with --key FILE")
    return arrival.key
