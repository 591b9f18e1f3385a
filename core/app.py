"""The application, built from the core and the modules that are discovered."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb

from litestar import Litestar
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler
from litestar.plugins.pydantic import PydanticInitPlugin

from config.log_writer import LogWriter
from config.settings import Settings
from core.kernel.contributions import WiringError
from core.kernel.loading import as_wiring_error, described
from core.web.assets import read_asset
from core.web.catalogues import Catalogues
from core.web.docs.documentation import Documentation
from core.web.docs.router import docs_router
from core.wiring.assembly import assemble_all
from core.wiring.document import document_of_application
from core.wiring.module import Module
from core.wiring.pipeline import Pipeline
from core.wiring.plugin import CorePlugin
from core.wiring.registry import ModuleTypes
from core.wiring.routes import RouteRules
from core.wiring.rules import refuse_breaches
from core.wiring.settings import checked_settings

FOLDER = Path(__file__).parent
MAX_JSON_BYTES = 256 * 1024


def create_app(
    settings: Settings | None = None,
    extra: ModuleTypes | None = None,
    lines: LogWriter | None = None,
) -> Litestar:
    """Build the application from the discovered modules and the `extra` ones.

    Raises WiringError if modules do not fit together or break a rule that requests rely on.
    """
    app = build_app(settings, extra, lines)
    refuse_breaches(app)
    return app


def build_app(
    settings: Settings | None = None,
    extra: ModuleTypes | None = None,
    lines: LogWriter | None = None,
) -> Litestar:
    """Build the application without checking rules, so that `module check` can list breaches."""
    settings = settings or checked_settings()
    core, modules = assemble_all(settings, extra, lines)
    catalogues = Catalogues([FOLDER, *(module.folder for module in modules)])
    pipeline = Pipeline(core, catalogues)
    documentation = Documentation(lambda: document_of_application(app), catalogues)
    with translate_misfits(modules):
        app = Litestar(
            route_handlers=[read_asset, *([docs_router(documentation)] * settings.docs_enabled)],
            plugins=[
                PydanticInitPlugin(),  # first, so that the decoders of CorePlugin take precedence
                RouteRules(core),
                CorePlugin(core, pipeline),
                *modules,
            ],
            request_max_body_size=MAX_JSON_BYTES,
            openapi_config=None,
            logging_config=None,  # logging is already configured
        )
    app.state.lifecycle = core.lifecycle()  # the server sets `stopping` there
    app.asgi_handler = pipeline.around(app.asgi_router)
    return app


@contextmanager
def translate_misfits(modules: Sequence[Module]) -> Iterator[None]:
    """Raise WiringError with one sentence if Litestar cannot register a route.

    A handler may, for example, name a dependency that no module provides.
    """
    packages = [module.package for module in modules]
    with as_wiring_error("The routes cannot be registered", *packages):
        try:
            yield
        except ImproperlyConfiguredException as error:
            raise WiringError(error.detail) from error
        except WiringError:
            raise
        except Exception as error:
            if (handler := handler_of(error)) is None:
                raise
            raise WiringError(f"{handler} cannot be registered: {described(error)}.") from error


def handler_of(error: Exception) -> BaseRouteHandler | None:
    """Return the handler that Litestar was registering when the error was raised, if any."""
    objects = [frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__)]
    return next((it for it in objects if isinstance(it, BaseRouteHandler)), None)
