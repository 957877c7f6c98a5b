"""The API: every question of the fleet and every act of persons over HTTP; decides nothing.

Its addresses are made of the tables of questions and of acts. Whoever comes shows a token; what he or she
may see and decide is for the questions and for the fleet. Whatever goes wrong is a problem document of
one clear line, faults of ours too, which are told in the log and not to the caller.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import trio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from images.strict_json import MAX_BYTES
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.kernel.decisions import Decision, RefusalCode
from ota_engine.fleet.parties.acts import ReplaceKey
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.api.addresses import PREFIX, act_address, read_question
from ota_engine.head_end.api.crowd import AGAIN_S, Crowd
from ota_engine.head_end.api.description import description
from ota_engine.head_end.api.files import ApiFiles
from ota_engine.head_end.api.headers import (
    decision_key,
    expected_revision,
    is_held,
    next_link,
    refuse_unacceptable,
    tag_of,
)
from ota_engine.head_end.api.hook_courier import HookCourier
from ota_engine.head_end.api.hook_reach import HookReach
from ota_engine.head_end.api.hooks import ApiHooks
from ota_engine.head_end.api.problems import Problem, ProblemCode
from ota_engine.head_end.api.reception import (
    JSON,
    NO_STORE,
    ApiReception,
    ApiWork,
    json_octets,
    problem_response,
    refuse_reader,
)
from ota_engine.head_end.api.wanted import ActWanted, read_act, read_posted
from ota_engine.head_end.deciding import Answered, Wish, decide, hand_in, plain
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.posted import PostedBody, PostWanted, posted_body
from ota_engine.head_end.questions.asking import QuestionRow, View
from ota_engine.head_end.questions.catalogue import QUESTIONS, ask
from ota_engine.head_end.questions.values import plain as plain_answer
from ota_engine.head_end.service.parts import ServiceParts

BODY_S: Final = 10.0  # for a body to arrive
MOST_DECIDERS: Final = 32  # decisions that wait; whoever comes then is told so
READING: Final = 4  # bodies that are read at the same time
_BODY: Final = PostWanted("body", f"post JSON as Content-Type {JSON}", (JSON,), MAX_BYTES, BODY_S)


class ApiDoor:
    """The door of the API.

    Args:
        parts: of the server.
        crowd: bounds how many requests are open.
        reach: where hooks may go; None for public addresses alone.
    """

    def __init__(
        self,
        parts: ServiceParts,
        crowd: Crowd | None = None,
        reach: HookReach | None = None,
    ) -> None:
        self._parts = parts
        self._reception = ApiReception(parts, crowd or Crowd())
        self._threads = trio.CapacityLimiter(READING)
        self._described: bytes | None = None
        self._courier = HookCourier(parts, reach or HookReach())
        files, hooks = ApiFiles(parts), ApiHooks(parts)
        works: dict[str, dict[str, ApiWork]] = {
            f"/{row.path}": {"GET": partial(self._ask, kind, row)}
            for kind, row in QUESTIONS.items()
        }
        works |= {
            act_address(kind).removeprefix(PREFIX): {"POST": partial(self._decide, kind)}
            for kind in Fleet().acts
        }
        works |= {f"/imports/{kind}": {"POST": partial(files.take, kind)} for kind in ImportKind}
        works |= {
            "/evidence/{campaign}": {"GET": files.evidence},
            "/hooks": {"GET": hooks.list, "POST": hooks.make},
            "/hooks/{hook}": {"DELETE": hooks.drop},
        }
        self._app = Starlette(
            routes=[
                *(self._route(path, by_method) for path, by_method in works.items()),
                Route("/openapi.json", self._reception.told_openly(self._describe)),
            ],
            exception_handlers={HTTPException: self._reception.no_route},
        )
        self._app.router.redirect_slashes = False

    def _route(self, path: str, works: Mapping[str, ApiWork]) -> Route:
        async def work(request: Request, seen: SignedIn) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            return await works[method](request, seen)

        return Route(path, self._reception.told(work), methods=list(works))

    async def _describe(self, request: Request) -> Response:
        refuse_unacceptable(request.headers.get("accept"), JSON)
        if self._described is None:
            self._described = await trio.to_thread.run_sync(
                lambda: json_octets(description()), limiter=self._threads
            )
        return Response(self._described, headers=NO_STORE, media_type=JSON)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it answers."""
        mount = Mount(PREFIX, app=self._app)
        # A line break in a path is a trick of the path, and answered as one.
        mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
        return (mount,)

    async def run(self) -> None:
        """Call hooks, until cancelled."""
        await self._courier.run()

    # --- questions -------------------------------------------------------------------------------

    async def _ask(
        self, kind: type[Any], row: QuestionRow, request: Request, seen: SignedIn
    ) -> Response:
        refuse_unacceptable(request.headers.get("accept"), JSON)
        question = read_question(kind, row, request.path_params, request.query_params.multi_items())
        utc = self._parts.clock()

        def answered(desk: FleetDesk) -> tuple[Any, bytes]:
            answer = ask(question, View(desk, seen.viewer, utc, self._parts.live))
            return answer, json_octets(plain_answer(answer, row.gives))

        answer, octets = await self._parts.reading.ask(answered)
        tag = tag_of(answer, octets)
        headers = {"ETag": tag, **NO_STORE}
        more = getattr(answer, "more", "")
        if more:
            query = dict(request.query_params)
            headers["Link"] = next_link(request.scope["raw_path"].decode("ascii"), query, more)
        if is_held(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers=headers)
        return Response(octets, headers=headers, media_type=JSON)

    # --- decisions -------------------------------------------------------------------------------

    async def _decide(self, kind: type[Any], request: Request, seen: SignedIn) -> Response:
        refuse_unacceptable(request.headers.get("accept"), JSON)
        refuse_reader(seen)
        key = decision_key(request.headers.get("idempotency-key"))
        revision = expected_revision(request.headers.get("if-match"))
        body = await posted_body(request, _BODY)
        try:
            wanted = await trio.to_thread.run_sync(_read_wanted, kind, body, limiter=self._threads)
        finally:
            body.close()
        if self._parts.writing.waiting >= MOST_DECIDERS:
            raise Problem(
                ProblemCode.BUSY,
                f"{MOST_DECIDERS} decisions wait already: give it again in a moment",
                {"Retry-After": AGAIN_S},
            )
        wish = Wish(seen.viewer.person, wanted.act, wanted.reason, revision, key)
        answered = await self._parts.writing.use(partial(self._give, wish, wanted, seen))
        return _reply(answered)

    def _give(self, wish: Wish, wanted: ActWanted, seen: SignedIn, desk: FleetDesk) -> Answered:
        utc = self._parts.clock()
        if wanted.signature is None and isinstance(wish.act, ReplaceKey):
            raise Problem(
                RefusalCode.SIGNATURE,
                "a key is replaced on the account page, or signed for where the former one is:"
                " what lets a program in does not do for it",
            )
        if wanted.signature is None:
            return decide(desk, wish, seen.signer, utc)
        if not wish.key or wanted.given_utc is None:
            raise Problem(
                ProblemCode.MALFORMED,
                "whoever signs names what was signed: give Idempotency-Key and given_utc, too",
            )
        decision = Decision(
            wish.key,
            wish.person,
            wish.act,
            wish.reason,
            wish.revision,
            wanted.given_utc,
            wanted.signature,
        )
        return hand_in(desk, decision, utc)


def _read_wanted(kind: type[Any], body: PostedBody) -> ActWanted:
    """Read what somebody wants decided.

    Raises:
        Problem: the body does not say it.
    """
    return read_act(kind, read_posted(body.octets()))


def _reply(answered: Answered) -> Response:
    told = plain(answered)
    if answered.reply.accepted:
        headers = {"ETag": f'"{answered.reply.revision}"', **NO_STORE}
        return Response(json_octets(told), headers=headers, media_type=JSON)
    code = RefusalCode(answered.reply.code)
    more = {name: value for name, value in told.items() if name != "code"}
    return problem_response(Problem(code, answered.reply.text, **more))
