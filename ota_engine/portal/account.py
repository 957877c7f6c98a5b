"""Pages of how people get in: one's own account, and for who keeps them the accounts of all."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from ota_engine.errors import LocalError
from ota_engine.fleet.access.rows import Account
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.access.cookies import set_cookie
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.listing import AccountShown, accounts_shown
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.sessions import SessionBegun, sessions_of
from ota_engine.head_end.access.tokens import TokenWish, tokens_of
from ota_engine.portal.answers import see
from ota_engine.portal.pages import FormPosted, PlaceInMenu, PortalPage, Visit
from ota_engine.portal.sign_in import read_key
from ota_engine.portal.subjects import KEEPERS, act_path

MOST_DIGITS: Final = 3  # of days

FormAnswer = Response | Mapping[str, Any]

_DONE: Final[Mapping[str, str]] = {
    "password": "Your password is changed; you are signed out everywhere else.",
    "key": "Your key is kept here, sealed by your password: what you decide is signed with it.",
    "replaced": "You sign with a new key; tokens that signed with the former one have ended.",
    "zone": "Times are shown in your zone.",
    "out": "You are signed out everywhere else.",
    "revoked": "The token lets nobody in any more.",
}


def _account(visit: Visit) -> Mapping[str, Any]:
    desk, person = visit.view.desk, visit.view.viewer.person
    mine = (("person", person),)
    accounts = desk.store.select(Select(Account, mine))
    persons = desk.store.select(Select(Person, mine))
    account = accounts[0] if accounts else None
    signs = bool(persons and persons[0].key)
    return {
        "title": "Your account",
        "person": person,
        "signs": signs,
        "key_kept": account is not None and bool(account.sealed_key),
        "zone_name": "" if account is None else account.zone,
        "sessions": sessions_of(desk, person, Moment(visit.utc)),
        "tokens": [one for one in tokens_of(desk, person) if one.ends_utc > visit.utc],
        "token": "",
        "errors": {},
        "what": "",
        "well": _DONE.get(visit.query.get("well", ""), ""),
    }


def _desk(posted: FormPosted) -> AccessDesk:
    if not isinstance(posted.parts.entry, AccessDesk):
        raise LocalError("accounts are kept elsewhere: ask whoever runs this server")
    return posted.parts.entry


async def _account_taken(posted: FormPosted) -> FormAnswer:
    what = posted.text("what")
    do = _ACCOUNT.get(what)
    if do is None:
        raise LocalError("this is nothing that an account page does: open it anew")
    try:
        return await do(posted)
    except LocalError as error:
        return {"errors": {"": str(error)}, "what": what}


def _anew(posted: FormPosted, begun: SessionBegun, well: str) -> Response:
    answer = see(f"/account?well={well}")
    answer.headers["Set-Cookie"] = set_cookie(begun.secret, secure=posted.parts.secure)
    return answer


async def _password(posted: FormPosted) -> FormAnswer:
    if posted.form.get("password") != posted.form.get("again"):
        return {"errors": {"again": "the two are not the same: write it twice"}, "what": "password"}
    begun = await _desk(posted).change_password(
        posted.signed, _secret(posted, "former"), _secret(posted, "password"), posted.address
    )
    return _anew(posted, begun, "password")


def _secret(posted: FormPosted, name: str) -> str:
    """Take a secret as it was written, blanks and all."""
    found = posted.form.get(name)
    return found if isinstance(found, str) else ""


async def _key(posted: FormPosted) -> FormAnswer:
    upload = posted.form.get("key.file")
    octets = await upload.read() if isinstance(upload, UploadFile) else b""
    key = read_key(octets.decode("utf-8", "replace"))
    if key is None:
        raise LocalError("no file was given: choose the one with your private key")
    begun = await _desk(posted).keep_key(
        posted.signed, _secret(posted, "current"), key, posted.address
    )
    return _anew(posted, begun, "key")


async def _replace(posted: FormPosted) -> FormAnswer:
    reply, begun = await _desk(posted).replace_key(
        posted.signed, _secret(posted, "current"), posted.address
    )
    if begun is None:
        raise LocalError(reply.text)
    return _anew(posted, begun, "replaced")


async def _zone(posted: FormPosted) -> FormAnswer:
    await _desk(posted).set_zone(posted.signed, posted.text("zone"))
    return see("/account?well=zone")


async def _token(posted: FormPosted) -> FormAnswer:
    days = posted.text("days")
    if not (days.isascii() and days.isdigit() and len(days) <= MOST_DIGITS):
        return {"errors": {"days": "write a number of days, 1 to 366"}, "what": "token"}
    wish = TokenWish(posted.text("name"), int(days), bool(posted.text("reads_only")))
    token = await _desk(posted).make_token(posted.signed, wish)
    return {"token": token, "status": 200}


async def _revoke(posted: FormPosted) -> FormAnswer:
    await _desk(posted).revoke_token(posted.signed, posted.text("name"))
    return see("/account?well=revoked")


async def _out(posted: FormPosted) -> FormAnswer:
    await _desk(posted).sign_out_everywhere(posted.signed)
    return see("/sign-in")


_ACCOUNT: Final[Mapping[str, Callable[[FormPosted], Awaitable[FormAnswer]]]] = {
    "password": _password,
    "key": _key,
    "replace": _replace,
    "zone": _zone,
    "token": _token,
    "revoke": _revoke,
    "out": _out,
}


# --- accounts of all -----------------------------------------------------------------------------


def _users(visit: Visit) -> Mapping[str, Any]:
    desk = visit.view.desk
    accounts = {one.person: one for one in accounts_shown(desk, Moment(visit.utc))}
    persons = {one.person: one for one in desk.store.select(Select(Person))}
    parties = {one.party: one for one in desk.store.select(Select(Party))}
    return {
        "title": "People",
        "rows": [
            {
                "id": name,
                "person": persons.get(name),
                "account": accounts.get(name),
                "party": parties.get(persons[name].party) if name in persons else None,
                "registered": _registering(name, accounts) if name not in persons else "",
                "confirm": act_path("confirm-person", {"person": name}, "/users")
                if name in persons and not persons[name].active and persons[name].revision == 1
                else "",
                "remove": act_path("remove-person", {"person": name}, "/users")
                if name in persons and persons[name].active and name != visit.view.viewer.person
                else "",
            }
            for name in sorted({*accounts, *persons})
        ],
        "parties": sorted(parties.values(), key=lambda one: one.party),
        "register": act_path("register-person", {}, "/users"),
        "register_party": act_path("register-party", {}, "/users"),
        "code": "",
        "invited": "",
        "errors": {},
    }


def _registering(person: str, accounts: Mapping[str, AccountShown]) -> str:
    """Link to the form by which somebody is registered with the key of her account, once she has one."""
    key = accounts[person].public_key
    return act_path("register-person", {"person": person, "key": key}, "/users") if key else ""


async def _users_taken(posted: FormPosted) -> FormAnswer:
    desk, person = _desk(posted), posted.text("person")
    try:
        match posted.text("what"):
            case "invite":
                code = await desk.invite(posted.signed, person)
                return {"code": code, "invited": person, "status": 200}
            case "lock":
                await desk.lock(posted.signed, person, posted.text("why"))
            case "unlock":
                await desk.unlock(posted.signed, person)
            case _:
                raise LocalError("this is nothing that this page does: open it anew")
    except LocalError as error:
        return {"errors": {"": str(error)}}
    return see("/users")


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/account",
        template="account.html",
        read=_account,
        take=_account_taken,
        personal=True,
    ),
    PortalPage(
        path="/users",
        template="users.html",
        read=_users,
        take=_users_taken,
        roles=KEEPERS,
        menu=PlaceInMenu("Network", "People"),
        personal=True,
    ),
)
