"""The decorators of routes: those of Litestar, with the options of this project.

mypy checks the options; a keyword that does not exist is also an error when the module is loaded.
`core.web.route_options.Declaration` describes them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import TypedDict, Unpack

import litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import (
    AfterRequestHookHandler,
    BeforeRequestHookHandler,
    Dependencies,
    Guard,
    Method,
    ResponseCookies,
    ResponseHeaders,
)

from core.security.policies import Policy
from core.web.arguments import mark_arguments
from core.web.route_options import (
    DECLARATION,
    OPERATION_ID,
    AnyListing,
    Bodies,
    Declaration,
    Errors,
)

Path = str | Sequence[str] | None
Decorator = Callable[[Callable[..., object]], HTTPRouteHandler]


class LitestarOptions(TypedDict, total=False):
    """The keywords of Litestar's own decorators, with the meaning that Litestar documents."""

    summary: str
    description: str
    status_code: int
    media_type: str
    responses: Mapping[int, ResponseSpec]
    response_headers: ResponseHeaders
    response_cookies: ResponseCookies
    include_in_schema: bool
    sync_to_thread: bool
    dependencies: Dependencies
    guards: Sequence[Guard]
    before_request: BeforeRequestHookHandler
    after_request: AfterRequestHookHandler


class LitestarBodyOptions(LitestarOptions, total=False):
    request_max_body_size: int | None


def get(
    path: Path = None,
    *,
    policy: Policy,
    errors: Errors = (),
    listing: AnyListing | None = None,
    limit: str | None = None,
    request_headers: Mapping[str, str] | None = None,
    produces: Sequence[str] = (),
    streamed: bool = False,
    **options: Unpack[LitestarOptions],
) -> Decorator:
    """Declare a route for GET and HEAD.

    `policy` says who may call the route, `errors` which errors it raises, and `listing` how the
    `Page` that it returns is sorted and filtered. `limit` names a further rate limit.

    A parameter of the handler gets a part of the path by its name, the request's `principal`,
    `visitor`, `page_request` and `if_match` by name and type, and the JSON body as `data`. Any
    other has a mark of Litestar, such as `FromQuery[int]`.

    ```python
    class NoteController(Controller):
        @get(summary="List your notes", policy=authenticated, listing=NOTES)
        async def list_notes(self, page_request: PageRequest) -> Page[NoteRead]:
            return NoteRead.paged(Rows([], 0, page_request))
    ```
    """
    declaration = Declaration(
        policy=policy,
        errors=errors,
        listing=listing,
        limit=limit,
        request_headers=request_headers,
        produces=produces,
        streamed=streamed,
    )
    return declared(litestar.get, path, declaration, options)


def post(
    path: Path = None,
    *,
    policy: Policy,
    errors: Errors = (),
    audit: str | None = OPERATION_ID,
    limit: str | None = None,
    idempotency: bool = True,
    location: str | None = None,
    body: Bodies | None = None,
    request_headers: Mapping[str, str] | None = None,
    **options: Unpack[LitestarBodyOptions],
) -> Decorator:
    """Declare a route for POST, with the status 201.

    `audit` is the action of a refused request in the audit trail: the operation id, if the route
    names none. A response with a secret needs `idempotency=False`, so that it is not stored.

    ```python
    class NoteController(Controller):
        @post(summary="Write a note", policy=authenticated)
        async def write_note(self, data: NoteDraft) -> NoteRead: ...
    ```
    """
    declaration = Declaration(
        policy=policy,
        errors=errors,
        audit=audit,
        limit=limit,
        idempotency=idempotency,
        location=location,
        body=body,
        request_headers=request_headers,
    )
    return declared(litestar.post, path, declaration, options)


def put(
    path: Path = None,
    *,
    policy: Policy,
    errors: Errors = (),
    audit: str | None = OPERATION_ID,
    limit: str | None = None,
    **options: Unpack[LitestarBodyOptions],
) -> Decorator:
    """Declare a route for PUT, with the options of `post` that a replacement may need.

    ```python
    class NoteController(Controller):
        @put("/{note_id:uuid}", policy=authenticated, errors=(NoteNotFound,))
        async def replace_note(self, note_id: UUID, data: NoteDraft): ...
    ```
    """
    declaration = Declaration(policy=policy, errors=errors, audit=audit, limit=limit)
    return declared(litestar.put, path, declaration, options)


def patch(
    path: Path = None,
    *,
    policy: Policy,
    errors: Errors = (),
    audit: str | None = OPERATION_ID,
    limit: str | None = None,
    **options: Unpack[LitestarBodyOptions],
) -> Decorator:
    """Declare a route for PATCH, with the options of `post` that a change may need.

    ```python
    class NoteController(Controller):
        @patch("/{note_id:uuid}", policy=authenticated, errors=(NoteNotFound,))
        async def change_note(self, note_id: UUID, data: NoteUpdate): ...
    ```
    """
    declaration = Declaration(policy=policy, errors=errors, audit=audit, limit=limit)
    return declared(litestar.patch, path, declaration, options)


def delete(
    path: Path = None,
    *,
    policy: Policy,
    errors: Errors = (),
    audit: str | None = OPERATION_ID,
    limit: str | None = None,
    **options: Unpack[LitestarOptions],
) -> Decorator:
    """Declare a route for DELETE, with the status 204.

    It has the options of `post` that a removal may need.

    ```python
    class NoteController(Controller):
        @delete("/{note_id:uuid}", policy=authenticated, errors=(NoteNotFound,))
        async def remove_note(self, note_id: UUID) -> None: ...
    ```
    """
    declaration = Declaration(policy=policy, errors=errors, audit=audit, limit=limit)
    return declared(litestar.delete, path, declaration, options)


def route(
    path: Path,
    http_method: Sequence[Method],
    *,
    policy: Policy,
    unread: bool = False,
    **options: Unpack[LitestarOptions],
) -> Decorator:
    """Declare a route for several methods, e.g. one that only refuses.

    An `unread` route ignores query parameters and the body.
    """
    declaration = Declaration(policy=policy, unread=unread)
    return declared(litestar.route, path, declaration, {"http_method": http_method, **options})


def declared(
    decorator: Callable[..., HTTPRouteHandler],
    path: Path,
    declaration: Declaration,
    options: Mapping[str, object],
) -> Decorator:
    """Return the decorator of Litestar with the declaration in its `opt`.

    Raises TypeError for an unknown keyword, which Litestar would keep in `opt` too.
    """
    handler = decorator(path, opt={DECLARATION: declaration}, **options)
    for unknown in handler.opt.keys() - {DECLARATION}:
        [nearest] = get_close_matches(unknown, OPTION_NAMES, n=1, cutoff=0)
        raise TypeError(f"a route has no option {unknown!r}; the nearest is {nearest!r}")

    def decorate(function: Callable[..., object]) -> HTTPRouteHandler:
        mark_arguments(function, [*handler.paths])
        return handler(function)

    return decorate


OPTION_NAMES = sorted(
    {*LitestarBodyOptions.__annotations__, *(it.name for it in fields(Declaration))}
)
