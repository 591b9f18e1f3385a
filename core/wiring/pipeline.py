"""The way of a request: each layer that it passes, outermost first. Open this page first.

A layer is an ASGI application around the next one.

1. The server (`core/engine/http/protocol.py`) reads the request, and calls the outermost layer.
2. `RequestMiddleware` checks host, URL and sizes, adds request id and header fields, and writes the
   access log. An exception that comes this far becomes a problem here.
3. `CorsMiddleware` responds to preflight requests, and adds the header fields of CORS. Only a
   request with an Origin passes it.
4. The router of Litestar finds the operation by path and method. `Unmatched` counts the requests
   that it refuses: 404 for a path, 405 for a method.
5. `OperationMiddleware` authenticates, counts for the rate limits, applies maintenance mode and
   policy, refuses unknown query parameters, and sends the stored response to an `Idempotency-Key`
   that was sent before. It calls the handler, whose exceptions become problems.

The response goes back through the same layers.
"""

from collections.abc import Iterator
from typing import cast

from litestar.types import ASGIApp

from config.access_line import LEVELS, access_writer
from core.engine.http import ClientIp, RequestValidator
from core.operations.refusals import RefusalAudit
from core.security.authentication import named_errors
from core.web.access import AccessControl
from core.web.access_log import AccessLog
from core.web.catalogues import Catalogues
from core.web.cors import CorsMiddleware
from core.web.middleware import Observer, RequestMiddleware
from core.web.operation import OperationMiddleware
from core.web.problems import Problems
from core.web.requests import HttpApp
from core.web.security_headers import SecurityHeaders
from core.web.unmatched import Unmatched
from core.wiring.container import CoreContainer
from core.wiring.module import AnyHost


class Pipeline:
    def __init__(self, core: CoreContainer, catalogues: Catalogues) -> None:
        self._core, self._settings = core, core.settings()
        self._access = AccessControl(
            core.authenticator(),
            core.key_authenticator(),
            core.limits(),
            core.maintenance(),
            core.clock(),
        )
        self.problems = Problems(
            self._settings.public_url, catalogues, named_errors(core.contributions())
        )

    def around(self, router: ASGIApp) -> ASGIApp:
        """Return the router of Litestar inside the layers around it.

        They replace the outermost layer of Litestar, which would handle exceptions of the router.
        """
        return self._request_layer(router, for_browsers=self._cors_layer(router))

    def operation(self, app: ASGIApp) -> ASGIApp:
        """Return the layer around a handler."""
        layer = OperationMiddleware(app, self._access, self._core.idempotency(), self.problems)
        return cast("ASGIApp", layer)

    def _request_layer(self, app: ASGIApp, for_browsers: HttpApp) -> ASGIApp:
        core, settings = self._core, self._settings
        any_host = [path.name for path in core.contributions().of(AnyHost)]
        return RequestMiddleware(
            app,
            for_browsers,
            admission=RequestValidator(settings.allowed_hosts, any_host),
            client_ip=ClientIp(settings.trusted_proxies),
            problems=self.problems,
            count_unmatched=Unmatched(app, self._access, settings.api_prefix).count,
            security_headers=SecurityHeaders(tls=settings.public_url.startswith("https:")),
            lifecycle=core.lifecycle(),
            audit_refusal=RefusalAudit(core.db()).record,
            observers=[*observers(core)],
        )

    def _cors_layer(self, app: ASGIApp) -> HttpApp:
        settings = self._settings
        return CorsMiddleware(
            app,
            origins=settings.cors_origins,
            limits=self._core.limits(),
            api_prefix=settings.api_prefix,
            more_headers=settings.cors_headers,
        )


def observers(core: CoreContainer) -> Iterator[Observer]:
    """Yield the functions that are called after each response."""
    settings = core.settings()
    if settings.log_level in LEVELS:
        yield AccessLog(access_writer(core.log_lines(), settings.log_level, settings.log_format))
    yield core.metrics().observe
