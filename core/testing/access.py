"""The access table of a module: its routes, and the status that each kind of caller gets."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from typing import Any

from core.testing.users import TestUser

PARTS = re.compile(r"\{\w+\}")
CALLERS = ("anonymous", "user", "other", "admin", "disabled", "key", "bare_key")


@dataclass(frozen=True)
class AccessRequest:
    """A request to one route of an `AccessTable`."""

    path: str
    """The path of the route, with its parameters: `/api/v1/notes/{note_id}`."""
    owner: TestUser
    """The user who owns the resources in the path."""
    caller: TestUser | None
    """The user who sends the request; None without a credential."""
    admin: TestUser
    """An admin, who makes what only admins may make."""

    @property
    def user(self) -> TestUser:
        """Return the caller, or the owner if the request has no credential."""
        return self.caller or self.owner


Sent = Mapping[str, Any]  # Any: arguments of the client, such as `json`
Body = Sent | Callable[[AccessRequest], Sent | Awaitable[Sent]]
Resource = str | Callable[[TestUser], Awaitable[object]]


@dataclass(frozen=True)
class AccessRow:
    """A route, and the status that each kind of caller gets."""

    method: str
    path: str
    statuses: Mapping[str, int]

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class AccessTable:
    """The routes of a module, and the status that each kind of caller gets.

    `tests/modules/<module>/access.py` has it as `ACCESS`. The first line of the text names the
    callers: `anonymous` has no credential, `user` owns the resources in the path, `other` is
    another user, `admin` has that role, `disabled` is an admin whose account is disabled. `key` is
    an API key with all scopes of its owner, `bare_key` one without the scope of the route; the
    owner is `user`, or an admin if the route refuses `user`. Each further line is a row: the
    method, the path and the statuses."""

    text: str
    bodies: Mapping[str, Body] = field(default_factory=dict)
    """The body by route: `{"POST /api/v1/notes": {"json": {"text": "Buy milk."}}}`.

    The values are arguments of httpx, or a function, also an asynchronous one, that makes them for
    an `AccessRequest`. A route that is not named gets the example of its JSON body in the OpenAPI
    document.
    """
    resources: Mapping[str, Resource] = field(default_factory=dict)
    """The part of a path that is replaced, such as `{note_id}`, or a whole path, and its value.

    The value is a text, or a function that makes the resource of its owner and returns the id. A
    part that is not named gets the id of what the owner creates by a POST to the path before it,
    and stays as it is if the table has no such route.
    """

    @property
    def rows(self) -> Iterator[AccessRow]:
        """Yield the rows. Raises ValueError if a row has not one status for each caller."""
        callers, *lines = (line.split() for line in self.text.strip().splitlines())
        for line in lines:
            if tuple(callers) != CALLERS or len(line) != 2 + len(CALLERS):
                row = " ".join(line)
                raise ValueError(f"{row}: a row has a status for each of {', '.join(CALLERS)}.")
            method, path, *statuses = line
            yield AccessRow(method, path, dict(zip(CALLERS, map(int, statuses), strict=True)))

    async def body_of(self, route: str, request: AccessRequest) -> Sent:
        """Return the arguments of httpx with the body of this route."""
        if (body := self.bodies.get(route)) is None:
            return await example_of(route, request.owner)
        sent = body(request) if callable(body) else body
        return await sent if isawaitable(sent) else sent

    async def path_of(self, request: AccessRequest) -> str:
        """Return the path with the resources of its owner."""
        path = request.path
        for part in [path] if path in self.resources else PARTS.findall(path):
            path = path.replace(part, await self._value_of(part, request))
        return path

    async def _value_of(self, part: str, request: AccessRequest) -> str:
        if (resource := self.resources.get(part)) is not None:
            return str(await resource(request.owner) if callable(resource) else resource)
        collection = request.path.partition(f"/{part}")[0]
        route, owner = f"POST {collection}", request.owner
        if route not in {it.route for it in self.rows}:
            return part
        body = await self.body_of(route, replace(request, path=collection, caller=owner))
        created = await owner.client.post(collection, **body)
        return str(created.json()["id"])


async def example_of(route: str, user: TestUser) -> Sent:
    """Return the example of the JSON body; nothing if the route has no such body."""
    method, _, path = route.partition(" ")
    document = (await user.client.get("/docs/openapi.json")).json()
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {})
    return {"json": it["example"]} if (it := content.get("application/json")) else {}
