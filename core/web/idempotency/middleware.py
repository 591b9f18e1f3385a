"""One effect and one response for each key: reserve it, run the handler, store the response.

The operation and its response are one transaction. It opens with the first transaction of the
service after the body is read, and the response is sent after the commit. So a service that hashes
before its first transaction blocks no writer, and an error keeps what `db.separate()` has counted.
"""

import re
from contextlib import AsyncExitStack
from functools import partial
from hashlib import sha256
from uuid import UUID

from litestar.types import HTTPScope, Receive, Send

from core.data.database import Database
from core.engine.sql import DatabaseBusy
from core.events.leases import renewed
from core.kernel.context import current_context
from core.kernel.errors import BadRequest, Unprocessable
from core.security.secrets import SecretKeys
from core.web.context import HttpContext, http_context
from core.web.idempotency.bodies import BufferedSend, HashingReceive
from core.web.idempotency.fingerprint import Fingerprint, fingerprint_of, is_multipart
from core.web.idempotency.store import IdempotencyStore, Reservation, StoredResponse
from core.web.requests import HttpApp
from core.web.responses import FinishedResponse

KEY = re.compile(rb'"?([\x21\x23-\x7e]{1,255})"?')
FINAL = frozenset({404, 409})
"""Errors that are stored like successes; after any other error, the key can be used again."""
REPLAYED = (b"idempotency-replayed", b"true")


class BadIdempotencyKey(BadRequest):
    """The idempotency key may be in quotes, which are not part of it.

    Make a new random value, such as a UUID, for each operation.
    """

    place = "header.Idempotency-Key"
    code = "http.bad_idempotency_key"
    title = "An Idempotency-Key must have 1 to 255 visible ASCII characters."


class KeyReused(Unprocessable):
    """An idempotency key identifies one request: one method, one URL and one body."""

    code = "http.idempotency_key_reused"
    title = "This Idempotency-Key was used for a request with another body."


class RefusedOperation(Exception):
    """Rolls the operation back, because its response is an error."""


class Idempotency:
    def __init__(self, db: Database, store: IdempotencyStore, secrets: SecretKeys) -> None:
        self._db, self._store = db, store
        self._keys = secrets.derive_all("idempotency")

    async def once(self, app: HttpApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
        reserved = await self._store.reserve(slot_of(http_context()))
        if isinstance(reserved, StoredResponse):
            await self._replay(reserved, scope, receive, send)
            return
        try:
            async with renewed(partial(self._store.renew, reserved)):
                response = await self._act(app, scope, receive, reserved)
        except DatabaseBusy:
            self._store.release_later(reserved)
            raise
        except BaseException:
            await self._store.release(reserved)
            raise
        for message in response.messages:
            await send(message)

    async def _act(
        self, app: HttpApp, scope: HTTPScope, receive: Receive, reserved: Reservation
    ) -> BufferedSend:
        """Run the operation and store its response, in one transaction from the first one on."""
        response, fingerprint = BufferedSend(), self._fingerprint()
        try:
            async with AsyncExitStack() as transaction:
                defer = partial(transaction.enter_async_context, self._db.deferred())
                body = HashingReceive(receive, fingerprint, when_read=defer)
                if not is_multipart(content_type()):
                    await body.read_ahead()
                await app(scope, body, response)
                if not 200 <= response.status < 300:
                    raise RefusedOperation
                await self._store.keep(reserved, response.stored(fingerprint, user_in_response()))
        except RefusedOperation:
            await self._after_refusal(reserved, response, fingerprint if body.read else None)
        return response

    async def _after_refusal(
        self, reserved: Reservation, response: BufferedSend, read: Fingerprint | None
    ) -> None:
        """Store a final response to a body that was `read`; after others, the key is free."""
        if current_context().code == DatabaseBusy.code:  # do not wait for the database again
            self._store.release_later(reserved)
        elif read and response.status in FINAL:
            await self._store.keep(reserved, response.stored(read, user_in_response()))
        else:
            await self._store.release(reserved)

    async def _replay(
        self, response: StoredResponse, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        fingerprint = self._fingerprint()
        await HashingReceive(receive, fingerprint).skip()
        if not fingerprint.matches(response.fingerprint):
            raise KeyReused
        again = FinishedResponse(response.status, [*response.headers, REPLAYED], response.body)
        await again(scope, receive, send)

    def _fingerprint(self) -> Fingerprint:
        return fingerprint_of(self._keys, content_type())


def slot_of(context: HttpContext) -> str:
    """Return the key of the row: a digest of principal or client, method, path and key.

    Raises BadIdempotencyKey.
    """
    if not (match := KEY.fullmatch(context.headers[b"idempotency-key"])):
        raise BadIdempotencyKey
    caller = context.principal.id.hex if context.principal else f"from {context.client}"
    parts = (caller, context.method, context.scope["path"], match[1].decode())
    return sha256("\n".join(parts).encode()).hexdigest()


def user_in_response() -> UUID | None:
    """Return the user whom the response is about."""
    context = http_context()
    return context.about or (context.principal.id if context.principal else None)


def content_type() -> str:
    return http_context().headers.get(b"content-type", b"").decode("latin-1")
