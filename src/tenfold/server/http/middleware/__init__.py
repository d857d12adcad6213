"""ASGI middleware, one concern per module; ``add_middleware`` declares the order.

A request passes these layers from the outermost to the innermost, its response the other way:

===================  ========================================================================
``metrics``          counts the request and its duration
``headers``          adds the security headers to the response
``drain``            reads the rest of a rejected body, so that the client reads the response
``errors``           turns exceptions into error responses
``request_headers``  limits headers, and serves HEAD as GET
``timeouts``         limits the time of the body and of the response
``access``           refuses unknown hosts, other origins, and clients without the token
``body_limit``       limits the size of a body, and of all bodies in memory
===================  ========================================================================
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.metrics import Metrics
from tenfold.server.http.middleware.access import AccessControl
from tenfold.server.http.middleware.body_limit import BodyLimit
from tenfold.server.http.middleware.drain import DrainBody
from tenfold.server.http.middleware.errors import ErrorResponses
from tenfold.server.http.middleware.headers import SecurityHeaders
from tenfold.server.http.middleware.metrics import RequestMetrics
from tenfold.server.http.middleware.request_headers import RequestHeaders
from tenfold.server.http.middleware.timeouts import Timeouts
from tenfold.server.settings import Settings


def add_middleware(app: ASGIApp, settings: Settings, metrics: Metrics) -> ASGIApp:
    """Wrap an application in all layers, outermost last.

    Args:
        app: the application.
        settings: names, token and limits.
        metrics: the counters of the service.
    """
    limits = settings.limits
    http: ASGIApp = BodyLimit(app, limits)
    http = AccessControl(http, settings)
    http = Timeouts(http, limits)
    http = RequestHeaders(http, limits)
    http = ErrorResponses(http)
    http = DrainBody(http, limits.body_bytes)
    http = SecurityHeaders(http)
    http = RequestMetrics(http, metrics)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await app(scope, receive, send)

    return dispatch
