"""The page of a person's hooks: which there are, one made, one taken back; calls none."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import trio
from starlette.responses import Response

from ota_engine.errors import LocalError
from ota_engine.head_end.api.hook_keeping import HookSeal, drop_hook, hooks_of, make_hook, shown
from ota_engine.head_end.questions.asking import NotForViewerError
from ota_engine.portal.answers import see
from ota_engine.portal.pages import FormPosted, PortalPage, Visit
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey


def _hooks(visit: Visit) -> Mapping[str, Any]:
    found = hooks_of(visit.view.desk, visit.view.viewer.person)
    return {
        "title": "Hooks",
        "rows": [shown(one) for one in found],
        "url": "",
        "secret": "",
        "errors": {},
    }


async def _taken(posted: FormPosted) -> Response | Mapping[str, Any]:
    if posted.signed.reads_only:
        raise NotForViewerError("whoever came in this way reads, and changes nothing")
    person, utc = posted.signed.viewer.person, posted.parts.clock()
    try:
        if posted.text("what") == "drop":
            drop = partial(drop_hook, person=person, hook=posted.text("hook"), utc=utc)
            await posted.parts.writing.use(drop)
            return see("/account/hooks")
        key = await trio.to_thread.run_sync(FleetKey.open, posted.parts.state / KEY_NAME)
        make = partial(
            make_hook, seal=HookSeal(key), person=person, url=posted.text("url"), utc=utc
        )
        _, secret = await posted.parts.writing.use(make)
    except LocalError as error:
        return {"errors": {"url": str(error)}, "url": posted.text("url")}
    return {"secret": secret, "status": 200}


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/account/hooks",
        template="hooks.html",
        read=_hooks,
        take=_taken,
        personal=True,
    ),
)
