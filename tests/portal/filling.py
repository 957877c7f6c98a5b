"""Fills in forms as a person without a script does: what stands in them is sent, changed where she says."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class FoundForm(HTMLParser):
    """The first form of a page that is sent to an action.

    Attributes:
        fields: what stands in it, by names.
    """

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.buttons: list[tuple[str, str]] = []
        self.found = False
        self._action, self._inside, self._area, self._choice = action, False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        has = dict(attrs)
        if tag == "form":
            self._inside = has.get("action") == self._action and not self.found
            self.found = self.found or self._inside
        if not self._inside:
            return
        name = has.get("name") or ""
        if tag == "input" and has.get("type") not in ("checkbox", "radio", "file"):
            self._add(name, has.get("value") or "")
        elif tag == "input" and has.get("type") != "file" and "checked" in has:
            self._add(name, has.get("value") or "on")
        elif tag == "textarea":
            self._area = name
            self._add(name, "")
        elif tag == "select":
            self._choice = name
        elif tag == "option" and "selected" in has:
            self.fields[self._choice] = [has.get("value") or ""]
        elif tag == "button" and name:
            self.buttons.append((name, has.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        """End what began."""
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Take the text of a field."""
        if self._area and self._inside:
            self.fields[self._area][-1] += data

    def _add(self, name: str, value: str) -> None:
        if name:
            self.fields.setdefault(name, []).append(value)


async def send(
    http: httpx.AsyncClient, page: httpx.Response, changes: Mapping[str, Any], **settings: Any
) -> httpx.Response:
    """Send the form that stands on a page of a decision.

    Args:
        http: whose browser.
        page: as it came.
        changes: what she fills in.
        settings: of the request.
    """
    action = str(page.request.url.path)
    form = FoundForm(page.text, action)
    assert form.found, page.text
    settings = dict(settings)
    fields = {**form.fields, **changes}
    settings.setdefault("headers", SAME_ORIGIN)
    return await http.post(action, data=fields, **settings)


async def decide(
    http: httpx.AsyncClient, path: str, changes: Mapping[str, Any] | None = None
) -> httpx.Response:
    """Open the form of a decision, fill it in, send it, and confirm it where that is asked for."""
    page = await http.get(path)
    assert page.status_code == 200, page.text
    answer = await send(http, page, changes or {})
    if answer.status_code == 200 and 'value="confirm"' in answer.text:
        answer = await send(http, answer, {"stage": "confirm"})
    return answer
