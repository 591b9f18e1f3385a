from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.kit import Line, Schema, UtcDatetime
from core.kit.platform import GivenPassword, NewPassword

LoginName = Annotated[str, Line(1, 254), Field(examples=["ada@example.com"])]
ExamplePassword = Field(examples=["correct horse battery staple"])
Scope = Annotated[str, Line(1, 100), Field(json_schema_extra={"x-enum": "scope"})]
KnownScope = Annotated[str, Field(json_schema_extra={"x-enum": "scope"})]
SentToken = Annotated[str, Line(1, 4096)]


class Credentials(Schema):
    email: LoginName
    password: Annotated[GivenPassword, ExamplePassword]


class RefreshRequest(Schema):
    refresh_token: Annotated[
        SentToken, Field(examples=["Zk9cQ2bW7rPzv1mX4tYh8sLd3nGa6eJf0uKo5iRxBqE"])
    ]


class Proof(Schema):
    password: Annotated[GivenPassword, ExamplePassword]


class PasswordChange(Schema):
    current_password: Annotated[GivenPassword, ExamplePassword]
    new_password: Annotated[NewPassword, Field(examples=["another horse another battery"])]


class TokensRead(Schema):
    access_token: str
    token_type: str = Field(examples=["bearer"])
    expires_in: int = Field(description="The seconds for which the access token is valid.")
    refresh_token: str = Field(description="A token that is valid for one refresh.")
    refresh_expires_in: int = Field(
        description="The seconds until the session ends if it is not refreshed."
    )


class SessionData(Schema):
    id: UUID
    device: str = Field(examples=["Firefox on Linux"])
    address: str
    created_at: UtcDatetime
    last_used_at: UtcDatetime
    expires_at: UtcDatetime


class SessionRead(SessionData):
    current: bool = Field(description="Whether this request belongs to the session.")


class AdminSessionRead(Schema):
    id: UUID
    user_id: UUID
    device: str
    address: str
    created_at: UtcDatetime
    last_used_at: UtcDatetime
    expires_at: UtcDatetime


class ApiKeyDraft(Schema):
    name: Annotated[str, Line(1, 100), Field(examples=["Nightly backup"])]
    scopes: list[Scope] = Field(min_length=1, max_length=50, examples=[["profile:read"]])
    expires_in_days: int = Field(default=90, ge=1, le=365, examples=[90])


class ApiKeyRead(Schema):
    id: UUID
    prefix: str
    name: str
    scopes: list[KnownScope]
    created_at: UtcDatetime
    expires_at: UtcDatetime
    last_used_at: UtcDatetime | None


class ApiKeyCreated(ApiKeyRead):
    key: str = Field(description="The key is shown only once. Send it as `X-API-Key`.")


class JwkRead(Schema):
    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class JwksRead(Schema):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[JwkRead]
