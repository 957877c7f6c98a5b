"""The desk at which persons and programs are let in, and look after how they are; knows no HTTP.

What it reads it reads beside whoever decides; what it changes is one commit with its line in the audit
trail. When somebody was last seen, and what was refused, is kept in memory for some seconds and then written
together, so that no request and no attacker costs a commit each; a server that dies loses these seconds.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import ceil
from typing import Any, Final, TypeVar

import trio
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.routing import BaseRoute

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.access.rows import AccessToken, BrowserSession
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.identifiers import is_id
from ota_engine.head_end.access import accounts, keeping, sessions, tokens
from ota_engine.head_end.access.accounts import (
    KnownPerson,
    choose,
    chosen_of,
    known_of,
    refuse_other_key,
)
from ota_engine.head_end.access.entry import EntryWay, SignedIn
from ota_engine.head_end.access.listing import AccountShown, accounts_shown
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import Passwords, TooManyChecksError, refuse_weak
from ota_engine.head_end.access.secret_texts import SecretKind, read_secret
from ota_engine.head_end.access.sessions import Arrival, SessionBegun
from ota_engine.head_end.access.tokens import TokenWish
from ota_engine.head_end.refusals import NOBODY, RefusalLedger, write_notes
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.head_end.service.parts import ServiceLog
from ota_engine.paced_clock import rate_of
from ota_engine.times import Utc
from ota_engine.wording import counted, one_line

T = TypeVar("T")

ACTOR: Final = "access"
WRITE_S: Final = 10.0  # between two commits of what is kept in memory
TIDY_S: Final = 600.0
BUSY_S: Final = 60.0  # to wait where too many passwords are checked
WRONG: Final = (
    "the person or the password is wrong: try again, or ask the operator for a new invitation"
)
#: Whose persons keep accounts.
KEEPERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.ADMINISTRATOR})
_NO_ID: Final = "?"  # stands for whatever is the id of no person


class NotLetInError(LocalError):
    """Somebody is not let in.

    Attributes:
        after_s: seconds before another attempt is looked at; 0 for at once.
    """

    def __init__(self, text: str, after_s: float = 0.0) -> None:
        super().__init__(text)
        self.after_s = after_s


class NotAllowedError(LocalError):
    """What somebody wants who has come in is not for him or her."""


class AccessDesk:
    """Lets persons and programs in.

    Args:
        writing: where the fleet decides.
        reading: where it is read beside that.
        clock: gives UTC; what lasts for people is measured in their seconds, however fast it runs.
        passwords: checks them.
        log: is told who signs in from where, which the audit trail is not: it is kept for ever.
    """

    def __init__(
        self,
        writing: DeskRoom,
        reading: ReadingRoom,
        clock: Callable[[], Utc],
        passwords: Passwords | None = None,
        log: ServiceLog | None = None,
    ) -> None:
        self._writing = writing
        self._reading = reading
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._log = log or _unheard
        self._seen: dict[str, float] = {}
        self._refusals = RefusalLedger(ACTOR)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """It answers nothing by itself: other doors ask it."""
        return ()

    # --- who comes in ---------------------------------------------------------------------------

    async def sign_in(
        self, person: str, password: str, address: str, former: str = ""
    ) -> SessionBegun:
        """Let a person in by her password.

        Args:
            person: id, as it was typed.
            password: the same.
            address: from where she comes.
            former: what the cookie of her browser held; that session is over then.

        Returns:
            who she is, and the secret for the cookie, which is kept nowhere.

        Raises:
            NotLetInError: she is not let in; which of the two was wrong is not said.
            StoreError: the database failed.
        """
        person = person if is_id(person) else _NO_ID
        who, arrival = await self._arrived(person, password, address)
        if who.hindrance:
            self._refusals.note("not let in", person, "sign in refused")
            raise NotLetInError(who.hindrance)
        begun = await self._change(sessions.begin_session, arrival=arrival._replace(former=former))
        self._log("sign in", person=person, address=address)
        return begun

    async def by_session(self, secret: str) -> SignedIn | None:
        """Know somebody by the secret in the cookie; None for nobody.

        Raises:
            StoreError: the database failed.
        """
        read = read_secret(secret, SecretKind.SESSION)
        if read is None:
            return None
        now, used = self._now(), self._seen.get(read.digest, 0.0)
        seen = await self._reading.ask(
            partial(sessions.by_session, secret=read, seen_utc=used, now=now)
        )
        return self._used(seen, now)

    async def by_token(self, token: str) -> SignedIn | None:
        """Know a program by its token; None for nobody.

        Raises:
            StoreError: the database failed.
        """
        read, now, seen = read_secret(token, SecretKind.TOKEN), self._now(), None
        if read is not None:
            seen = await self._reading.ask(partial(sessions.by_token, secret=read, now=now))
        if seen is None:
            self._refusals.note("unknown, over or revoked", NOBODY, "token refused")
        return self._used(seen, now)

    async def still_in(self, seen: SignedIn) -> bool:
        """Whether somebody who came in may stay; it counts as no use.

        Raises:
            StoreError: the database failed.
        """
        used = self._seen.get(seen.digest, 0.0)
        return await self._reading.ask(
            partial(sessions.still_in, seen=seen, seen_utc=used, now=self._now())
        )

    async def refused(self, seen: SignedIn, what: str) -> None:
        """Note in the audit trail, with the next of them, that somebody wanted what is not for her."""
        self._refusals.note(one_line(what), seen.viewer.person)

    async def sign_out(self, seen: SignedIn) -> None:
        """End a session; a token is ended by revoking it.

        Raises:
            StoreError: the database failed.
        """
        await self._change(sessions.end_session, digest=seen.digest, person=seen.viewer.person)

    # --- what a person does about her own way in --------------------------------------------------

    async def sign_out_everywhere(self, seen: SignedIn, person: str = "") -> int:
        """End all sessions of a person.

        Args:
            seen: who wants it.
            person: whose; empty for her own, another's for who keeps accounts.

        Returns:
            how many there were.

        Raises:
            NotAllowedError: it is not for whoever wants it.
            LocalError: there is no such account.
            StoreError: the database failed.
        """
        actor = _who_keeps(seen, person)
        return await self._change(accounts.sign_out_everywhere, person=person or actor, actor=actor)

    async def sessions(self, seen: SignedIn) -> list[BrowserSession]:
        """List where a person is signed in.

        Raises:
            StoreError: the database failed.
        """
        return await self._reading.ask(
            partial(sessions.sessions_of, person=seen.viewer.person, now=self._now())
        )

    async def tokens(self, seen: SignedIn) -> list[AccessToken]:
        """List a person's tokens.

        Raises:
            StoreError: the database failed.
        """
        return await self._reading.ask(partial(tokens.tokens_of, person=seen.viewer.person))

    async def make_token(self, seen: SignedIn, wish: TokenWish) -> str:
        """Make a token of the person who is signed in; a program makes none for itself.

        Returns:
            the token; it is kept nowhere.

        Raises:
            NotAllowedError: whoever wants it came in by a token.
            LocalError: the wish is none, or there are too many.
            StoreError: the database failed.
        """
        person = _by_browser(seen)
        return await self._change(
            tokens.make_token, person=person, wish=wish, key=seen.signer, actor=person
        )

    async def revoke_token(self, seen: SignedIn, name: str) -> None:
        """End a token at once.

        Raises:
            NotAllowedError: whoever wants it came in by a token.
            LocalError: there is none of that name.
            StoreError: the database failed.
        """
        person = _by_browser(seen)
        await self._change(tokens.revoke_token, person=person, name=name, actor=person)

    async def change_password(
        self, seen: SignedIn, former: str, password: str, address: str
    ) -> SessionBegun:
        """Take another password; all her sessions end, and this browser gets a new one.

        Args:
            seen: who.
            former: the password that counts now; guesses at it are limited as at a sign-in.
            password: the one that is to.
            address: from where she comes.

        Raises:
            NotAllowedError: whoever wants it came in by a token.
            NotLetInError: the former password is wrong.
            LocalError: the new one is weak.
            StoreError: the database failed.
        """
        refuse_weak(password, _by_browser(seen), seen.name)
        arrival = await self._checked(seen, former, address)
        return await self._anew(arrival, password, arrival.key, "password changed")

    async def keep_key(
        self, seen: SignedIn, password: str, key: ec.EllipticCurvePrivateKey, address: str
    ) -> SessionBegun:
        """Seal the private key that is registered for a person, which her account lacks so far.

        Raises:
            NotAllowedError: whoever wants it came in by a token.
            NotLetInError: the password is wrong.
            LocalError: the key is not the one that is registered.
            StoreError: the database failed.
        """
        person = _by_browser(seen)
        who = await self._reading.ask(partial(known_of, person=person))
        refuse_other_key(who, person, key)
        arrival = await self._checked(seen, password, address)
        return await self._anew(arrival, password, key, "key kept")

    async def replace_key(
        self, seen: SignedIn, password: str, address: str
    ) -> tuple[Reply, SessionBegun | None]:
        """Have a person sign with a new key from now on: she decides it, signed with the former one.

        Tokens that signed with the former one are revoked.

        Returns:
            the answer to her decision, and a new session where it was taken.

        Raises:
            NotAllowedError: whoever wants it came in by a token, or her key is not at hand.
            NotLetInError: the password is wrong.
            StoreError: the database failed.
        """
        arrival = await self._checked(seen, password, address)
        if seen.signer is None:
            raise NotAllowedError("your key is not kept here: sign the change of it with that key")
        new_key = ec.generate_private_key(ec.SECP256R1())
        chosen = await self._apart(
            partial(chosen_of, self._passwords, arrival.account.person, password, new_key)
        )
        return await self._change(
            keeping.replace_key,
            arrival=arrival._replace(key=new_key),
            chosen=chosen,
            signer=seen.signer,
        )

    async def set_zone(self, seen: SignedIn, zone: str) -> None:
        """Show times in another zone to a person; an empty name for that of the server.

        Raises:
            LocalError: there is no such zone.
            StoreError: the database failed.
        """
        await self._change(keeping.set_zone, person=seen.viewer.person, zone=zone)

    # --- who keeps accounts -----------------------------------------------------------------------

    async def accounts(self, seen: SignedIn) -> list[AccountShown]:
        """List all accounts, for who keeps them.

        Raises:
            NotAllowedError: it is not for whoever asks.
            StoreError: the database failed.
        """
        _keeper(seen)
        return await self._reading.ask(partial(accounts_shown, now=self._now()))

    async def invite(self, seen: SignedIn, person: str) -> str:
        """Make a code by which a person opens her account, or chooses a new password.

        Returns:
            the code; it is kept nowhere.

        Raises:
            NotAllowedError: it is not for whoever wants it.
            LocalError: the id is none, or the person was removed.
            StoreError: the database failed.
        """
        actor = _keeper(seen)
        return await self._change(accounts.invite, person=person, actor=actor)

    async def invited(self, code: str) -> str:
        """Say whom a code invites.

        Raises:
            LocalError: nobody.
            StoreError: the database failed.
        """
        person, _ = await self._reading.ask(partial(accounts.invited, code=code, now=self._now()))
        return person

    async def accept(
        self, code: str, password: str, key: ec.EllipticCurvePrivateKey | None = None
    ) -> keeping.Accepted:
        """Open an account by a code; she signs in afterwards.

        Args:
            code: of the invitation.
            password: that she chooses.
            key: the private key that is registered for her; None for none. A person who is not in the
                fleet yet may give one of hers, and otherwise gets one.

        Raises:
            LocalError: the code invites nobody, the password is weak, or the key is another one.
            StoreError: the database failed.
        """
        ask = partial(accounts.invited, code=code, now=self._now())
        person, who = await self._reading.ask(ask)
        chosen = await self._apart(partial(choose, who, person, password, key, self._passwords))
        await self._change(accounts.accept, code=code, chosen=chosen)
        return keeping.Accepted(person, chosen.public_key, who.person is None)

    async def lock(self, seen: SignedIn, person: str, why: str) -> None:
        """Let nobody in by an account, at once.

        Raises:
            NotAllowedError: it is not for whoever wants it, or it is her own.
            LocalError: there is none, or no reason.
            StoreError: the database failed.
        """
        actor = _keeper(seen)
        if person == actor:
            raise NotAllowedError("you cannot lock your own account: somebody else does")
        await self._change(accounts.lock, person=person, why=why, actor=actor)

    async def unlock(self, seen: SignedIn, person: str) -> None:
        """Let a person in again.

        Raises:
            NotAllowedError: it is not for whoever wants it.
            LocalError: there is no such account.
            StoreError: the database failed.
        """
        actor = _keeper(seen)
        await self._change(accounts.unlock, person=person, actor=actor)

    # --- by itself ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write every few seconds what is kept in memory, until cancelled; then once more."""
        tidied = float("-inf")
        try:
            while True:
                await trio.sleep(WRITE_S)
                try:
                    await self.write()
                    if trio.current_time() >= tidied + TIDY_S:
                        await self._change(sessions.forget_ended)
                        tidied = trio.current_time()
                except StoreError:
                    continue  # it is kept, and written when the database is well again
        finally:
            with trio.CancelScope(shield=True), suppress(StoreError):
                await self.write()

    async def write(self) -> None:
        """Write who was seen and what was refused, if anything.

        Raises:
            StoreError: the database failed; it is written with the next.
        """
        seen, self._seen = self._seen, {}
        notes = self._refusals.take()
        try:
            if seen:
                await self._change(sessions.note_seen, seen=seen)
                seen = {}
            if notes:
                utc = self._clock()
                await self._writing.use(partial(write_notes, notes=notes, utc=utc))
        except StoreError:
            self._seen = seen | self._seen
            self._refusals.put_back(notes)
            raise

    # --- what the above is made of --------------------------------------------------------------

    async def _arrived(
        self, person: str, password: str, address: str
    ) -> tuple[KnownPerson, Arrival]:
        """Check a password, where that is not tried too often."""
        ask = partial(sessions.attempt_wait, person=person, address=address, now=self._now())
        wait = await self._reading.ask(ask)
        if wait <= 0.0:
            wait = await self._change(sessions.count_attempt, person=person, address=address)
        if wait > 0.0:
            self._refusals.note("too many attempts", NOBODY, "sign in refused")
            seconds = counted(ceil(wait), "second")
            raise NotLetInError(f"too many attempts: try again in {seconds}", wait)
        who = await self._reading.ask(partial(known_of, person=person))
        account = who.account
        arrival = await self._apart(
            partial(keeping.check_password, self._passwords, account, password, address)
        )
        if arrival is None:
            there = NOBODY if account is None else person
            self._refusals.note("wrong person or password", there, "sign in refused")
            self._log("sign in refused", person=there, address=address)
            raise NotLetInError(WRONG)
        return who, arrival

    async def _checked(self, seen: SignedIn, password: str, address: str) -> Arrival:
        """Have somebody who is signed in prove by her password that it is still she."""
        _, arrival = await self._arrived(_by_browser(seen), password, address)
        return arrival

    async def _anew(
        self, arrival: Arrival, password: str, key: ec.EllipticCurvePrivateKey | None, what: str
    ) -> SessionBegun:
        """Give an account a password and a key, and let its person in anew."""
        chosen = await self._apart(
            partial(chosen_of, self._passwords, arrival.account.person, password, key)
        )
        arrival = arrival._replace(key=key)
        return await self._change(keeping.change_account, arrival=arrival, chosen=chosen, what=what)

    def _used(self, seen: SignedIn | None, now: Moment) -> SignedIn | None:
        if seen is not None:
            self._seen[seen.digest] = sessions.to_the_minute(now.utc)
        return seen

    async def _apart(self, call: Callable[[], T]) -> T:
        try:
            return await self._passwords.apart(call)
        except TooManyChecksError as error:
            raise NotLetInError(str(error), BUSY_S) from None

    def _now(self) -> Moment:
        return Moment(self._clock(), rate_of(self._clock))

    async def _change(self, change: Callable[..., T], **given: Any) -> T:
        """Change something in one commit."""
        return await self._writing.use(partial(change, now=self._now(), **given))


def _unheard(event: str, **facts: object) -> None:
    """Nobody hears it."""


def _by_browser(seen: SignedIn) -> str:
    """Let only who is there herself change how she gets in."""
    if seen.way is not EntryWay.SESSION:
        raise NotAllowedError(
            "a program may not change how a person gets in: sign in with a browser"
        )
    return seen.viewer.person


def _who_keeps(seen: SignedIn, person: str) -> str:
    """Let a person see to her own account, and who keeps accounts to all."""
    return _by_browser(seen) if person in ("", seen.viewer.person) else _keeper(seen)


def _keeper(seen: SignedIn) -> str:
    if seen.viewer.roles.isdisjoint(KEEPERS) or seen.reads_only:
        raise NotAllowedError(
            f"{seen.viewer.person} of {seen.viewer.party} may not keep accounts: it takes"
            f" {' or '.join(sorted(KEEPERS))}"
        )
    return seen.viewer.person
