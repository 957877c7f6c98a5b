"""Files that browsers keep for ever, each under a name that says what is in it; knows no page."""

import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from images.page import COLOURS

FOLDER: Final = Path(__file__).with_name("static")
PREFIX: Final = "/static/"
_MEDIA: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_KEEP: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_DIGITS: Final = 12


class StaticFiles:
    """All files, read once; a change of one gives it another name."""

    def __init__(self) -> None:
        self._octets: dict[str, bytes] = {}
        self._names: dict[str, str] = {}
        for path in sorted(FOLDER.iterdir()):
            if path.suffix not in _MEDIA:
                continue
            octets = path.read_bytes()
            if path.suffix == ".css":
                octets = COLOURS.encode() + octets
            digest = hashlib.sha256(octets).hexdigest()[:_DIGITS]
            name = f"{path.stem}.{digest}{path.suffix}"
            self._octets[name], self._names[path.name] = octets, name

    def path(self, name: str) -> str:
        """Where a browser finds a file.

        Args:
            name: of the file in its folder.
        """
        return PREFIX + self._names[name]

    @property
    def route(self) -> Route:
        """Answers with them."""
        return Route(PREFIX + "{name}", self._answer, methods=["GET"])

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        octets = self._octets.get(name)
        if octets is None:
            return Response("there is no such file\n", 404, media_type="text/plain")
        return Response(octets, headers=_KEEP, media_type=_MEDIA[Path(name).suffix])
