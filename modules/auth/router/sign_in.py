from litestar import Controller, Response

from core.kit import post, public
from core.kit.platform import (
    FORM_TYPE,
    MAX_FORM_BYTES,
    AnyRequest,
    NotAForm,
    UnderMaintenance,
    read_form,
)
from modules.auth.device import device_of
from modules.auth.errors import (
    HashingBusy,
    InvalidCredentials,
    InvalidGrant,
    InvalidRefreshToken,
    InvalidRequest,
    ResetRequired,
    TooManyAttempts,
    UnsupportedGrantType,
)
from modules.auth.schemas import Credentials, RefreshRequest, TokensRead
from modules.auth.service.login import Login
from modules.auth.service.refresh import Refresh
from modules.auth.service.revocation import Revocation
from modules.auth.service.token_endpoint import TokenEndpoint

open_to_admins = public.without_key().in_maintenance()
"""Open in maintenance mode too: whether the user is an admin is known only after the sign-in."""

TOKEN_FORM = {
    "type": "object",
    "properties": {
        "grant_type": {"type": "string", "enum": ["password", "refresh_token"]},
        "username": {"type": "string", "description": "The e-mail address."},
        "password": {"type": "string", "format": "password"},
        "refresh_token": {
            "type": "string",
            "description": "Required with `grant_type=refresh_token`.",
        },
    },
    "required": ["grant_type"],
    "examples": [
        {
            "grant_type": "password",
            "username": "ada@example.com",
            "password": "correct horse battery staple",
        }
    ],
}
REVOCATION_FORM = {
    "type": "object",
    "properties": {
        "token": {
            "type": "string",
            "minLength": 1,
            "description": "The refresh token of the session.",
            "examples": ["Zk9cQ2bW7rPzv1mX4tYh8sLd3nGa6eJf0uKo5iRxBqE"],
        },
        "token_type_hint": {"type": "string"},
    },
    "required": ["token"],
}
NOTHING_KEPT = "The response has a secret, so an Idempotency-Key has no effect."


class SignInController(Controller):
    login: Login
    token_endpoint: TokenEndpoint
    refresh: Refresh
    revocation: Revocation

    @post(
        "/login",
        summary="Sign in",
        description=NOTHING_KEPT,
        status_code=200,
        policy=open_to_admins,
        limit="login",
        audit="auth.login",
        idempotency=False,
        errors=(InvalidCredentials, ResetRequired, UnderMaintenance),
    )
    async def log_in(self, request: AnyRequest, data: Credentials) -> TokensRead:
        device = device_of(request.headers.get("user-agent"))
        return TokensRead.of(await self.login.by_password(data.email, data.password, device))

    @post(
        "/token",
        summary="Sign in or refresh by OAuth 2",
        description=f"For first-party clients and the reference at /docs. {NOTHING_KEPT}",
        status_code=200,
        policy=open_to_admins,
        audit="auth.token",
        idempotency=False,
        request_max_body_size=MAX_FORM_BYTES,
        body={FORM_TYPE: TOKEN_FORM},
        errors=(
            InvalidRequest,
            InvalidGrant,
            UnsupportedGrantType,
            NotAForm,
            TooManyAttempts,
            HashingBusy,
            UnderMaintenance,
        ),
    )
    async def issue_token(self, request: AnyRequest) -> TokensRead:
        form = await read_form(request, InvalidRequest)
        device = device_of(request.headers.get("user-agent"))
        return TokensRead.of(await self.token_endpoint.grant(form, device))

    @post(
        "/refresh",
        summary="Exchange a refresh token",
        description=f"A refresh token is valid once. The response has the next. {NOTHING_KEPT}",
        status_code=200,
        policy=open_to_admins,
        audit="auth.refresh",
        idempotency=False,
        errors=(InvalidRefreshToken, UnderMaintenance),
    )
    async def refresh_tokens(self, data: RefreshRequest) -> TokensRead:
        return TokensRead.of(await self.refresh.refresh(data.refresh_token))

    @post(
        "/revoke",
        summary="Revoke a token",
        description="Ends the session of the token. Every token gets the same response (RFC 7009).",
        status_code=200,
        policy=public.without_key(),
        audit="auth.revoke",
        request_max_body_size=MAX_FORM_BYTES,
        body={FORM_TYPE: REVOCATION_FORM},
        errors=(InvalidRequest, NotAForm),
        media_type="text/plain",
    )
    async def revoke_token(self, request: AnyRequest) -> Response[bytes]:
        await self.revocation.revoke(await read_form(request, InvalidRequest))
        return Response(b"", media_type="text/plain")
