"""The hot path: images of the network's size to answers, with nothing between but the gate."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tenfold.server.api.answers import answers, as_json
from tenfold.server.api.networks import Network
from tenfold.server.http import bodies
from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Limits

PATH = "/v1/predict"
TOP = 3


class Predict:
    """Answers ``POST /v1/predict``.

    Args:
        network: what is asked.
        limits: of a request.
        count: told how many images were answered.
    """

    def __init__(self, network: Network, limits: Limits, count: Callable[[int], None]) -> None:
        self._network, self._limits, self._count = network, limits, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as an application of its own."""
        await (await self.answer(scope, receive))(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """The answer to one request.

        Raises:
            ServiceError: it cannot be answered.
        """
        top = top_of(scope["query_string"])
        body = await bodies.whole(receive)
        shape = self._network.current.predictor.image_shape
        images = await bodies.images_of(bodies.content_type(scope), body, shape, self._limits)
        probabilities, current = await self._network.ask(images)
        found = answers(current.predictor, probabilities, top)
        self._count(len(found))
        content = as_json({"answers": found, "model": {"version": current.version}})
        return Response(content, media_type="application/json")


def top_of(query: bytes) -> int:
    """How many classes of each image are asked for, from a query string.

    Raises:
        ServiceError: it is no number from 1.

    Example:
        >>> top_of(b"top=2"), top_of(b"")
        (2, 3)
    """
    if not query:
        return TOP
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("top", [str(TOP)])[-1]
    if not (asked.isascii() and asked.isdigit() and int(asked[:9])):
        raise ServiceError("invalid", f"top: {asked[:20]!r}; give a number from 1")
    return int(asked[:9])
