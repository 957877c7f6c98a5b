"""Calls hooks: in order, at least once, each at its own pace; decides nothing of what they are told.

What was told just before a crash is told again under the same name. A receiver that does not answer is left
alone for longer and longer, by the calendar of the fleet, and given up after some days.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import httpx
import trio

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.access.rows import Hook
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.access.book import looking
from ota_engine.head_end.access.viewing import viewer_of
from ota_engine.head_end.api.hook_events import HookCall, HookNews, news_of
from ota_engine.head_end.api.hook_keeping import HookSeal, hook_of, hooks_of, settle
from ota_engine.head_end.api.hook_reach import HookReach, address_of
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.asking import View
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey
from ota_engine.telling.http_poster import HttpPoster, answered
from ota_engine.telling.sink import DEFAULT_PATIENCE, Fate, SinkAnswer
from ota_engine.times import DAY_S, Utc
from ota_engine.wording import one_line

LOOK_S: Final = 1.0
CALL_S: Final = 10.0  # for one call as a whole
DEAD_S: Final = 3 * DAY_S  # without one call that was taken
TURN_S: Final = 20.0  # that a hook may take before others have their turn
MOST_AT_ONCE: Final = 16  # hooks that are called at the same time
MOST_ANSWER: Final = 4_096  # octets of an answer that are read
GONE: Final = 410


class HookCourier:
    """Calls the hooks of a fleet.

    Args:
        parts: of the server.
        reach: where hooks may go.
    """

    def __init__(self, parts: ServiceParts, reach: HookReach) -> None:
        self._parts = parts
        self._reach = reach
        self._some = trio.CapacityLimiter(MOST_AT_ONCE)
        self._busy: set[str] = set()
        self._skipped: dict[str, Hook] = {}  # looked at further than is kept: nothing was for them

    async def run(self) -> None:
        """Call hooks until cancelled; one that is slow holds up no other."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._start(nursery)
                await trio.sleep(LOOK_S)

    async def _start(self, nursery: trio.Nursery) -> None:
        busy = frozenset(self._busy)  # what is read of these may be old by now
        hooks = await self._parts.reading.ask(hooks_of)
        there = {hook.hook for hook in hooks}
        self._skipped = {name: one for name, one in self._skipped.items() if name in there}
        now = self._parts.clock()
        ready = [
            hook
            for hook in hooks
            if not (hook.ended or hook.hook in busy or _is_left_alone(hook, now))
        ]
        if not ready:
            return
        seal = HookSeal(await trio.to_thread.run_sync(FleetKey.open, self._parts.state / KEY_NAME))
        for hook in ready:
            self._busy.add(hook.hook)
            nursery.start_soon(self._serve, hook, seal)

    async def _serve(self, kept: Hook, seal: HookSeal) -> None:
        try:
            async with self._some, self._parts.writing.turn(f"hook {kept.hook}") as mine:
                if not mine:
                    return
                now = await self._parts.reading.ask(partial(hook_of, hook=kept.hook))
                if now is not None and not now.ended:  # since whoever had the turn before
                    await self._take_turn(now, seal)
        except StoreError as error:  # it is told again, under the same name
            self._parts.log("trouble", trouble=str(error))
        finally:
            self._busy.discard(kept.hook)

    async def _take_turn(self, kept: Hook, seal: HookSeal) -> None:
        ahead = self._skipped.pop(kept.hook, kept)
        hook = replace(kept, told=max(kept.told, ahead.told))
        utc = self._parts.clock()
        news = await self._parts.reading.ask(partial(_news, hook=hook, utc=utc))
        after = await self._tell(hook, news, seal)
        if replace(after, told=kept.told) == kept:
            self._skipped[kept.hook] = after
        else:
            utc = self._parts.clock()
            await self._parts.writing.use(partial(settle, hook=after, utc=utc))

    async def _tell(self, hook: Hook, news: HookNews | None, seal: HookSeal) -> Hook:
        """Make calls until one fails; gives the hook as it is then."""
        if news is None:
            return replace(hook, ended=f"{hook.person} is no longer in the fleet")
        if not news.calls:
            return news.after
        try:
            secret = seal.open(hook)
        except StoreError as error:
            return replace(hook, ended=str(error))
        done, begun = hook, trio.current_time()
        async with _HookPoster(hook, self._reach) as poster:
            for call in news.calls:
                answer = await poster.call(call, secret, self._parts.clock)
                if answer.fate is not Fate.ACCEPTED:
                    return self._failed(done, answer)
                done = _taken(call.after)
                if trio.current_time() > begun + TURN_S:
                    return done
        return replace(done, told=news.after.told)

    def _failed(self, hook: Hook, answer: SinkAnswer) -> Hook:
        utc = self._parts.clock()
        failures = hook.failures + 1
        since = utc if hook.failing_utc is None else hook.failing_utc
        ended = "it says that it is gone" if answer.fate is Fate.REFUSED else ""
        if utc - since >= DEAD_S:
            ended = f"no call was taken for {DEAD_S / DAY_S:.0f} days: {answer.problem}"
        return replace(
            hook,
            failures=failures,
            not_before_utc=utc + DEFAULT_PATIENCE.after(failures),
            trouble=answer.problem,
            failing_utc=since,
            ended=ended,
        )


class _HookPoster(HttpPoster):
    """Connections to where one hook is."""

    def __init__(self, hook: Hook, reach: HookReach) -> None:
        self._hook = httpx.URL(hook.url)
        self._reach = reach
        super().__init__(self._hook, {"Content-Type": "application/json"}, timeout=CALL_S)

    async def call(self, call: HookCall, secret: str, clock: Callable[[], Utc]) -> SinkAnswer:
        """Make one call; it is refused where the receiver is gone for ever."""
        told = {"delivery": call.delivery, "hook": call.after.hook, **call.told}
        body = json.dumps(told, ensure_ascii=False).encode()

        async def post() -> SinkAnswer:
            try:
                url, host = await address_of(self._hook, self._reach)
            except LocalError as error:
                return SinkAnswer(Fate.HELD, one_line(str(error)))
            headers = {
                "Host": host,
                "Zota-Delivery": call.delivery,
                "Zota-Signature": signature_of(secret, body, clock()),
            }
            extensions = {"sni_hostname": self._hook.host}
            request = self._client.stream(
                "POST", url, content=body, headers=headers, extensions=extensions
            )
            async with request as response:
                return _judged(response, await _beginning(response))

        return await self._attempted(post)


async def _beginning(response: httpx.Response) -> bytes:
    said = b""
    async for piece in response.aiter_raw():
        said += piece[: MOST_ANSWER - len(said)]
        if len(said) >= MOST_ANSWER:
            break
    return said


def _judged(response: httpx.Response, said: bytes) -> SinkAnswer:
    if response.is_success:
        return SinkAnswer(Fate.ACCEPTED)
    if response.is_redirect:
        problem = f"answered {response.status_code}: redirects are not followed"
        return SinkAnswer(Fate.HELD, problem)
    fate = Fate.REFUSED if response.status_code == GONE else Fate.HELD
    return SinkAnswer(fate, answered(response.status_code, said))


def _is_left_alone(hook: Hook, utc: Utc) -> bool:
    """Whether it is not yet tried again; whoever seems to wait longer than ever saw a clock jump, and is tried."""
    return utc < hook.not_before_utc <= utc + max(DEFAULT_PATIENCE.pauses)


def _taken(hook: Hook) -> Hook:
    return replace(hook, failures=0, not_before_utc=0.0, trouble="", failing_utc=None)


def signature_of(secret: str, body: bytes, utc: Utc) -> str:
    """Sign a call: HMAC-SHA-256 over the time, a dot and the body."""
    moment = int(utc)
    mac = hmac.new(secret.encode("ascii"), f"{moment}.".encode("ascii") + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


def _news(desk: FleetDesk, hook: Hook, utc: Utc) -> HookNews | None:
    """Look what there is for a hook; None where its person has left."""
    with looking(desk) as book:
        person = book.get(Person, hook.person)
        party = None if person is None else book.get(Party, person.party)
    if person is None or party is None or not person.active:
        return None
    return news_of(hook, View(desk, viewer_of(person, party), utc))
