"""The OpenAPI document of the application, as it is served and with its references resolved."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.web.route_options import RouteOptions, options_of
from core.wiring.document import document_of_application
from core.wiring.routes import operations_of
from tests.api.document import expanded

Json = dict[str, Any]
NULL: Json = {"type": "null"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, log_lines: LogWriter) -> Litestar:
    """Return an application that is not started, and only gives its document."""
    settings = Settings(environment="test", data_dir=tmp_path_factory.mktemp("var"))
    return create_app(settings, lines=log_lines)


@pytest.fixture(scope="module")
def served(app: Litestar) -> Json:
    made: Json = json.loads(json.dumps(document_of_application(app)))
    return made


@pytest.fixture(scope="module")
def document(served: Json) -> Json:
    """Return the document with shared parameters and responses in place of their references."""
    return expanded(served)


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def every_schema(value: Any) -> Iterator[Json]:
    """Yield each object of a document, schemas included."""
    if isinstance(value, list):
        for each in value:
            yield from every_schema(each)
    if isinstance(value, dict):
        yield value
        for key, each in value.items():
            if key not in ("example", "examples"):
                yield from every_schema(each)


def described(
    app: Litestar, document: Json
) -> Iterator[tuple[HTTPRouteHandler, RouteOptions, Json]]:
    """Yield each route with its part of the document."""
    for route, handler in operations_of(app.routes):
        if handler.resolve_include_in_schema():
            for method in handler.http_methods:
                operation = document["paths"][route.path_format or "/"][method.lower()]
                yield handler, options_of(handler), operation
