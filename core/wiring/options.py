"""The options of a route, checked and completed when the application is built."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches

from litestar.handlers import HTTPRouteHandler

from config.settings import Settings
from core.kernel.contributions import Contributions, WiringError
from core.kernel.errors import NotFound
from core.kernel.principal import Permission
from core.security.limits import RateLimit
from core.security.policies import Policy
from core.web.bodies import WITH_BODY
from core.web.openapi.document import operation_id
from core.web.page_requests import names_of
from core.web.problems import errors_with_code
from core.web.route_options import (
    OPERATION_ID,
    AnyListing,
    Declaration,
    Errors,
    RouteOptions,
    declaration_of,
)
from core.wiring.module import ModuleRouter


class OptionReader:
    """Reads what a route declares, checks it, and adds what the core derives."""

    def __init__(self, settings: Settings, contributions: Contributions) -> None:
        self._prefix, self._public_url = settings.api_prefix, settings.public_url
        self._contributions = contributions

    def options_for(
        self, handler: HTTPRouteHandler, query: Mapping[str, str], path: str
    ) -> RouteOptions:
        """Return the options of a handler; `query` has its query parameters and their arguments.

        Raises WiringError for a declaration that is missing or wrong.
        """
        declared = self._checked(handler, f"{handler} at {path}")
        module, in_api = module_of(handler), self._is_in_api(path)
        values = {field.name: getattr(declared, field.name) for field in fields(declared)}
        if declared.audit == OPERATION_ID:
            values["audit"] = operation_id(module, handler.fn.__name__)
        values["errors"] = errors_of(declared, handler, path)
        return RouteOptions(
            **values,
            module=module,
            in_api=in_api,
            query=query_names(declared, query) if in_api and not declared.unread else None,
            flags=frozenset(flags_of(handler, query)),
            bodyless=takes_no_body(handler, declared),
            prefix=self._prefix,
            public_url=self._public_url,
        )

    def _is_in_api(self, path: str) -> bool:
        return f"{path}/".startswith(f"{self._prefix}/")

    def _checked(self, handler: HTTPRouteHandler, place: str) -> Declaration:
        if (declared := declaration_of(handler)) is None:
            raise WiringError(f"{place} has no policy: use a decorator of core.kit.")
        self._check_permissions(declared.policy, place)
        check_order(declared.listing, place)
        self._check_limit(declared.limit, place)
        return declared

    def _check_permissions(self, policy: Policy, place: str) -> None:
        for needed in filter(None, (policy.needs, policy.scope)):
            if needed not in self._contributions.of(Permission):
                raise WiringError(f"{place} needs {needed.name}, which no module contributes.")

    def _check_limit(self, limit: str | None, place: str) -> None:
        if limit is None:
            return
        names = [contributed.name for contributed in self._contributions.of(RateLimit)]
        if limit in names:
            return
        [nearest] = get_close_matches(limit, names, n=1, cutoff=0)
        raise WiringError(
            f"{place} has the limit {limit!r}, which no module contributes; "
            f"the nearest is {nearest!r}."
        )


def check_order(listing: AnyListing | None, place: str) -> None:
    """Raise WiringError if the default order of the list has an unknown key."""
    if listing is None:
        return
    for key in listing.default.split(","):
        if key.removeprefix("-") not in listing.keys:
            keys = ", ".join(listing.keys)
            raise WiringError(
                f"{place} sorts its list by {key!r}, which is not one of its keys: {keys}."
            )


def errors_of(declared: Declaration, handler: HTTPRouteHandler, path: str) -> Errors:
    """Return the declared errors; a route to one resource may also raise the module's NotFound.

    That is added if the module has one such error, and the route declares none.
    """
    router, errors = router_of(handler), declared.errors
    if router is None or "{" not in path or any(issubclass(it, NotFound) for it in errors):
        return errors
    own = f"{router.package}."
    missing = [it for it in errors_with_code(NotFound) if it.__module__.startswith(own)]
    return (*missing, *errors) if len(missing) == 1 else errors


def module_of(handler: HTTPRouteHandler) -> str:
    """Return the name of the module whose route this is; `core` for one of the core."""
    router = router_of(handler)
    return router.module if router else "core"


def giver_of(handler: HTTPRouteHandler) -> str:
    """Return the name of the module that has the code of the handler, or `core`."""
    router = router_of(handler)
    return router.giver if router else "core"


def router_of(handler: HTTPRouteHandler) -> ModuleRouter | None:
    return next((it for it in handler.ownership_layers if isinstance(it, ModuleRouter)), None)


def query_names(declared: Declaration, query: Mapping[str, str]) -> frozenset[str]:
    return frozenset({*query, *(names_of(declared.listing) if declared.listing else ())})


def flags_of(handler: HTTPRouteHandler, query: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of the query parameters that the handler declares as booleans."""
    parameters = handler.parsed_fn_signature.parameters
    for name, argument in query.items():
        field = parameters.get(argument)
        if field and bool in (field.annotation, *(inner.annotation for inner in field.inner_types)):
            yield name


def takes_no_body(handler: HTTPRouteHandler, declared: Declaration) -> bool:
    takes_one = declared.unread or declared.body or "data" in handler.parsed_fn_signature.parameters
    return not takes_one and bool(WITH_BODY & handler.http_methods)
