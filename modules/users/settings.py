from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from config.settings import ModuleSettings, OneRate, Rate


class UsersSettings(ModuleSettings):
    model_config = SettingsConfigDict(env_prefix="USERS_")

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
