"""The way of a request: each layer that it passes, outermost first. Open this page first.

A layer is an ASGI application around the next one. The server (`core/engine/http/protocol.py`)
calls the outermost layer, and the innermost one calls the handler in the router of a module. The
response goes back through the same layers.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from litestar.types import ASGIApp

from config.access_line import access_writer
from core.engine.http import ClientIp, RequestValidator
from core.operations.refusals import RefusalAudit
from core.security.authentication import named_errors
from core.web.access import AccessControl, AccessMiddleware
from core.web.access_log import AccessLog
from core.web.catalogues import Catalogues
from core.web.cors import CorsMiddleware
from core.web.idempotency.middleware import IdempotencyMiddleware
from core.web.middleware import RequestMiddleware
from core.web.operation import OperationMiddleware
from core.web.problems import Problems
from core.web.request_parameters import ParameterMiddleware
from core.web.security_headers import SecurityHeaders
from core.web.unmatched import UnmatchedMiddleware
from core.wiring.container import CoreContainer
from core.wiring.module import AnyHost

Layer = Callable[[Any], ASGIApp]


class Pipeline:
    def __init__(self, core: CoreContainer, catalogues: Catalogues) -> None:
        prefix = core.settings().api_prefix
        self.problems = Problems(
            core.settings().public_url, catalogues, named_errors(core.contributions())
        )
        access = access_control(core)
        self.around_router: Sequence[Layer] = (
            # Checks host, URL and sizes; adds request id and header fields; writes the access log.
            # An exception that comes this far becomes a problem here.
            request_layer(core, self.problems),
            # Responds to preflight requests; adds the header fields of CORS.
            cors_layer(core),
            # Refuses what the router does not find: 404 for a path, 405 for a method.
            partial(UnmatchedMiddleware, access=access, api_prefix=prefix),
        )
        # Here the router of Litestar finds the operation by path and method.
        self.around_handler: Sequence[Layer] = (
            # Authenticates, counts for the rate limits, applies maintenance mode and policy.
            partial(AccessMiddleware, access=access),
            # Refuses unknown query parameters.
            ParameterMiddleware,
            # Sends the stored response to an `Idempotency-Key` that was sent before.
            partial(IdempotencyMiddleware, idempotency=core.idempotency()),
            # Calls the handler. An exception becomes a problem.
            partial(OperationMiddleware, problems=self.problems),
        )

    def around(self, router: ASGIApp) -> ASGIApp:
        """Return the router inside the layers around it.

        They replace the outermost layer of Litestar, which would handle the exceptions of the
        router before `UnmatchedMiddleware` could.
        """
        return reduce(lambda app, layer: layer(app), reversed(self.around_router), router)


def access_control(core: CoreContainer) -> AccessControl:
    return AccessControl(
        authenticator=core.authenticator(),
        key_authenticator=core.key_authenticator(),
        limits=core.limits(),
        maintenance=core.maintenance(),
        clock=core.clock(),
    )


def request_layer(core: CoreContainer, problems: Problems) -> Layer:
    settings, lines = core.settings(), core.log_lines()
    any_host = [path.name for path in core.contributions().of(AnyHost)]
    write_access_line = access_writer(lines, settings.log_level, settings.log_format)
    return partial(
        RequestMiddleware,
        admission=RequestValidator(settings.allowed_hosts, any_host),
        client_ip=ClientIp(settings.trusted_proxies),
        problems=problems,
        security_headers=SecurityHeaders(tls=settings.public_url.startswith("https:")),
        lifecycle=core.lifecycle(),
        audit_refusal=RefusalAudit(core.db()).record,
        observers=(AccessLog(write_access_line), core.metrics().observe),
    )


def cors_layer(core: CoreContainer) -> Layer:
    settings = core.settings()
    return partial(
        CorsMiddleware,
        origins=settings.cors_origins,
        limits=core.limits(),
        api_prefix=settings.api_prefix,
        more_headers=settings.cors_headers,
    )
