from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from config.settings import ModuleSettings, Rate, not_built_yet, unbuilt

MAX_SESSION = timedelta(days=30)
"""A session ends after this time, however often its tokens are refreshed (ASVS 10.4.8)."""


def not_yet(private: bool) -> bool:
    return not_built_yet("leave it out to open accounts at once") if private else private


def parse_rates(value: object) -> object:
    if not isinstance(value, str):
        return value
    rates = [Rate.parse(part) for part in value.split(",")]
    if len(rates) > 2:
        raise ValueError("must be one rate or two, such as 10/minute,5/minute")
    return (rates[0], rates[-1])


Rates = Annotated[tuple[Rate, Rate], BeforeValidator(parse_rates)]
"""The rates per client IP and per account; a single rate applies to both."""


class AuthSettings(ModuleSettings, env_prefix="AUTH_"):
    access_token_ttl_s: int = Field(
        default=600, ge=10, le=3600, description="Seconds for which an access token is valid."
    )
    refresh_token_ttl_s: int = Field(
        default=14 * 86_400,
        ge=60,
        le=30 * 86_400,
        description="Seconds after its last refresh at which a session ends.",
    )
    refresh_grace_s: int = Field(
        default=10,
        ge=0,
        le=60,
        description="Seconds for which a used refresh token returns the same successor; 0 is off.",
    )
    refresh_retry_s: int = Field(
        default=86_400,
        ge=0,
        le=30 * 86_400,
        description=(
            "Seconds for which a used refresh token returns the same successor after a lost "
            "response, while neither the successor nor its access token was used; 0 is off."
        ),
    )
    fresh_s: int = Field(
        default=900,
        ge=30,
        le=86_400,
        description="Seconds for which a sign-in or a re-authentication counts as recent.",
    )
    password_min_length: int = Field(
        default=8, ge=8, le=64, description="The shortest password that may be set, in characters."
    )
    private_registration: Annotated[bool, AfterValidator(not_yet)] = Field(
        default=False,
        description=(
            "Whether a registration hides which e-mail addresses have an account; true is not "
            "available yet."
        ),
    )
    return_urls: Annotated[str, unbuilt("leave it out, because there is no OAuth yet")] | None = (
        Field(default=None, description="The URLs to which OAuth may return; not available yet.")
    )
    password_grant: bool = Field(
        default=True, description="Whether POST /auth/token accepts a user name and a password."
    )

    @property
    def access_token_ttl(self) -> timedelta:
        return timedelta(seconds=self.access_token_ttl_s)

    @property
    def refresh_token_ttl(self) -> timedelta:
        return timedelta(seconds=self.refresh_token_ttl_s)

    @property
    def refresh_grace(self) -> timedelta:
        return timedelta(seconds=self.refresh_grace_s)

    @property
    def refresh_retry(self) -> timedelta:
        return timedelta(seconds=self.refresh_retry_s)

    @property
    def fresh_for(self) -> timedelta:
        return timedelta(seconds=self.fresh_s)


class AuthRateSettings(ModuleSettings):
    """The rates of the limits of auth; their names have no prefix."""

    rate_limit_login: Rates = Field(
        default=(Rate(10, 60), Rate(5, 60)),
        description="Attempts to sign in, per client IP and per account.",
    )
    rate_limit_mail: Annotated[str, unbuilt("leave it out; Atrium sends no mail yet")] | None = (
        Field(default=None, description="The limit of requests that send mail; not available yet.")
    )
