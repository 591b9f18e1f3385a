from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from config.settings import ModuleSettings, OneRate, Rate, matching, secret
from core.kit.platform import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH

WELL_KNOWN_PASSWORDS = frozenset(
    (
        *("adminadmin", "administrator", "admin123", "admin1234", "atriumatrium", "changeme"),
        *("changeit", "changethis", "password", "password1", "password123", "passw0rd"),
        *("letmein1", "qwertyui", "qwerty123", "12345678", "123456789", "secret123", "welcome1"),
    )
)

AdminEmail = Annotated[str, matching(r"(?=.{3,254}\Z)[^@\s]+@[^@\s]+", "must be an e-mail address")]
AdminPassword = Annotated[
    SecretStr,
    secret(
        lambda text: MIN_PASSWORD_LENGTH <= len(text) <= MAX_PASSWORD_LENGTH,
        f"must have {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters",
    ),
]


class FirstAdminSettings(ModuleSettings):
    """The first admin; the names have no prefix."""

    admin_email: AdminEmail | None = Field(
        default=None,
        description="The e-mail address of the first admin, who is made if no user has the role.",
        json_schema_extra={"default": "admin@example.com in development, else none"},
    )
    admin_password: AdminPassword | None = Field(
        default=None,
        description="The password of the first admin; generated in development if none is set.",
    )

    def unsafe_in_production(self) -> Iterator[str]:
        if self.admin_password is None:
            return
        password = self.admin_password.get_secret_value().lower()
        repeated = len(set(password)) == 1
        if repeated or password in WELL_KNOWN_PASSWORDS or password == self.admin_email:
            yield "ADMIN_PASSWORD must not be a well-known password in production."


class UsersSettings(ModuleSettings, env_prefix="USERS_"):
    deletion_grace_days: int = Field(
        default=7,
        ge=0,
        le=365,
        description="Days until an account that its user deleted is erased; 0 is at once.",
    )

    @property
    def deletion_grace(self) -> timedelta:
        return timedelta(days=self.deletion_grace_days)


class UsersRateSettings(ModuleSettings):
    """The rates of the limits of users; their names have no prefix."""

    rate_limit_register: OneRate = Field(
        default=Rate(20, 3600), description="Registrations from one client IP."
    )
    rate_limit_export: OneRate = Field(
        default=Rate(6, 3600), description="Exports of personal data, per user."
    )
